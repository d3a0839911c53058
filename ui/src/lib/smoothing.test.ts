import { describe, expect, it } from 'vitest';
import { medianSpacing, smoothByTime, smoothByWindow } from './smoothing';

const every = (n: number, step = 1) => Float64Array.from({ length: n }, (_, i) => i * step);

describe('smoothByTime', () => {
  it('leaves a constant line as it is', () => {
    const y = new Float64Array(50).fill(3.5);
    for (const value of smoothByTime(every(50), y, 0.9, 1)) expect(value).toBeCloseTo(3.5, 12);
  });

  it('begins at the first value, without a bias towards zero', () => {
    expect(smoothByTime([0, 1], [10, 12], 0.99, 1)[0]).toBeCloseTo(10, 12);
  });

  it('is the average weighted by powers where points are even', () => {
    const w = 0.6;
    const y = [1, 4, 2, 8];
    const expected = (1 * w ** 3 + 4 * w ** 2 + 2 * w + 8) / (w ** 3 + w ** 2 + w + 1);
    expect(smoothByTime(every(4), y, w, 1)[3]).toBeCloseTo(expected, 12);
  });

  it('forgets twice as much over twice the distance', () => {
    const near = smoothByTime([0, 1], [0, 1], 0.81, 1)[1] ?? 0;
    const far = smoothByTime([0, 2], [0, 1], 0.9, 1)[1] ?? 0;
    // 0.9 over two units keeps as much as 0.81 over one; the first point has the mass of one unit in both.
    expect(far).toBeCloseTo((1 - 0.81) / (0.81 * (1 - 0.9) + (1 - 0.81)), 12);
    expect(near).toBeCloseTo((1 - 0.81) / (0.81 * (1 - 0.81) + (1 - 0.81)), 12);
  });

  it('does not depend on how x is scaled', () => {
    const y = [5, 1, 3, 9, 2];
    expect([...smoothByTime(every(5, 1000), y, 0.7, 1000)]).toEqual([...smoothByTime(every(5), y, 0.7, 1)]);
  });

  it('keeps gaps, and goes on behind them', () => {
    const smooth = smoothByTime(every(4), [2, Number.NaN, 2, Number.POSITIVE_INFINITY], 0.5, 1);
    expect(smooth[1]).toBeNaN();
    expect(smooth[2]).toBeCloseTo(2, 12);
    expect(smooth[3]).toBeNaN();
  });

  it('changes nothing with weight 0', () => {
    expect([...smoothByTime(every(3), [1, 5, 2], 0, 1)]).toEqual([1, 5, 2]);
  });
});

describe('smoothByWindow', () => {
  it('averages over the window', () => {
    expect(smoothByWindow([0, 3, 6, 3, 0], undefined, 3)[2]).toBeCloseTo(4, 12);
  });

  it('leaves the inside of a straight line as it is, and averages what there is at its ends', () => {
    const smooth = smoothByWindow([0, 1, 2, 3, 4, 5, 6], undefined, 5);
    expect(smooth[3]).toBeCloseTo(3, 12);
    expect(smooth[0]).toBeCloseTo((0 + 1 + 2) / 3, 12);
    expect(smooth[6]).toBeCloseTo((4 + 5 + 6) / 3, 12);
  });

  it('minds how many points an entry stands for', () => {
    const smooth = smoothByWindow([0, 10, 0], [10, 10, 10], 20);
    expect(smooth[1]).toBeCloseTo((5 * 0 + 10 * 10 + 5 * 0) / 20, 12);
    expect(smoothByWindow([0, 10, 0], [10, 10, 10], 10)[1]).toBe(10);
  });

  it('leaves gaps out', () => {
    const smooth = smoothByWindow([1, Number.NaN, 3, 3, 3], undefined, 3);
    expect(smooth[1]).toBeNaN();
    expect(smooth[2]).toBeCloseTo((1 + 3 + 3) / 3, 12);
  });
});

describe('medianSpacing', () => {
  it('is not led astray by one long pause', () => {
    expect(medianSpacing([0, 1, 2, 3, 500])).toBe(1);
    expect(medianSpacing([7])).toBe(0);
  });
});
