/** How metrics went over a run: their course in few values for a small picture, and what is exact all the same, the least and greatest value. */

import type { Chart, Metric } from '@/api/calls';
import { float64, int32, uint32 } from '@/api/columns';

/** The course of one metric. */
export interface Trend {
  /** Means of stretches of time that have points, in their order. */
  values: Float64Array;
  /** Of all points; NaN if none is a number. */
  min: number;
  max: number;
  points: number;
  nans: number;
  /** Where on the x axis the stretches with the least and the greatest value begin. */
  minAt: number;
  maxAt: number;
  /** Whether these are exact, and not the beginnings of wider stretches. */
  exact: boolean;
}

/** Read an answer of `series.chart` for one run: the course of each key. */
export function readTrends(chart: Chart): Map<string, Trend> {
  const trends = new Map<string, Trend>();
  const cells = chart.cells;
  if (!cells) return trends;
  const none = new Uint8Array();
  const [mean, min, max] = [float64(cells.mean ?? none), float64(cells.min ?? none), float64(cells.max ?? none)];
  const [bucket, count, nans] = [int32(cells.bucket ?? none), uint32(cells.count ?? none), uint32(cells.nans ?? none)];
  const exact = chart.mode === 'points';
  const places = exact ? float64(chart.x ?? none) : undefined;
  const placeOf = (cell: number): number => {
    const number = bucket[cell] ?? 0;
    return places ? (places[number] ?? Number.NaN) : (chart.start ?? 0) + number * (chart.width ?? 0);
  };
  let first = 0;
  for (const { key, entries } of chart.series ?? []) {
    const trend: Trend = {
      values: mean.slice(first, first + entries),
      min: NaN,
      max: NaN,
      points: 0,
      nans: 0,
      minAt: NaN,
      maxAt: NaN,
      exact,
    };
    for (let cell = first; cell < first + entries; cell += 1) {
      trend.points += count[cell] ?? 0;
      trend.nans += nans[cell] ?? 0;
      const [low, high] = [min[cell] ?? NaN, max[cell] ?? NaN];
      if (low < trend.min || (Number.isNaN(trend.min) && !Number.isNaN(low))) {
        trend.min = low;
        trend.minAt = placeOf(cell);
      }
      if (high > trend.max || (Number.isNaN(trend.max) && !Number.isNaN(high))) {
        trend.max = high;
        trend.maxAt = placeOf(cell);
      }
    }
    trends.set(key, trend);
    first += entries;
  }
  return trends;
}

/** Metrics that are asked for together. */
export interface Chunk {
  keys: string[];
  x: 'step' | 'relative';
}

/** Metrics of one request, at most. */
const MOST = 40;

/**
 * Metrics in the portions in which their courses are asked for. Lines of one answer share a grid: what is logged by epochs would be a dot beside what is
 * logged by batches, so each range of steps has portions of its own. What has no steps goes by time.
 */
export function chunkMetrics(metrics: readonly Metric[]): Chunk[] {
  const ranges = new Map<number, Chunk[]>();
  const seen = new Set<string>();
  for (const { key, step = 0 } of metrics) {
    if (seen.has(key)) continue;
    seen.add(key);
    const range = Math.ceil(Math.log2(Math.abs(Number(step)) + 1) / 2);
    const chunks = ranges.get(range) ?? [];
    ranges.set(range, chunks);
    const last = chunks.at(-1);
    if (last && last.keys.length < MOST) last.keys.push(key);
    else chunks.push({ keys: [key], x: range === 0 ? 'relative' : 'step' });
  }
  return [...ranges.values()].flat();
}
