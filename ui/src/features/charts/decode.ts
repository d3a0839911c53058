/** Answers of `series.chart` as lines, and what is new merged into what was there. Knows neither React nor the network. */

import type { Cells, Chart, ChartLine } from '@/api/calls';
import { float32, float64, int32, uint32 } from '@/api/columns';

type Numbers = Float32Array | Float64Array;

/** One line: an entry for each bucket with points, ascending. Never changed once made; a line with news is another object. */
export interface LineData {
  kind: 'run' | 'group';
  /** The run's id, or the group's name. */
  name: string;
  key: string;
  bucket: Int32Array;
  /** Where the entries lie: the value of x, or the middle of the bucket. */
  x: Float64Array;
  /** Points of a run's line; runs of a group's. */
  count: Uint32Array;
  /** NaNs among the points; none in lines of groups. */
  nans: Uint32Array;
  mean: Numbers;
  min: Numbers;
  max: Numbers;
  /** Standard deviation over the runs of a group. */
  std?: Numbers;
  /** x and value of the first and of the last point, where buckets hold several; of lines of runs. */
  ends?: Float64Array;
}

/** An answer, and all before it that it builds on. */
export interface ChartData {
  cursor: string;
  grid: Grid;
  /** By `lineName`. */
  lines: ReadonlyMap<string, LineData>;
}

/** The x axis that all lines of an answer share. */
export interface Grid {
  mode: 'points' | 'buckets';
  size: number;
  start: number;
  width: number;
  x: Float64Array;
}

/** Names a line of an answer. */
export const lineName = (kind: 'run' | 'group', name: string, key: string): string => `${kind}\n${name}\n${key}`;

interface Columns {
  bucket: Int32Array;
  count: Uint32Array;
  nans: Uint32Array;
  mean: Numbers;
  min: Numbers;
  max: Numbers;
  std?: Numbers;
}

const NOTHING = new Uint8Array();

/** The columns of lines of runs; what was left out since it would say nothing is put in. */
export function readCells(
  { bucket = NOTHING, count, nans, mean, min, max }: Cells,
  number: (bytes: Uint8Array | undefined) => Numbers,
): Columns {
  const means = number(mean);
  return {
    bucket: int32(bucket),
    count: count?.length ? uint32(count) : new Uint32Array(means.length).fill(1),
    nans: nans?.length ? uint32(nans) : new Uint32Array(means.length),
    mean: means,
    min: min?.length ? number(min) : means,
    max: max?.length ? number(max) : means,
  };
}

/** Merge an answer into what it says to be built on; returns as well the keys of which lines are new, others, or gone. */
export function mergeChart(
  before: ChartData | undefined,
  answer: Chart,
  single: boolean,
): { data: ChartData; changed: Set<string> } {
  if (answer.changed === false && before) {
    return { data: { ...before, cursor: answer.cursor }, changed: new Set() };
  }
  const grid = readGrid(answer);
  const old = answer.grid === 'same' ? before?.lines : undefined;
  const lines = new Map<string, LineData>();
  const changed = new Set<string>();
  const number = (bytes: Uint8Array | undefined): Numbers =>
    single ? float32(bytes ?? NOTHING) : float64(bytes ?? NOTHING);
  const own = readCells(answer.cells ?? {}, number);
  const ofGroups = answer.group_cells ?? {};
  const groups: Columns = {
    bucket: int32(ofGroups.bucket ?? NOTHING),
    count: uint32(ofGroups.runs ?? NOTHING),
    nans: new Uint32Array((ofGroups.bucket ?? NOTHING).byteLength / 4),
    mean: number(ofGroups.mean),
    min: number(ofGroups.min),
    max: number(ofGroups.max),
    std: number(ofGroups.std),
  };
  const ends = float64(answer.ends ?? NOTHING);
  const add = (kind: 'run' | 'group', list: readonly ChartLine[], columns: Columns) => {
    let place = 0;
    list.forEach((line, at) => {
      const name = lineName(kind, line.name, line.key);
      const previous = old?.get(name);
      const kept = line.sent === 'same' && previous !== undefined;
      if (kept) {
        lines.set(name, previous);
        return;
      }
      const part = slice(columns, place, place + line.entries);
      place += line.entries;
      const whole = line.sent === 'tail' && previous ? append(previous, part, line.since ?? 0) : part;
      changed.add(line.key);
      lines.set(name, {
        ...whole,
        ...{ kind, name: line.name, key: line.key, x: placeOn(grid, whole.bucket) },
        ...(kind === 'run' && grid.mode === 'buckets' ? { ends: ends.slice(4 * at, 4 * at + 4) } : {}),
      });
    });
  };
  add('run', answer.series ?? [], own);
  add('group', answer.groups ?? [], groups);
  for (const [name, line] of before?.lines ?? []) if (!lines.has(name)) changed.add(line.key);
  return { data: { cursor: answer.cursor, grid, lines }, changed };
}

