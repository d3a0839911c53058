/** Frames for tests, written as rows. */

import type { RunTable, TableColumn } from '@/api/calls';
import { type Frame, readFrame } from './frame';

export type Value = string | number | undefined;

const TEXTS = /^(run_id|run_name|status|params\.|tags\.)/;

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();
}

function columnOf(name: string, values: readonly Value[]): TableColumn {
  if (TEXTS.test(name)) {
    const texts = [...new Set(values.filter((value) => value !== undefined).map(String))];
    const codes = Uint32Array.from(values, (value) =>
      value === undefined ? 0xffff_ffff : texts.indexOf(String(value)),
    );
    return { name, type: 'text', texts, codes: bytesOf(codes) };
  }
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  values.forEach((value, row) => {
    if (value !== undefined) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
  });
  const whole = values.every((value) => value !== undefined);
  const numbers = values.map((value) => Number(value ?? 0));
  const isInteger = name === 'number' || name.endsWith('_time');
  const bytes = isInteger
    ? bytesOf(BigInt64Array.from(numbers, (value) => BigInt(value)))
    : bytesOf(Float64Array.from(numbers));
  return { name, type: isInteger ? 'int64' : 'float64', values: bytes, ...(whole ? {} : { present: bits }) };
}

/** An answer of `tables.runs`; each row has `run_id` and what the test is about. */
export function answerOf(rows: readonly Readonly<Record<string, Value>>[], more: Partial<RunTable> = {}): RunTable {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return {
    rows: rows.length,
    clock: 1,
    columns: names.map((name) =>
      columnOf(
        name,
        rows.map((row) => row[name]),
      ),
    ),
    ...more,
  };
}

/** A frame; rows are numbered from 0 where they have no number. */
export const frameOf = (rows: readonly Readonly<Record<string, Value>>[], more: Partial<RunTable> = {}): Frame =>
  readFrame(
    answerOf(
      rows.map((row, place) => ({ number: place, ...row })),
      more,
    ),
  );
