/** Where the columns of the table are, and which of them and of the rows are in sight. */

import { labelField, readField } from './fields';

/** A column with its place, in pixels from the left end of the table. */
export interface Placed {
  name: string;
  left: number;
  width: number;
}

/** The columns of a table: those that stay, then those that scroll. */
export interface Layout {
  pinned: readonly Placed[];
  /** Width of those that stay. */
  pinnedWidth: number;
  scrolled: readonly Placed[];
  width: number;
}

export const NAME_COLUMN = 'run_name';
export const LEAST_WIDTH = 56;
/** From this width on a metric shows its line. */
export const SPARK_WIDTH = 176;

/** How wide a column is that nobody has resized. */
export function defaultWidth(name: string): number {
  const { entity, key } = readField(name);
  if (name === NAME_COLUMN) return 264;
  if (entity === 'metric') return Math.min(168, Math.max(104, 44 + 7 * labelField(name).length));
  if (entity === 'attribute') return key === 'run_id' || key === 'artifact_uri' ? 240 : 104;
  return Math.min(150, Math.max(84, 44 + 7 * labelField(name).length));
}

/** Put the columns in their places; the name of the run is always the first and stays. */
export function layOut(columns: readonly string[], pins: number, widths: Readonly<Record<string, number>>): Layout {
  const names = [NAME_COLUMN, ...columns.filter((name) => name !== NAME_COLUMN)];
  let left = 0;
  const placed = names.map((name) => {
    const width = widths[name] ?? defaultWidth(name);
    const each = { name, left, width };
    left += width;
    return each;
  });
  const pinned = placed.slice(0, 1 + pins);
  const last = pinned.at(-1);
  return { pinned, pinnedWidth: last ? last.left + last.width : 0, scrolled: placed.slice(1 + pins), width: left };
}

/** The columns that scroll and that are in sight, with some beside them. */
export function columnsInSight(layout: Layout, scrollLeft: number, width: number): Placed[] {
  const margin = 240;
  const from = scrollLeft + layout.pinnedWidth - margin;
  const to = scrollLeft + width + margin;
  return layout.scrolled.filter((column) => column.left + column.width >= from && column.left <= to);
}

/** The lines in sight, the end excluded, with some before and behind. */
export function linesInSight(count: number, height: number, scrollTop: number, view: number): [number, number] {
  const margin = 8;
  const from = Math.max(0, Math.floor(scrollTop / height) - margin);
  return [Math.min(from, count), Math.min(count, Math.ceil((scrollTop + view) / height) + margin)];
}

/** Move a column before another one, or to the end. */
export function moveColumn(columns: readonly string[], name: string, before: string | undefined): string[] {
  if (name === before) return [...columns];
  const others = columns.filter((each) => each !== name);
  const place = before === undefined ? -1 : others.indexOf(before);
  return place < 0 ? [...others, name] : others.toSpliced(place, 0, name);
}

/** Let a column stay in place, or scroll again. Those that stay are the first ones. */
export function togglePin(columns: readonly string[], pins: number, name: string): { cols: string[]; pins: number } {
  const place = columns.indexOf(name);
  if (place < 0) return { cols: [...columns], pins };
  const others = columns.filter((each) => each !== name);
  const next = place < pins ? pins - 1 : pins + 1;
  const at = place < pins ? next : next - 1;
  return { cols: others.toSpliced(at, 0, name), pins: next };
}
