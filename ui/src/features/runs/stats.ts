/** What is known of a column as a whole: its range, its spread, whether all rows are the same. Reckoned once for each column. */

import { MISSING } from '@/api/columns';
import { type Cells, hasCell, readNumber } from './frame';

/** Figures of a column. Those of numbers are of the finite ones; texts have them if all texts are numbers. */
export interface Stats {
  /** Rows that have a value. */
  count: number;
  min: number;
  max: number;
  mean: number;
  /** As of a population. */
  std: number;
  /** All rows have one and the same value, or none has any. */
  constant: boolean;
  /** All that are there are numbers. */
  numeric: boolean;
  /** Different texts; 0 for numbers. */
  distinct: number;
}

const memory = new WeakMap<Cells, Stats>();

/** The figures of a column. */
export function statsOf(cells: Cells): Stats {
  let stats = memory.get(cells);
  if (!stats) {
    stats = cells.kind === 'text' ? textStats(cells) : numberStats(cells);
    memory.set(cells, stats);
  }
  return stats;
}

function numberStats(cells: Extract<Cells, { values: Float64Array }>): Stats {
  let count = 0;
  let finite = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let mean = 0;
  let squares = 0;
  let first: number | undefined;
  let same = true;
  const { values, present } = cells;
  for (let row = 0; row < values.length; row += 1) {
    if (present[row] !== 1) continue;
    const value = values[row] ?? 0;
    count += 1;
    first ??= value;
    if (!Object.is(value, first)) same = false;
    if (!Number.isFinite(value)) continue;
    finite += 1;
    if (value < min) min = value;
    if (value > max) max = value;
    const away = value - mean;
    mean += away / finite;
    squares += away * (value - mean);
  }
  return {
    count,
    min,
    max,
    mean,
    std: finite ? Math.sqrt(squares / finite) : 0,
    constant: count === 0 || (same && count === values.length),
    numeric: true,
    distinct: 0,
  };
}

function textStats(cells: Extract<Cells, { codes: Uint32Array }>): Stats {
  const seen = new Uint8Array(cells.texts.length);
  let count = 0;
  let distinct = 0;
  for (const code of cells.codes) {
    if (code === MISSING) continue;
    count += 1;
    if (seen[code] !== 1) {
      seen[code] = 1;
      distinct += 1;
    }
  }
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let numeric = count > 0;
  for (let code = 0; code < cells.texts.length && numeric; code += 1) {
    if (seen[code] !== 1) continue;
    const value = readNumber(cells.texts[code] ?? '');
    if (Number.isNaN(value)) numeric = false;
    else if (Number.isFinite(value)) {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  const constant = count === 0 || (distinct === 1 && count === cells.codes.length);
  return { count, min, max, mean: Number.NaN, std: Number.NaN, constant, numeric, distinct };
}

/** What the rows of a group have in a column. */
export interface Aggregate {
  /** Rows that have a value. */
  count: number;
  nans: number;
  /** Of the numbers that are not NaN; NaN if there are none. */
  mean: number;
  /** Of a sample: divided by one less than their count; 0 for one. */
  std: number;
  /** Different texts, and one of them. */
  distinct: number;
  text: string;
}

/** Mean and standard deviation of numbers, or how many texts there are. */
export function aggregate(cells: Cells, rows: ArrayLike<number>): Aggregate {
  const found: Aggregate = { count: 0, nans: 0, mean: Number.NaN, std: 0, distinct: 0, text: '' };
  if (cells.kind === 'text') {
    const codes = new Set<number>();
    for (let place = 0; place < rows.length; place += 1) {
      const code = cells.codes[rows[place] ?? 0] ?? MISSING;
      if (code === MISSING) continue;
      found.count += 1;
      codes.add(code);
    }
    found.distinct = codes.size;
    const [first] = codes;
    found.text = first === undefined ? '' : (cells.texts[first] ?? '');
    return found;
  }
  let numbers = 0;
  let mean = 0;
  let squares = 0;
  for (let place = 0; place < rows.length; place += 1) {
    const row = rows[place] ?? 0;
    if (!hasCell(cells, row)) continue;
    found.count += 1;
    const value = cells.values[row] ?? 0;
    if (Number.isNaN(value)) {
      found.nans += 1;
      continue;
    }
    numbers += 1;
    const away = value - mean;
    mean += away / numbers;
    squares += away * (value - mean);
  }
  if (numbers > 0) found.mean = mean;
  if (numbers > 1) found.std = Math.sqrt(squares / (numbers - 1));
  return found;
}
