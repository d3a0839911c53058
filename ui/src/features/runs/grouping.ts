/** Rows grouped by the values of fields. */

import { type Frame, hasCell, NUMBER, numberAt, textAt } from './frame';
import { readSort } from './sorting';
import { aggregate } from './stats';

/** Runs that have the same values in the fields they are grouped by. */
export interface RowGroup {
  /** Unique; what the address calls it. */
  name: string;
  values: readonly string[];
  rows: Uint32Array;
  /** Its place among all groups by the oldest run in it: its colour, which stays while runs come. */
  number: number;
}

/** What stands for a value that a run does not have. */
export const NO_VALUE = 'not set';

/**
 * Group the rows of an order.
 *
 * Groups are in the order of their first rows; or of their means, if the first sort key is a column of numbers, those without numbers last.
 */
export function groupRows(
  frame: Frame,
  order: Uint32Array,
  fields: readonly string[],
  sort: readonly string[],
): RowGroup[] {
  const columns = fields.map((field) => frame.columns.get(field));
  const numbers = frame.columns.get(NUMBER);
  const found = new Map<string, { values: string[]; rows: number[]; oldest: number }>();
  for (const row of order) {
    const values = columns.map((cells) => (cells && hasCell(cells, row) ? textAt(cells, row) : NO_VALUE));
    const name = values.length === 1 ? (values[0] ?? '') : values.join(' · ');
    const number = numbers ? numberAt(numbers, row) : row;
    const group = found.get(name);
    if (group) {
      group.rows.push(row);
      group.oldest = Math.min(group.oldest, number);
    } else {
      found.set(name, { values, rows: [row], oldest: number });
    }
  }
  const byAge = [...found.entries()].sort(([, a], [, b]) => a.oldest - b.oldest);
  const ages = new Map(byAge.map(([name], place) => [name, place]));
  const groups = [...found.entries()].map(([name, { values, rows }]) => ({
    name,
    values,
    rows: Uint32Array.from(rows),
    number: ages.get(name) ?? 0,
  }));
  return sortGroups(frame, groups, sort);
}

function sortGroups(frame: Frame, groups: RowGroup[], sort: readonly string[]): RowGroup[] {
  const first = sort[0];
  if (first === undefined) return groups;
  const { column, descending } = readSort(first);
  const cells = frame.columns.get(column);
  if (!cells || cells.kind === 'text') return groups;
  const sign = descending ? -1 : 1;
  return groups
    .map((group) => ({ group, mean: aggregate(cells, group.rows).mean }))
    .sort((a, b) => {
      if (Number.isNaN(a.mean) || Number.isNaN(b.mean))
        return Number(Number.isNaN(a.mean)) - Number(Number.isNaN(b.mean));
      return a.mean === b.mean ? 0 : a.mean < b.mean ? -sign : sign;
    })
    .map(({ group }) => group);
}
