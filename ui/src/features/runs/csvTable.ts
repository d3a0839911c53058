/** The table as CSV: the rows in their order, the columns that are shown, values with all their digits. */

import { toCsv } from '@/lib/csv';
import { hasCell, numberAt, textAt } from './frame';
import type { Lines } from './rows';
import { aggregate } from './stats';

/** A cell, and the header of its column. */
type Row = (string | number | undefined)[];

/** Runs one below another; of groups their values, n, means and standard deviations. Times are ISO 8601. */
export function csvOfLines(lines: Lines, columns: readonly string[], groupedBy: readonly string[]): string {
  return groupedBy.length > 0 ? toCsv(groupRows(lines, columns, groupedBy)) : toCsv(runRows(lines, columns));
}

function* runRows(lines: Lines, columns: readonly string[]): Generator<Row> {
  const names = [
    'run_id',
    'run_name',
    'status',
    ...columns.filter((name) => !['run_id', 'run_name', 'status'].includes(name)),
  ];
  yield names;
  for (let place = 0; place < lines.size; place += 1) {
    const line = lines.at(place);
    if (line?.kind !== 'run') continue;
    yield names.map((name) => {
      const cells = line.frame.columns.get(name);
      if (!cells || !hasCell(cells, line.row)) return undefined;
      if (cells.kind === 'text') return textAt(cells, line.row);
      const value = numberAt(cells, line.row);
      return cells.kind === 'time' ? new Date(value).toISOString() : value;
    });
  }
}

function* groupRows(lines: Lines, columns: readonly string[], groupedBy: readonly string[]): Generator<Row> {
  const others = columns.filter((name) => !groupedBy.includes(name));
  let head: Row | undefined;
  for (let place = 0; place < lines.size; place += 1) {
    const line = lines.at(place);
    if (line?.kind !== 'group') continue;
    const { group, frame } = line;
    const row: Row = [...group.values, group.rows.length];
    const names: Row = [...groupedBy, 'n'];
    for (const name of others) {
      const cells = frame.columns.get(name);
      if (!cells || cells.kind === 'time') continue;
      const found = aggregate(cells, group.rows);
      if (cells.kind === 'text') {
        names.push(name);
        row.push(found.distinct === 1 ? found.text : found.distinct === 0 ? undefined : `${found.distinct} values`);
      } else {
        names.push(`mean of ${name}`, `std of ${name}`);
        row.push(...(found.count > found.nans ? [found.mean, found.std] : [undefined, undefined]));
      }
    }
    if (!head) {
      head = names;
      yield names;
    }
    yield row;
  }
}

/** Give a text to the browser to be saved. */
export function saveText(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
