/** Lines as charts draw them, and the arithmetic on them: ranges, nearest points. Knows neither canvas nor server. */

import type { AxisKind } from '@/lib/ticks';

/** Something on a line that is no number: NaN, or an infinity above or below. `y` is where it is drawn; NaN for the bottom. */
export interface Mark {
  x: number;
  y: number;
  kind: 'nan' | 'up' | 'down';
}

/** A line. `x` ascends; NaN in `y` is a gap. */
export interface PlotLine {
  id: string;
  name: string;
  color: string;
  dash: readonly number[];
  x: Float64Array;
  y: Float64Array;
  /** What `y` was before it was smoothed. */
  raw?: Float64Array | undefined;
  /** Edges of a band. */
  low?: ArrayLike<number> | undefined;
  high?: ArrayLike<number> | undefined;
  marks: readonly Mark[];
  /** More about an entry, for the tooltip. */
  detail?: ((index: number) => string) | undefined;
}

export type Range = readonly [min: number, max: number];

/** How a chart is scaled. */
export interface Frame {
  x: Range;
  y: Range;
}

/** What is shown on both sides of a lonely point, by what x is: one step, or half a minute. */
export const roomOf = (kind: AxisKind): number => (kind === 'time' || kind === 'duration' ? 30_000 : 1);

/** So much at each end of the values is taken for outliers, where these are left out. */
const OUTLIERS = 0.02;
/** About so many values are looked at to find them. */
const SAMPLE = 20_000;

/** How ranges are chosen. */
export interface Scaling {
  logX: boolean;
  logY: boolean;
  /** The part of x that is shown; all if left out. */
  zoom?: Range | undefined;
  /** Bands count as well. */
  bands: boolean;
  /** Leave what is far out beyond the edge of y. */
  clip?: boolean | undefined;
  /** What is shown of x on both sides of a lonely point; 1 if left out. */
  room?: number | undefined;
}

/** The first place whose value is not below `value`. */
export function lowerBound(sorted: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Choose the ranges of x and y for lines. */
export function chooseFrame(lines: readonly PlotLine[], scaling: Scaling): Frame {
  const x = chooseX(lines, scaling);
  return { x, y: chooseY(lines, x, scaling) };
}

function chooseX(lines: readonly PlotLine[], { zoom, logX, room = 1 }: Scaling): Range {
  if (zoom && (!logX || zoom[0] > 0)) return zoom;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const { x } of lines) {
    const first = logX ? lowerBound(x, Number.MIN_VALUE) : 0;
    if (first >= x.length) continue;
    min = Math.min(min, x[first] ?? min);
    max = Math.max(max, x[x.length - 1] ?? max);
  }
  if (zoom) return max > 0 ? [Math.min(min, zoom[1] / 10), zoom[1]] : [0.1, 1];
  if (min > max) return logX ? [1, 10] : [0, 1];
  if (min < max) return [min, max];
  return logX ? [min / 2, min * 2] : [min - room, max + room];
}

function chooseY(lines: readonly PlotLine[], [from, to]: Range, { logY, bands, clip }: Scaling): Range {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  const seen: number[] = [];
  const take = (values: ArrayLike<number> | undefined, i0: number, i1: number, isMain: boolean) => {
    if (!values || (clip && !isMain)) return;
    const stride = clip ? Math.max(1, Math.ceil(((i1 - i0) * lines.length) / SAMPLE)) : 1;
    for (let i = i0; i < i1; i += stride) {
      const value = values[i] ?? Number.NaN;
      if (!Number.isFinite(value) || (logY && value <= 0)) continue;
      if (value < min) min = value;
      if (value > max) max = value;
      if (clip) seen.push(value);
    }
  };
  for (const line of lines) {
    const i0 = lowerBound(line.x, from);
    const i1 = Math.min(lowerBound(line.x, to) + 1, line.x.length);
    const end = (line.x[i1 - 1] ?? to) > to ? i1 - 1 : i1;
    take(line.y, i0, end, true);
    take(line.raw, i0, end, false);
    if (bands) {
      take(line.low, i0, end, false);
      take(line.high, i0, end, false);
    }
  }
  if (min > max) return logY ? [0.1, 1] : [0, 1];
  if (clip) {
    seen.sort((a, b) => a - b);
    min = seen[Math.floor(seen.length * OUTLIERS)] ?? min;
    max = seen[Math.ceil(seen.length * (1 - OUTLIERS)) - 1] ?? max;
  }
  if (logY) return min === max ? [min / 2, max * 2] : [min / (max / min) ** 0.04, max * (max / min) ** 0.04];
  const room = min === max ? Math.abs(min) * 0.1 || 1 : max / 20 - min / 20;
  return [min - room, max + room];
}

/** The value of a line near a place of x. */
export interface Hit {
  line: PlotLine;
  index: number;
  x: number;
  /** NaN if there is no number. */
  y: number;
}

/** For each line the entry nearest to `x`; lines that end farther than `reach` from it are left out. */
export function hitsAt(lines: readonly PlotLine[], x: number, reach: number): Hit[] {
  const hits: Hit[] = [];
  for (const line of lines) {
    const n = line.x.length;
    if (n === 0) continue;
    const after = lowerBound(line.x, x);
    const next = line.x[after] ?? Number.POSITIVE_INFINITY;
    const previous = line.x[after - 1] ?? Number.NEGATIVE_INFINITY;
    const index = next - x < x - previous ? after : after - 1;
    const at = line.x[index] ?? Number.NaN;
    const inside = after > 0 && after < n;
    if (!inside && !(Math.abs(at - x) <= reach)) continue;
    hits.push({ line, index, x: at, y: line.y[index] ?? Number.NaN });
  }
  return hits;
}

/** The hits whose `y` lies nearest to where the mouse is, nearest first. Those without a number come last. */
export function nearestHits(hits: readonly Hit[], distance: (y: number) => number): Hit[] {
  const far = hits.map((hit) => ({ hit, off: Number.isFinite(hit.y) ? distance(hit.y) : Number.POSITIVE_INFINITY }));
  far.sort((a, b) => a.off - b.off || (a.hit.line.name < b.hit.line.name ? -1 : 1));
  return far.map(({ hit }) => hit);
}
