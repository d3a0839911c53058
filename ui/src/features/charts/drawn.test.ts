import { describe, expect, it } from 'vitest';
import type { LineData } from './decode';
import { drawLine } from './drawn';

const style = { color: '#123456', dash: [] };
const none = { kind: 'ema', amount: 0, span: 0 } as const;

function makeLine(mean: number[], more: Partial<LineData> = {}): LineData {
  const n = mean.length;
  return {
    ...{ kind: 'run', name: 'r', key: 'k' },
    bucket: Int32Array.from({ length: n }, (_, i) => i),
    x: Float64Array.from({ length: n }, (_, i) => i * 10 + 5),
    count: new Uint32Array(n).fill(1),
    nans: new Uint32Array(n),
    mean: Float64Array.from(mean),
    min: Float64Array.from(mean),
    max: Float64Array.from(mean),
    ...more,
  };
}

describe('drawLine', () => {
  it('begins and ends with the first and the last point of a summed line', () => {
    const line = makeLine([1, 2, 3], {
      count: Uint32Array.from([10, 10, 10]),
      ends: Float64Array.from([0, 0.5, 29, 3.5]),
    });
    const { x, y } = drawLine('r', 'r', style, line, none);
    expect([...x]).toEqual([0, 5, 15, 25, 29]);
    expect([...y]).toEqual([0.5, 1, 2, 3, 3.5]);
  });

  it('puts a bucket of one point where the point is, and never draws beyond the last one', () => {
    const line = makeLine([1, 2, 3], {
      count: Uint32Array.from([1, 10, 10]),
      ends: Float64Array.from([2, 1, 21, 3.5]),
    });
    const { x } = drawLine('r', 'r', style, line, none);
    expect([...x]).toEqual([2, 15, 21]);
  });

  it('marks NaN and infinities, and draws a gap there', () => {
    const line = makeLine([1, Number.NaN, Number.POSITIVE_INFINITY, 4], { nans: Uint32Array.from([0, 3, 0, 0]) });
    const { y, marks } = drawLine('r', 'r', style, line, none);
    expect([...y]).toEqual([1, Number.NaN, Number.NaN, 4]);
    expect(marks).toEqual([
      { x: 15, y: 1, kind: 'nan' },
      { x: 25, y: 1, kind: 'up' },
    ]);
  });

  it('has a band only where points were summed', () => {
    expect(drawLine('r', 'r', style, makeLine([1, 2]), none).low).toBeUndefined();
    const summed = makeLine([1, 2], {
      count: Uint32Array.from([4, 4]),
      min: Float64Array.from([0, 1]),
      max: Float64Array.from([2, 3]),
    });
    expect(Array.from(drawLine('r', 'r', style, summed, none).high ?? [])).toEqual([2, 3]);
  });

  it('keeps what the line was before it was smoothed', () => {
    const { y, raw } = drawLine('r', 'r', style, makeLine([0, 1, 0, 1]), { kind: 'ema', amount: 0.9, span: 0 });
    expect([...(raw ?? [])]).toEqual([0, 1, 0, 1]);
    expect(y[3]).toBeGreaterThan(0.3);
    expect(y[3]).toBeLessThan(0.7);
  });

  it('does not let a single noisy point at the end of a summed line bend it', () => {
    const line = makeLine([5, 5, 5], {
      count: Uint32Array.from([10, 10, 10]),
      ends: Float64Array.from([0, 900, 29, -900]),
    });
    for (const smoothing of [
      { kind: 'ema', amount: 0.5, span: 0 },
      { kind: 'window', amount: 12, span: 0 },
    ] as const) {
      const { y, raw } = drawLine('r', 'r', style, line, smoothing);
      expect([...y]).toEqual([5, 5, 5, 5, 5]);
      expect(raw?.[0]).toBe(900);
    }
  });

  it('smooths a part of a line as much as the whole', () => {
    const whole = makeLine(Array.from({ length: 100 }, (_, i) => i % 7));
    const wide = drawLine('r', 'r', style, whole, { kind: 'ema', amount: 0.9, span: 60_000 });
    const close = drawLine('r', 'r', style, makeLine([...whole.mean]), { kind: 'ema', amount: 0.9, span: 60_000 });
    expect([...wide.y]).toEqual([...close.y]);
    const finer = drawLine('r', 'r', style, makeLine([...whole.mean]), { kind: 'ema', amount: 0.9, span: 0 });
    expect(finer.y[50]).not.toBeCloseTo(wide.y[50] ?? 0, 6);
  });

  it('draws a group with one deviation on both sides of the mean', () => {
    const group = makeLine([5, 6], {
      kind: 'group',
      count: Uint32Array.from([3, 2]),
      std: Float64Array.from([1, 0.5]),
    });
    const { low, high, detail } = drawLine('g', 'g', style, group, none);
    expect(Array.from(low ?? [])).toEqual([4, 5.5]);
    expect(Array.from(high ?? [])).toEqual([6, 6.5]);
    expect(detail?.(0)).toBe('± 1, n = 3');
  });
});
