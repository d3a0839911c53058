/** Values that are no numbers, and the columns that say since which step. */

import { readField, writeStep } from './fields';
import { hasCell, numberAt } from './frame';
import type { RunLine } from './rows';

/** The column that says since when a cell has a value that is no number; `undefined` for numbers, and where there is none. */
export function oddColumn(line: RunLine, column: string): string | undefined {
  const { entity, key, statistic, step } = readField(column);
  const cells = line.frame.columns.get(column);
  if (entity !== 'metric' || step || statistic === 'count' || !cells || !hasCell(cells, line.row)) return undefined;
  const value = numberAt(cells, line.row);
  if (Number.isFinite(value)) return undefined;
  return writeStep(key, Number.isNaN(value) ? 'nan' : value > 0 ? 'max' : 'min');
}
