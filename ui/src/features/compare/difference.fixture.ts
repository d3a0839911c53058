/** Answers of tables.compare for tests, made of plain values. */

import type { DifferenceRow, MetricDifference } from '@/api/calls';
import { MISSING } from '@/api/columns';

const bytes = (array: Float64Array | Uint32Array): Uint8Array => new Uint8Array(array.buffer);

/** A row of texts, as the server would send it. */
export function textRow(
  section: string,
  key: string,
  texts: readonly (string | undefined)[],
  more: Partial<DifferenceRow> = {},
): DifferenceRow {
  const distinct = [...new Set(texts.filter((text) => text !== undefined))];
  const codes = texts.map((text) => (text === undefined ? MISSING : distinct.indexOf(text)));
  return {
    section,
    key,
    texts: distinct,
    codes: bytes(Uint32Array.from(codes)),
    differs: new Set(texts).size > 1,
    ...more,
  };
}

/** A metric, as the server would send it; `undefined` where a run has none. */
export function metricRow(key: string, values: readonly (number | undefined)[]): MetricDifference {
  const present = new Uint8Array(Math.ceil(values.length / 8));
  values.forEach((value, place) => {
    if (value !== undefined) present[place >> 3] = (present[place >> 3] ?? 0) | (1 << (place & 7));
  });
  const numbers = Float64Array.from(values, (value) => value ?? 0);
  const isWhole = values.every((value) => value !== undefined);
  return {
    key,
    differs: new Set(values).size > 1,
    present: isWhole ? new Uint8Array() : present,
    latest: bytes(numbers),
    min: bytes(numbers.map((each) => each - 1)),
    max: bytes(numbers.map((each) => each + 1)),
  };
}
