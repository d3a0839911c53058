/** The whole of a run on an axis of time. */

import type { Range } from '@/charts/line';

interface Ends {
  start_time?: number | string;
  end_time?: number | string;
}

/** From the start of a run to its end, or to its latest point, so that all charts stand below one another in time; `undefined` where x is no time. */
export function wholeRange(
  { start_time, end_time }: Ends,
  metrics: readonly { timestamp: number }[],
  x: string,
): Range | undefined {
  const start = Number(start_time);
  const latest = metrics.reduce((last, { timestamp }) => Math.max(last, Number(timestamp)), start);
  const end = Math.max(Number(end_time ?? 0), latest);
  if (!(end > start)) return undefined;
  if (x === 'time') return [start, end];
  return x === 'relative' ? [0, end - start] : undefined;
}
