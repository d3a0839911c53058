import { describe, expect, it } from 'vitest';
import type { Chart, ChartLine } from '@/api/calls';
import { type ChartData, findSqueezed, lineName, mergeChart } from './decode';

const bytes = (array: Int32Array | Uint32Array | Float64Array | Float32Array) => new Uint8Array(array.buffer);
const ints = (...values: number[]) => bytes(Int32Array.from(values));
const counts = (...values: number[]) => bytes(Uint32Array.from(values));
const doubles = (...values: number[]) => bytes(Float64Array.from(values));

function cells(bucket: number[], mean: number[], count?: number[]): NonNullable<Chart['cells']> {
  return {
    bucket: ints(...bucket),
    count: counts(...(count ?? bucket.map(() => 1))),
    nans: counts(...bucket.map(() => 0)),
    mean: doubles(...mean),
    min: doubles(...mean),
    max: doubles(...mean),
  };
}
const line = (name: string, key: string, entries: number, more: Partial<ChartLine> = {}): ChartLine => ({
  name,
  key,
  entries,
  ...more,
});
const get = (data: ChartData, name: string, key: string) => data.lines.get(lineName('run', name, key));

const FIRST: Chart = {
  mode: 'buckets',
  grid: 'new',
  buckets: 4,
  start: 0,
  width: 16,
  series: [line('r1', 'loss', 3), line('r2', 'loss', 2), line('r1', 'acc', 1)],
  ends: doubles(0, 9, 40, 7, 0, 5, 20, 4, 3, 1, 3, 1),
  cells: cells([0, 1, 2, 0, 1, 0], [9, 8, 7, 5, 4, 1], [16, 16, 9, 16, 5, 1]),
  cursor: 'c1',
};

