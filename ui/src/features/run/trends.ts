/** How metrics went over a run: their course in few values for a small picture, and what is exact all the same, the least and greatest value and their steps. */

import type { Chart, Metric, RunTable } from '@/api/calls';
import { float64, readColumn } from '@/api/columns';
import { readCells } from '@/features/charts/decode';
import { writeStep } from '@/features/runs/fields';

/** The course of one metric. */
export interface Trend {
  /** Means of stretches of time that have points, in their order. */
  values: Float64Array;
  /** Of all points; NaN if none is a number. */
  min: number;
  max: number;
  points: number;
  nans: number;
}

/** The first steps of the least and the greatest value of a metric, and of a NaN; left out where there is none. */
export interface Steps {
  min?: number;
  max?: number;
  nan?: number;
}

const ENDS = ['min', 'max', 'nan'] as const;

/** The columns of `tables.runs` that say the steps of metrics. */
export const stepColumns = (keys: readonly string[]): string[] =>
  keys.flatMap((key) => ENDS.map((end) => writeStep(key, end)));

/** Read an answer of `tables.runs` for one run that selected `stepColumns`. */
export function readSteps(table: RunTable, keys: readonly string[]): Map<string, Steps> {
  const columns = (table.columns ?? []).map((column) => readColumn(column, table.rows));
  return new Map(
    keys.map((key, place) => {
      const found = ENDS.flatMap((end, at) => {
        const column = columns[place * ENDS.length + at];
        return column?.has(0) ? [[end, column.number(0)] as const] : [];
      });
      return [key, Object.fromEntries(found)];
    }),
  );
}

/** Read an answer of `series.chart` for one run: the course of each key. */
export function readTrends(chart: Chart): Map<string, Trend> {
  const trends = new Map<string, Trend>();
  const cells = chart.cells;
  if (!cells) return trends;
  const { mean, min, max, count, nans } = readCells(cells, (bytes) => float64(bytes ?? new Uint8Array()));
  let first = 0;
  for (const { key, entries } of chart.series ?? []) {
    const trend: Trend = {
      values: Float64Array.from(mean.subarray(first, first + entries)),
      min: NaN,
      max: NaN,
      points: 0,
      nans: 0,
    };
    for (let cell = first; cell < first + entries; cell += 1) {
      trend.points += count[cell] ?? 0;
      trend.nans += nans[cell] ?? 0;
      const [low, high] = [min[cell] ?? NaN, max[cell] ?? NaN];
      if (low < trend.min || (Number.isNaN(trend.min) && !Number.isNaN(low))) trend.min = low;
      if (high > trend.max || (Number.isNaN(trend.max) && !Number.isNaN(high))) trend.max = high;
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
