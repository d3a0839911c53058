/** Columns of bytes, little endian, as typed arrays. */

import type { Chart, TableColumn } from './calls';

/** The code of a cell that has no text. */
export const MISSING = 0xffff_ffff;

function aligned(bytes: Uint8Array, width: number): ArrayBuffer {
  if (bytes.byteLength % width) throw new RangeError(`${bytes.byteLength} bytes are no whole number of ${width}`);
  return bytes.slice().buffer as ArrayBuffer;
}

export const float64 = (bytes: Uint8Array): Float64Array => new Float64Array(aligned(bytes, 8));
export const float32 = (bytes: Uint8Array): Float32Array => new Float32Array(aligned(bytes, 4));
export const uint32 = (bytes: Uint8Array): Uint32Array => new Uint32Array(aligned(bytes, 4));
export const int32 = (bytes: Uint8Array): Int32Array => new Int32Array(aligned(bytes, 4));

/** Whole numbers up to 2^53 as doubles: times, steps, counts. */
export function int64(bytes: Uint8Array): Float64Array {
  return Float64Array.from(new BigInt64Array(aligned(bytes, 8)), Number);
}

/** Whether a bitmap, of which an empty one means "all", has a row. */
export const hasBit = (bitmap: Uint8Array, row: number): boolean =>
  bitmap.length === 0 || ((bitmap[row >> 3] ?? 0) & (1 << (row & 7))) !== 0;

/** One column of a run table: `numbers` (NaN is a number; look at `has`) or texts by `text`. */
export interface Column {
  name: string;
  kind: 'number' | 'time' | 'text';
  rows: number;
  has(row: number): boolean;
  number(row: number): number;
  text(row: number): string;
  texts: readonly string[];
  codes: Uint32Array;
  numbers: Float64Array;
  min: number | undefined;
  max: number | undefined;
}

const TIMES = new Set(['start_time', 'end_time', 'attributes.start_time', 'attributes.end_time']);

/** Read a column of an answer of `tables.runs`. */
export function readColumn(column: TableColumn, rows: number): Column {
  const common = { name: column.name, rows, min: column.min, max: column.max };
  if (column.type === 'text') {
    const codes = uint32(column.codes ?? new Uint8Array());
    const texts = column.texts ?? [];
    return {
      ...common,
      kind: 'text',
      texts,
      codes,
      numbers: new Float64Array(),
      has: (row) => codes[row] !== MISSING,
      number: (row) => Number(texts[codes[row] ?? MISSING] ?? Number.NaN),
      text: (row) => texts[codes[row] ?? MISSING] ?? '',
    };
  }
  const values = column.values ?? new Uint8Array();
  const numbers = column.type === 'int64' ? int64(values) : float64(values);
  const present = column.present ?? new Uint8Array();
  return {
    ...common,
    kind: TIMES.has(column.name) ? 'time' : 'number',
    texts: [],
    codes: new Uint32Array(),
    numbers,
    has: (row) => hasBit(present, row),
    number: (row) => numbers[row] ?? Number.NaN,
    text: (row) => (hasBit(present, row) ? String(numbers[row]) : ''),
  };
}

/** The finite means of the buckets of each line of a chart of single runs. */
export function readLines(chart: Chart): { run: string; key: string; means: Float64Array }[] {
  const all = float64(chart.cells?.mean ?? new Uint8Array());
  let from = 0;
  return (chart.series ?? []).map(({ name, key, entries }) => {
    const means = all.slice(from, from + entries).filter(Number.isFinite);
    from += entries;
    return { run: name, key, means };
  });
}