function readGrid(answer: Chart): Grid {
  const { mode = 'points', start = 0, width = 0, buckets = 0 } = answer;
  return { mode, start, width, size: buckets, x: float64(answer.x ?? NOTHING) };
}

function placeOn(grid: Grid, bucket: Int32Array): Float64Array {
  const x = new Float64Array(bucket.length);
  for (let i = 0; i < x.length; i += 1) {
    const place = bucket[i] ?? 0;
    x[i] = grid.mode === 'points' ? (grid.x[place] ?? Number.NaN) : grid.start + (place + 0.5) * grid.width;
  }
  return x;
}

function slice(columns: Columns, from: number, to: number): Columns {
  return {
    bucket: columns.bucket.slice(from, to),
    count: columns.count.slice(from, to),
    nans: columns.nans.slice(from, to),
    mean: columns.mean.slice(from, to),
    min: columns.min.slice(from, to),
    max: columns.max.slice(from, to),
    ...(columns.std ? { std: columns.std.slice(from, to) } : {}),
  };
}

/** The entries of a line before bucket `since`, and then those of `tail`. */
function append(line: LineData, tail: Columns, since: number): Columns {
  let kept = line.bucket.length;
  while (kept > 0 && (line.bucket[kept - 1] ?? 0) >= since) kept -= 1;
  const n = kept + tail.bucket.length;
  const join = <T extends Int32Array | Uint32Array | Numbers>(
    made: T,
    a: ArrayLike<number>,
    b: ArrayLike<number>,
  ): T => {
    for (let i = 0; i < kept; i += 1) made[i] = a[i] ?? 0;
    made.set(b, kept);
    return made;
  };
  const numbers = () => (line.mean instanceof Float32Array ? new Float32Array(n) : new Float64Array(n));
  return {
    bucket: join(new Int32Array(n), line.bucket, tail.bucket),
    count: join(new Uint32Array(n), line.count, tail.count),
    nans: join(new Uint32Array(n), line.nans, tail.nans),
    mean: join(numbers(), line.mean, tail.mean),
    min: join(numbers(), line.min, tail.min),
    max: join(numbers(), line.max, tail.max),
    ...(line.std && tail.std ? { std: join(numbers(), line.std, tail.std) } : {}),
  };
}

/**
 * Keys that a shared grid has squeezed: all of their points lie in less than an eighth of its buckets, though they have more than these can show.
 * They want a grid of their own.
 */
export function findSqueezed(data: ChartData): string[] {
  if (data.grid.mode === 'points') return [];
  const spans = new Map<string, { first: number; last: number; points: number }>();
  for (const { key, bucket, count } of data.lines.values()) {
    const span = spans.get(key) ?? { first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY, points: 0 };
    span.first = Math.min(span.first, bucket[0] ?? span.first);
    span.last = Math.max(span.last, bucket[bucket.length - 1] ?? span.last);
    for (const each of count) span.points = Math.max(span.points, each);
    spans.set(key, span);
  }
  if (spans.size < 2) return [];
  return [...spans].flatMap(([key, { first, last, points }]) =>
    points > 1 && (last - first + 1) * 8 < data.grid.size ? [key] : [],
  );
}