describe('mergeChart', () => {
  it('cuts the columns into lines, with x in the middle of buckets', () => {
    const { data, changed } = mergeChart(undefined, FIRST, false);
    expect([...(get(data, 'r1', 'loss')?.mean ?? [])]).toEqual([9, 8, 7]);
    expect([...(get(data, 'r1', 'loss')?.x ?? [])]).toEqual([8, 24, 40]);
    expect([...(get(data, 'r2', 'loss')?.mean ?? [])]).toEqual([5, 4]);
    expect([...(get(data, 'r2', 'loss')?.ends ?? [])]).toEqual([0, 5, 20, 4]);
    expect([...changed].sort()).toEqual(['acc', 'loss']);
  });

  it('puts in what is left out where each entry is of one point', () => {
    const { bucket, mean } = cells([0, 1, 0], [9, Number.NaN, 4]);
    const answer: Chart = {
      ...{ mode: 'points', grid: 'new', buckets: 2, x: doubles(3, 4), cursor: 'c' },
      series: [line('r1', 'loss', 2), line('r2', 'loss', 1)],
      cells: { bucket: bucket ?? ints(), mean: mean ?? doubles(), nans: counts(0, 1, 0) },
    };
    const { data } = mergeChart(undefined, answer, false);
    const [first, second] = [get(data, 'r1', 'loss'), get(data, 'r2', 'loss')];
    expect([first?.count, first?.nans, first?.min, first?.max].map((each) => [...(each ?? [])])).toEqual([
      [1, 1],
      [0, 1],
      [9, Number.NaN],
      [9, Number.NaN],
    ]);
    expect([second?.count, second?.nans, second?.min, second?.max].map((each) => [...(each ?? [])])).toEqual([
      [1],
      [0],
      [4],
      [4],
    ]);
  });

  it('takes the values of x themselves where there are few', () => {
    const answer: Chart = { ...FIRST, mode: 'points', buckets: 3, x: doubles(1, 5, 100), width: 0 };
    const found = get(mergeChart(undefined, answer, false).data, 'r2', 'loss');
    expect([...(found?.x ?? [])]).toEqual([1, 5]);
    expect(found?.ends).toBeUndefined();
  });

  it('replaces a tail, keeps what is the same as the same object, and names only keys with news', () => {
    const { data: before } = mergeChart(undefined, FIRST, false);
    const { data, changed } = mergeChart(
      before,
      {
        ...FIRST,
        grid: 'same',
        buckets: 5,
        series: [
          line('r1', 'loss', 3, { sent: 'tail', since: 2 }),
          line('r2', 'loss', 0, { sent: 'same' }),
          line('r1', 'acc', 0, { sent: 'same' }),
        ],
        ends: doubles(0, 9, 70, 5, 0, 5, 20, 4, 3, 1, 3, 1),
        cells: cells([2, 3, 4], [6.5, 6, 5]),
        cursor: 'c2',
      },
      false,
    );
    expect([...(get(data, 'r1', 'loss')?.bucket ?? [])]).toEqual([0, 1, 2, 3, 4]);
    expect([...(get(data, 'r1', 'loss')?.mean ?? [])]).toEqual([9, 8, 6.5, 6, 5]);
    expect(get(data, 'r1', 'loss')?.ends?.[2]).toBe(70);
    expect(get(data, 'r2', 'loss')).toBe(get(before, 'r2', 'loss'));
    expect([...changed]).toEqual(['loss']);
    expect(data.cursor).toBe('c2');
  });

  it('reads past lines of which nothing is sent', () => {
    const { data: before } = mergeChart(undefined, FIRST, false);
    const series = [
      line('r1', 'loss', 0, { sent: 'same' }),
      line('r2', 'loss', 1, { sent: 'tail', since: 1 }),
      line('r1', 'acc', 2),
    ];
    const { data } = mergeChart(
      before,
      { ...FIRST, grid: 'same', series, cells: cells([1, 0, 1], [3, 2, 1]), cursor: 'c2' },
      false,
    );
    expect([...(get(data, 'r2', 'loss')?.mean ?? [])]).toEqual([5, 3]);
    expect([...(get(data, 'r1', 'acc')?.mean ?? [])]).toEqual([2, 1]);
  });

  it('keeps everything if nothing has changed', () => {
    const { data: before } = mergeChart(undefined, FIRST, false);
    const { data, changed } = mergeChart(before, { changed: false, cursor: 'c9' }, false);
    expect(data.lines).toBe(before.lines);
    expect(data.cursor).toBe('c9');
    expect(changed.size).toBe(0);
  });

  it('forgets all on a new grid, and drops lines that are gone', () => {
    const { data: before } = mergeChart(undefined, FIRST, false);
    const answer: Chart = {
      ...FIRST,
      width: 32,
      series: [line('r1', 'loss', 2)],
      ends: doubles(0, 9, 40, 7),
      cells: cells([0, 1], [8.5, 7]),
      cursor: 'c2',
    };
    const { data, changed } = mergeChart(before, answer, false);
    expect(data.lines.size).toBe(1);
    expect([...(get(data, 'r1', 'loss')?.x ?? [])]).toEqual([16, 48]);
    expect([...changed].sort()).toEqual(['acc', 'loss']);
  });

  it('reads groups and single precision', () => {
    const f = (...values: number[]) => bytes(Float32Array.from(values));
    const group_cells = {
      bucket: ints(0, 1),
      runs: counts(3, 2),
      mean: f(1.5, 2.5),
      min: f(1, 2),
      max: f(2, 3),
      std: f(0.5, 0.25),
    };
    const answer: Chart = {
      mode: 'points',
      x: doubles(0, 1),
      buckets: 2,
      groups: [line('adam', 'loss', 2)],
      group_cells,
      cursor: 'c',
    };
    const { data } = mergeChart(undefined, answer, true);
    const found = data.lines.get(lineName('group', 'adam', 'loss'));
    expect([...(found?.std ?? [])]).toEqual([0.5, 0.25]);
    expect([...(found?.count ?? [])]).toEqual([3, 2]);
  });
});

describe('findSqueezed', () => {
  it('finds a key whose points share few buckets of a wide grid', () => {
    const answer: Chart = {
      ...{ mode: 'buckets', buckets: 100, start: 0, width: 1024, cursor: 'c' },
      series: [line('r', 'step', 3), line('r', 'epoch', 2)],
      ends: doubles(0, 1, 100_000, 1, 0, 1, 1500, 1),
      cells: cells([0, 50, 99, 0, 1], [1, 1, 1, 1, 1], [9, 9, 9, 700, 800]),
    };
    expect(findSqueezed(mergeChart(undefined, answer, false).data)).toEqual(['epoch']);
  });
});
