/** From lines as the server sends them to lines as they are drawn: ends, smoothing, bands, marks. */

import type { Mark, PlotLine } from '@/charts/line';
import { formatCount, formatNumber } from '@/lib/format';
import type { LineStyle } from '@/lib/runColor';
import { medianSpacing, smoothByTime, smoothByWindow } from '@/lib/smoothing';
import type { LineData } from './decode';

/** How lines are smoothed. */
export interface Smoothing {
  kind: 'ema' | 'window';
  /** Weight of the past, or points of the window; 0 for none. */
  amount: number;
  /** The whole range of x that the chart has when it is not zoomed: keeps the smoothing as it is while one zooms. */
  span: number;
}

/** About as many buckets as a chart has that is not zoomed: no line is smoothed over less than one. */
const BUCKETS = 250;

/** What a line is drawn from; made once for each line as it came. */
interface Points {
  x: Float64Array;
  y: Float64Array;
  low?: Float64Array | undefined;
  high?: Float64Array | undefined;
  /** Points that each entry stands for; 0 for the ends of the line, which are in the buckets already. */
  count: Uint32Array;
  marks: Mark[];
  detail: (index: number) => string;
  spacing: number;
}

const points = new WeakMap<LineData, Points>();

/** The drawing of a line. */
export function drawLine(id: string, name: string, style: LineStyle, line: LineData, smoothing: Smoothing): PlotLine {
  let found = points.get(line);
  if (!found) {
    found = line.kind === 'group' ? readGroup(line) : readRun(line);
    points.set(line, found);
  }
  const { x, y, low, high, count, marks, detail, spacing } = found;
  const smooth = smoothLine(x, y, count, spacing, smoothing);
  return {
    ...{ id, name, color: style.color, dash: style.dash, x, marks, detail },
    y: smooth ?? y,
    ...(smooth ? { raw: y } : {}),
    // The band of a smoothed line would lie beside it.
    ...(smooth && line.kind === 'run' ? {} : { low, high }),
  };
}

function smoothLine(
  x: Float64Array,
  y: Float64Array,
  count: Uint32Array,
  spacing: number,
  { kind, amount, span }: Smoothing,
): Float64Array | undefined {
  if (kind === 'window' ? amount <= 1 : amount <= 0) return undefined;
  // The ends of a line are single points beside averages of many: a noisy one would bend the beginning.
  const from = count.length > 2 && count[0] === 0 ? 1 : 0;
  const to = count.length > 2 && count[count.length - 1] === 0 ? y.length - 1 : y.length;
  const inner = y.subarray(from, to);
  const smooth = new Float64Array(y.length);
  smooth.set(
    kind === 'window'
      ? smoothByWindow(inner, count.subarray(from, to), amount)
      : smoothByTime(x.subarray(from, to), inner, amount, Math.max(spacing, span / BUCKETS)),
    from,
  );
  if (from > 0) smooth[0] = smooth[1] ?? Number.NaN;
  if (to < y.length) smooth[to] = smooth[to - 1] ?? Number.NaN;
  return smooth;
}

function readRun(line: LineData): Points {
  const n = line.bucket.length;
  const [x0 = Number.NaN, y0 = Number.NaN, x1 = Number.NaN, y1 = Number.NaN] = line.ends ?? [];
  const firstX = line.x[0] ?? 0;
  const lastX = line.x[n - 1] ?? 0;
  const before = (line.count[0] ?? 0) > 1 && Number.isFinite(y0) && x0 < firstX ? 1 : 0;
  const after = (line.count[n - 1] ?? 0) > 1 && Number.isFinite(y1) && x1 > lastX ? 1 : 0;
  const size = n + before + after;
  const x = new Float64Array(size);
  const y = new Float64Array(size);
  const count = new Uint32Array(size);
  x.set(line.x, before);
  y.set(line.mean, before);
  count.set(line.count, before);
  // A bucket with one point lies where the point does. One whose last point is before its middle ends there.
  if (!before && n > 0 && Number.isFinite(x0)) x[0] = line.count[0] === 1 ? x0 : Math.max(firstX, x0);
  if (!after && n > 1 && Number.isFinite(x1)) x[n - 1 + before] = Math.min(line.count[n - 1] === 1 ? x1 : lastX, x1);
  const marks = readMarks(line, x.subarray(before, before + n));
  const isSummed = hasMoreThanOne(line.count);
  const low = isSummed ? new Float64Array(size) : undefined;
  const high = isSummed ? new Float64Array(size) : undefined;
  low?.set(line.min, before);
  high?.set(line.max, before);
  if (before)
    for (const [list, value] of [
      [x, x0],
      [y, y0],
      [low, y0],
      [high, y0],
    ] as const)
      list?.fill(value, 0, 1);
  if (after)
    for (const [list, value] of [
      [x, x1],
      [y, y1],
      [low, y1],
      [high, y1],
    ] as const)
      list?.fill(value, size - 1);
  for (const list of [y, low, high]) if (list) cutInfinities(list);
  return {
    ...{ x, y, low, high, count, marks, spacing: medianSpacing(x) },
    detail: (index) =>
      (count[index] ?? 0) > 1 && low && high ? `${formatNumber(low[index])} to ${formatNumber(high[index])}` : '',
  };
}

function hasMoreThanOne(count: Uint32Array): boolean {
  for (let i = 0; i < count.length; i += 1) if ((count[i] ?? 0) > 1) return true;
  return false;
}

/** Make gaps of infinities. */
function cutInfinities(values: Float64Array): void {
  for (let i = 0; i < values.length; i += 1) if (!Number.isFinite(values[i])) values[i] = Number.NaN;
}

/** Of a stretch of NaNs the first and the last are marked; each infinity is. */
function readMarks(line: LineData, x: ArrayLike<number>): Mark[] {
  const marks: Mark[] = [];
  const n = line.bucket.length;
  let last = Number.NaN;
  for (let i = 0; i < n; i += 1) {
    const at = x[i] ?? 0;
    const mean = line.mean[i] ?? Number.NaN;
    if (Number.isFinite(mean)) last = mean;
    const isInside = i > 0 && i < n - 1 && (line.nans[i - 1] ?? 0) > 0 && (line.nans[i + 1] ?? 0) > 0;
    if ((line.nans[i] ?? 0) > 0 && !isInside) marks.push({ x: at, y: last, kind: 'nan' });
    if (line.max[i] === Number.POSITIVE_INFINITY) marks.push({ x: at, y: last, kind: 'up' });
    if (line.min[i] === Number.NEGATIVE_INFINITY) marks.push({ x: at, y: last, kind: 'down' });
  }
  return marks;
}

function readGroup(line: LineData): Points {
  const n = line.mean.length;
  const { std } = line;
  const y = Float64Array.from(line.mean);
  const low = new Float64Array(n);
  const high = new Float64Array(n);
  cutInfinities(y);
  for (let i = 0; i < n; i += 1) {
    low[i] = (y[i] ?? 0) - (std?.[i] ?? 0);
    high[i] = (y[i] ?? 0) + (std?.[i] ?? 0);
  }
  return {
    ...{
      x: line.x,
      y,
      low,
      high,
      count: new Uint32Array(n).fill(1),
      marks: readMarks(line, line.x),
      spacing: medianSpacing(line.x),
    },
    detail: (index) => `± ${formatNumber(std?.[index] ?? 0)}, n = ${formatCount(line.count[index] ?? 0)}`,
  };
}
