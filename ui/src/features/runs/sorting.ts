/** The order of rows: `order_by` clauses of the search language, carried out over columns. */

import { MISSING } from '@/api/columns';
import { guessBetter } from '@/lib/better';
import { normalizeField, readField } from './fields';
import { type Cells, type Frame, readNumber } from './frame';
import { statsOf } from './stats';

/** One key of an order. */
export interface SortKey {
  column: string;
  descending: boolean;
}

/** Read `metrics.loss DESC`; without a direction it is ascending. */
export function readSort(clause: string): SortKey {
  const found = /^([\s\S]*?)\s+(ASC|DESC)\s*$/i.exec(clause);
  const column = normalizeField(found?.[1] ?? clause);
  return { column, descending: found?.[2]?.toUpperCase() === 'DESC' };
}

export const writeSort = ({ column, descending }: SortKey): string => `${column} ${descending ? 'DESC' : 'ASC'}`;

/** The keys up to the first that the server cannot order by. */
export function serverSort(sort: readonly string[]): string[] {
  const other = sort.findIndex((clause) => readField(readSort(clause).column).step);
  return other < 0 ? [...sort] : sort.slice(0, other);
}

/** Whether the best, or the newest, of a column comes first when it falls. */
export function fallsFirst(column: string): boolean {
  const { entity, key, step } = readField(column);
  if (step) return false;
  if (entity === 'metric') return guessBetter(key) !== 'lower';
  return entity === 'attribute' && (key === 'start_time' || key === 'end_time' || key === 'duration');
}

/** The order after a click on a column: the best first, then the other way round, then none; with `add` the other keys stay. */
export function toggleSort(sort: readonly string[], column: string, add: boolean): string[] {
  const keys = sort.map(readSort);
  const place = keys.findIndex((key) => key.column === column);
  const before = keys[place];
  const first = fallsFirst(column);
  const next: SortKey[] = !before
    ? [{ column, descending: first }]
    : before.descending === first
      ? [{ column, descending: !first }]
      : [];
  if (!add) return next.map(writeSort);
  if (place < 0) return [...keys, ...next].map(writeSort);
  return keys.toSpliced(place, 1, ...next).map(writeSort);
}

/** What rows are compared by: `rank` 0 for values, 1 for NaN, 2 for nothing, which come last in both directions. */
interface Ranks {
  values: Float64Array;
  rank: Uint8Array;
  sign: 1 | -1;
}

const FEW_TEXTS = 20_000;
const collator = new Intl.Collator('en', { numeric: true });

/** Values by which rows can be compared as numbers. Params whose texts are all numbers are ordered as numbers. */
function ranksOf(cells: Cells, size: number, descending: boolean): Ranks {
  const values = new Float64Array(size);
  const rank = new Uint8Array(size);
  if (cells.kind === 'text') {
    const { numeric } = statsOf(cells);
    const places = numeric ? cells.texts.map(readNumber) : rankTexts(cells.texts);
    for (let row = 0; row < size; row += 1) {
      const code = cells.codes[row] ?? MISSING;
      if (code === MISSING) rank[row] = 2;
      else values[row] = places[code] ?? 0;
    }
  } else {
    for (let row = 0; row < size; row += 1) {
      const value = cells.values[row] ?? 0;
      if (cells.present[row] !== 1) rank[row] = 2;
      else if (Number.isNaN(value)) rank[row] = 1;
      else values[row] = value;
    }
  }
  return { values, rank, sign: descending ? -1 : 1 };
}

function rankTexts(texts: readonly string[]): number[] {
  const compare = texts.length > FEW_TEXTS ? compareTexts : collator.compare;
  const order = texts.map((_, code) => code).sort((a, b) => compare(texts[a] ?? '', texts[b] ?? ''));
  const places = new Array<number>(texts.length).fill(0);
  order.forEach((code, place) => {
    places[code] = place;
  });
  return places;
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Rows in the order asked for; those that are equal stay as the server gave them, the newest first. Columns that are not there yet are passed over. */
export function orderRows(frame: Frame, sort: readonly string[]): Uint32Array {
  const order = new Uint32Array(frame.size);
  for (let row = 0; row < frame.size; row += 1) order[row] = row;
  const keys = sort.map(readSort).flatMap(({ column, descending }) => {
    const cells = frame.columns.get(column);
    return cells ? [ranksOf(cells, frame.size, descending)] : [];
  });
  if (keys.length === 0) return order;
  return order.sort((a, b) => {
    for (const { values, rank, sign } of keys) {
      const apart = (rank[a] ?? 0) - (rank[b] ?? 0);
      if (apart !== 0) return apart;
      const left = values[a] ?? 0;
      const right = values[b] ?? 0;
      if (left !== right) return left < right ? -sign : sign;
    }
    return a - b;
  });
}
