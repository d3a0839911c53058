import { expect, it, vi } from 'vitest';
import type { PlotLine } from './line';
import { paintLines, tracePath } from './paint';

function trace(x: number[], y: number[], scale = 1): { drawn: string[]; lonely: number[] } {
  const drawn: string[] = [];
  const lonely: number[] = [];
  const path = {
    moveTo: (px: number, py: number) => drawn.push(`M${px},${py}`),
    lineTo: (px: number, py: number) => drawn.push(`L${px},${py}`),
  };
  const view = { toX: (v: number) => v * scale, toY: (v: number) => v };
  tracePath(path, view, Float64Array.from(x), Float64Array.from(y), 0, x.length, lonely);
  return { drawn, lonely };
}

it('draws from point to point', () => {
  expect(trace([0, 1, 2], [5, 6, 7]).drawn).toEqual(['M0,5', 'L1,6', 'L2,7']);
});

it('breaks at gaps, and tells of points that stand alone', () => {
  const { drawn, lonely } = trace([0, 1, 2, 3, 4], [1, Number.NaN, 2, Number.NaN, 3]);
  expect(drawn).toEqual(['M0,1', 'M2,2', 'M4,3']);
  expect(lonely).toEqual([0, 2, 4]);
});

it('keeps the extremes of points that share a column, and leaves it where the line does', () => {
  const { drawn } = trace([0, 0.001, 0.002, 0.003, 1], [5, 9, 1, 4, 4]);
  expect(drawn).toEqual(['M0,5', 'L0,9', 'L0,1', 'L1,4']);
});

it('needs no more strokes than there are columns', () => {
  const n = 100_000;
  const x = Array.from({ length: n }, (_, i) => i);
  const y = x.map((i) => Math.sin(i * i));
  expect(trace(x, y, 300 / n).drawn.length).toBeLessThan(301 * 3 + 1);
});

it('draws dots at both ends of a plot whole, and none of what lies beyond it', () => {
  const clips: number[][] = [];
  const dots: number[] = [];
  const nothing = () => undefined;
  const ctx = {
    save: nothing,
    restore: nothing,
    beginPath: nothing,
    clip: nothing,
    stroke: nothing,
    fill: nothing,
    setLineDash: nothing,
    moveTo: nothing,
    rect: (...sides: number[]) => clips.push(sides),
    arc: (px: number) => dots.push(px),
  };
  vi.stubGlobal(
    'Path2D',
    class {
      moveTo = nothing;
      lineTo = nothing;
    },
  );
  const line = { x: Float64Array.of(-1, 0, 1, 2), y: Float64Array.of(1, 1, 1, 1), color: 'red', dash: [], marks: [] };
  const canvas = { left: 10, top: 0, width: 100, height: 50, ratio: 1, range: [0, 1] as const };
  paintLines(
    { ...canvas, ctx: ctx as unknown as CanvasRenderingContext2D, toX: (v) => 10 + 100 * v, toY: (v) => v },
    [line as unknown as PlotLine],
    { width: 1, band: false, raw: false },
  );
  vi.unstubAllGlobals();
  expect(dots).toEqual([10, 110]);
  expect(clips).toEqual([
    [10, 0, 100, 50],
    [5, -5, 110, 60],
  ]);
});
