/** Colours of runs by the value of a column: along viridis for numbers, one for each of the most frequent texts. */

import { MISSING } from '@/api/columns';
import { markColor, noColor } from '@/charts/palettes';
import type { Legend } from '@/components/ColorLegend';
import { runStyle } from '@/lib/runColor';
import { labelField, readField } from './fields';
import { type Cells, hasCell, numberAt, type TextCells } from './frame';
import { statsOf } from './stats';

/** Colours of rows and of groups of them, and what explains them. */
export interface RunColors {
  ofRow(row: number): string;
  /** The colour of the mean, or of the one text that all of them have. */
  ofGroup(rows: ArrayLike<number>): string;
  /** Whether a row has what gives colours. */
  isColored(row: number): boolean;
  legend: Legend;
}

/** More shown lines than these have no styles of their own left. */
export const MOST_OWN_STYLES = 24;
const MOST_CHOICES = 8;
/** Positive numbers that lie further apart are spread by their ratios: learning rates. */
const WIDE = 100;
const ATTRIBUTES = new Set(['user_id', 'status', 'duration']);

/** Whether runs can be coloured by a column: not by what is another in each. */
export function canColor(column: string): boolean {
  const { entity, key } = readField(column);
  return entity === 'attribute' ? ATTRIBUTES.has(key) : key !== '';
}

/** The colours; all are the same grey while the column is on its way. */
export function colorByValue(cells: Cells | undefined, column: string, dark: boolean): RunColors {
  const label = labelField(column);
  if (!cells)
    return {
      ofRow: () => noColor(dark),
      ofGroup: () => noColor(dark),
      isColored: () => false,
      legend: { kind: 'own' },
    };
  return cells.kind === 'text' && !statsOf(cells).numeric ? byText(cells, label, dark) : byNumber(cells, label, dark);
}

function byNumber(cells: Cells, label: string, dark: boolean): RunColors {
  const { min, max, count } = statsOf(cells);
  const log = min > 0 && max / min >= WIDE;
  const place = (value: number) => (log ? Math.log(value) : value);
  const low = place(min);
  const width = place(max) - low;
  const colorOf = (value: number): string =>
    Number.isFinite(value) ? markColor(width > 0 ? (place(value) - low) / width : 0.5, dark) : noColor(dark);
  const read = (row: number) => (hasCell(cells, row) ? numberAt(cells, row) : Number.NaN);
  const legend: Legend =
    min <= max
      ? { kind: 'scale', label, low: min, high: max, ...(log ? { log } : {}) }
      : { kind: 'none', label, lacks: count > 0 ? 'number' : 'value' };
  return {
    ofRow: (row) => colorOf(read(row)),
    ofGroup(rows) {
      const numbers = Array.from(rows, read).filter(Number.isFinite);
      return colorOf(numbers.reduce((sum, each) => sum + each, 0) / numbers.length);
    },
    isColored: (row) => Number.isFinite(read(row)),
    legend,
  };
}

function byText(cells: TextCells, label: string, dark: boolean): RunColors {
  const counts = new Uint32Array(cells.texts.length);
  for (const code of cells.codes) if (code !== MISSING) counts[code] = (counts[code] ?? 0) + 1;
  const count = (code: number) => counts[code] ?? 0;
  const present = cells.texts.flatMap((name, code) => (count(code) > 0 ? [{ name, code }] : []));
  const frequent = present.toSorted((a, b) => count(b.code) - count(a.code)).slice(0, MOST_CHOICES);
  // By name, so that a colour stays when one more run changes which is the most frequent.
  frequent.sort((a, b) => (a.name < b.name ? -1 : 1));
  const colors = new Map(frequent.map(({ code }, choice) => [code, runStyle(choice, dark).color]));
  const colorOf = (code: number | undefined): string => colors.get(code ?? MISSING) ?? noColor(dark);
  const items = frequent.map(({ name, code }) => ({ name, color: colorOf(code), count: count(code) }));
  const others = present.reduce((sum, { code }) => sum + (colors.has(code) ? 0 : count(code)), 0);
  if (others > 0) items.push({ name: 'others', color: noColor(dark), count: others });
  return {
    ofRow: (row) => colorOf(cells.codes[row]),
    ofGroup(rows) {
      const codes = new Set(Array.from(rows, (row) => cells.codes[row]));
      const [only] = codes;
      return codes.size === 1 ? colorOf(only) : noColor(dark);
    },
    isColored: (row) => cells.codes[row] !== MISSING,
    legend: items.length ? { kind: 'choices', label, items } : { kind: 'none', label, lacks: 'value' },
  };
}
