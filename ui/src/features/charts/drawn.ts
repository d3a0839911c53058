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

/** Buckets of a chart that is not zoomed: no line is smoothed over less than one. */
const BUCKETS = 600;

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

function smoothLine(x: Float64Array, y: Float64Array, count: Uint32Array, spacing: number, { kind, amount, span }: Smoothing): Float64Array | undefined {
  if (kind === 'window') return amount > 1 ? smoothByWindow(y, count, amount) : undefined;
  return amount > 0 ? smoothByTime(x, y, amount, Math.max(spacing, span / BUCKETS)) : undefined;
}

function readRun(line: LineData): Points {
  const n = line.bucket.length;
  const [x0 = Number.NaN, y0 = Number.NaN, x1 = Number.NaN, y1 = Number.NaN] = line.ends ?? [];
  const x = [...line.x];
  const before = (line.count[0] ?? 0) > 1 && Number.isFinite(y0) && x0 < (x[0] ?? 0);
  const after = (line.count[n - 1] ?? 0) > 1 && Number.isFinite(y1) && x1 > (x[n - 1] ?? 0);
  // A bucket with one point lies where the point does. One whose last point is before its middle ends there.
  if (!before && n > 0 && Number.isFinite(x0)) x[0] = line.count[0] === 1 ? x0 : Math.max(x[0] ?? 0, x0);
  if (!after && n > 1 && Number.isFinite(x1)) x[n - 1] = Math.min(line.count[n - 1] === 1 ? x1 : (x[n - 1] ?? 0), x1);
  const y = Array.from(line.mean, finite);
  const low = Array.from(line.min, finite);
  const high = Array.from(line.max, finite);
  const count = [...line.count];
  const marks = readMarks(line, x);
  if (before) for (const [list, value] of [[x, x0], [y, y0], [low, y0], [high, y0], [count, 0]] as const) list.unshift(value);
  if (after) for (const [list, value] of [[x, x1], [y, y1], [low, y1], [high, y1], [count, 0]] as const) list.push(value);
  const isSummed = line.count.some((each) => each > 1);
  const xs = Float64Array.from(x);
  return {
    ...{ x: xs, y: Float64Array.from(y), count: Uint32Array.from(count), marks, spacing: medianSpacing(xs) },
    ...(isSummed ? { low: Float64Array.from(low), high: Float64Array.from(high) } : {}),
    detail: (index) => {
      const points = count[index] ?? 0;
      return points > 1 ? `${formatNumber(low[index])} to ${formatNumber(high[index])}` : '';
    },
  };
}

/** Of a stretch of NaNs the first and the last are marked; each infinity is. */
function readMarks(line: LineData, x: readonly number[]): Mark[] {
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
  const y = Float64Array.from(line.mean, finite);
  const { std } = line;
  return {
    ...{ x: line.x, y, count: new Uint32Array(y.length).fill(1), marks: [], spacing: medianSpacing(line.x) },
    low: y.map((mean, i) => mean - (std?.[i] ?? 0)),
    high: y.map((mean, i) => mean + (std?.[i] ?? 0)),
    detail: (index) => `± ${formatNumber(std?.[index] ?? 0)}, n = ${formatCount(line.count[index] ?? 0)}`,
  };
}

const finite = (value: number): number => (Number.isFinite(value) ? value : Number.NaN);
