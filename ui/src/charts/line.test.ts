import { describe, expect, it } from 'vitest';
import { chooseFrame, hitsAt, lowerBound, nearestHits, type PlotLine } from './line';

const line = (id: string, x: number[], y: number[], more: Partial<PlotLine> = {}): PlotLine => ({
  ...{ id, name: id, color: '#000', dash: [], marks: [] },
  x: Float64Array.from(x),
  y: Float64Array.from(y),
  ...more,
});
const plain = { logX: false, logY: false, bands: true };

describe('chooseFrame', () => {
  it('reaches over all lines, with a twentieth of room above and below', () => {
    const frame = chooseFrame([line('a', [0, 10], [1, 3]), line('b', [5, 20], [-1, 2])], plain);
    expect(frame.x).toEqual([0, 20]);
    expect(frame.y[0]).toBeCloseTo(-1.2, 12);
    expect(frame.y[1]).toBeCloseTo(3.2, 12);
  });

  it('minds only what the zoom shows', () => {
    const frame = chooseFrame([line('a', [0, 1, 2, 3], [100, 2, 4, 100])], { ...plain, zoom: [0.5, 2.5] });
    expect(frame.x).toEqual([0.5, 2.5]);
    expect(frame.y[1]).toBeCloseTo(4.1, 12);
  });

  it('has room for one value, for none, and for infinities', () => {
    expect(chooseFrame([line('a', [3], [5])], plain)).toEqual({ x: [2, 4], y: [4.5, 5.5] });
    expect(chooseFrame([], plain)).toEqual({ x: [0, 1], y: [0, 1] });
    expect(chooseFrame([line('a', [0, 1], [Number.NaN, Number.POSITIVE_INFINITY])], plain).y).toEqual([0, 1]);
  });

  it('does not become infinite near the greatest double', () => {
    const { y } = chooseFrame([line('a', [0, 1], [-1.6e308, 1.6e308])], plain);
    expect(y.every(Number.isFinite)).toBe(true);
  });

  it('leaves out on logarithmic axes what has no place there', () => {
    const frame = chooseFrame([line('a', [0, 1, 10], [-5, 0.1, 10])], { ...plain, logX: true, logY: true });
    expect(frame.x).toEqual([1, 10]);
    expect(frame.y[0]).toBeGreaterThan(0.05);
  });

  it('leaves outliers beyond the edge if it is told to', () => {
    const y = Array.from({ length: 200 }, (_, i) => (i === 7 ? 1e6 : i === 9 ? -1e6 : Math.sin(i)));
    const lines = [
      line(
        'a',
        y.map((_, i) => i),
        y,
      ),
    ];
    expect(chooseFrame(lines, plain).y[1]).toBeGreaterThan(1e6);
    const clipped = chooseFrame(lines, { ...plain, clip: true }).y;
    expect(clipped[0]).toBeGreaterThan(-1.2);
    expect(clipped[1]).toBeLessThan(1.2);
    expect(clipped[1]).toBeGreaterThan(0.9);
  });

  it('counts bands only if they are drawn', () => {
    const lines = [line('a', [0, 1], [1, 1], { low: [0, 0], high: [9, 9] })];
    expect(chooseFrame(lines, plain).y[1]).toBeGreaterThan(9);
    expect(chooseFrame(lines, { ...plain, bands: false }).y[1]).toBeLessThan(2);
  });
});

describe('hits', () => {
  const lines = [line('a', [0, 10, 20], [1, 2, 3]), line('b', [0, 4], [5, 6]), line('c', [], [])];

  it('are the nearest entries in x', () => {
    expect(hitsAt(lines, 14, 0).map(({ line: { id }, y }) => [id, y])).toEqual([['a', 2]]);
    expect(hitsAt(lines, 16, 0)[0]?.y).toBe(3);
  });

  it('reach a little beyond the end of a line', () => {
    expect(hitsAt(lines, 5, 2).map(({ line: { id } }) => id)).toEqual(['a', 'b']);
    expect(hitsAt(lines, 25, 2)).toEqual([]);
  });

  it('are sorted by distance, those without a number last', () => {
    const hits = hitsAt([...lines, line('n', [0], [Number.NaN])], 0, 1);
    expect(nearestHits(hits, (y) => Math.abs(y - 4.5)).map(({ line: { id } }) => id)).toEqual(['b', 'a', 'n']);
  });
});

it('lowerBound finds the first place not below', () => {
  expect([0, 1, 1.5, 4, 9].map((value) => lowerBound([1, 2, 4], value))).toEqual([0, 0, 1, 2, 3]);
});
