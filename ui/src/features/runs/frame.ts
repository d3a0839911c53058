/** The rows that a table holds, column by column, and how more columns and changed rows are worked into them. Values are never changed in place. */

import type { RunTable, TableColumn } from '@/api/calls';
import { float64, hasBit, int64, MISSING, uint32 } from '@/api/columns';

/** A column of numbers or of times (Unix milliseconds); `present` has one byte for each row. */
export interface NumberCells {
  kind: 'number' | 'time';
  values: Float64Array;
  present: Uint8Array;
}

/** A column of texts: `codes` has for each row its place in `texts`, or `MISSING`. */
export interface TextCells {
  kind: 'text';
  texts: readonly string[];
  codes: Uint32Array;
}

export type Cells = NumberCells | TextCells;

/** Rows of a run table. */
export interface Frame {
  size: number;
  ids: readonly string[];
  columns: ReadonlyMap<string, Cells>;
  /** Columns that were read for all rows; others hold only some of them. */
  whole: ReadonlySet<string>;
  /** All rows that match are there. */
  complete: boolean;
  /** How many runs match the filter. */
  matching: number;
  /** How many there are without it. */
  total: number;
}

/** The column that tells rows of two answers apart, and gives runs their colours. */
export const NUMBER = 'number';
export const PARENT = 'tags.mlflow.parentRunId';
/** What each row needs, whatever is shown of it. */
export const BASE_COLUMNS: readonly string[] = [
  'run_id',
  'run_name',
  'status',
  'start_time',
  'duration',
  NUMBER,
  PARENT,
];

const TIMES = new Set(['start_time', 'end_time', 'attributes.start_time', 'attributes.end_time']);

export const EMPTY_FRAME: Frame = {
  size: 0,
  ids: [],
  columns: new Map(),
  whole: new Set(),
  complete: true,
  matching: 0,
  total: 0,
};

/** Whether a row has a value. NaN is one. */
export const hasCell = (cells: Cells, row: number): boolean =>
  cells.kind === 'text' ? (cells.codes[row] ?? MISSING) !== MISSING : cells.present[row] === 1;

/** The number of a row; of a text what it spells, NaN if that is none. */
export function numberAt(cells: Cells, row: number): number {
  if (cells.kind !== 'text') return cells.values[row] ?? Number.NaN;
  return readNumber(textAt(cells, row));
}

/** The number that a param's text spells; NaN for other texts. */
export function readNumber(text: string): number {
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  if (!infinite) return Number.NaN;
  return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** The text of a row, empty if there is none. */
export function textAt(cells: Cells | undefined, row: number): string {
  if (!cells) return '';
  if (cells.kind === 'text') return cells.texts[cells.codes[row] ?? MISSING] ?? '';
  return cells.present[row] === 1 ? String(cells.values[row]) : '';
}

function readCells(column: TableColumn, rows: number): Cells {
  if (column.type === 'text') {
    return { kind: 'text', texts: column.texts ?? [], codes: uint32(column.codes ?? new Uint8Array()) };
  }
  const bytes = column.values ?? new Uint8Array();
  const bits = column.present ?? new Uint8Array();
  const present = new Uint8Array(rows);
  if (bits.length === 0) present.fill(1);
  else for (let row = 0; row < rows; row += 1) present[row] = hasBit(bits, row) ? 1 : 0;
  const values = column.type === 'int64' ? int64(bytes) : float64(bytes);
  return { kind: TIMES.has(column.name) ? 'time' : 'number', values, present };
}

/** Read an answer of `tables.runs` that selected `run_id`. */
export function readFrame(table: RunTable): Frame {
  const columns = new Map((table.columns ?? []).map((column) => [column.name, readCells(column, table.rows)]));
  const ids = columns.get('run_id');
  return {
    size: table.rows,
    ids: ids ? Array.from({ length: table.rows }, (_, row) => textAt(ids, row)) : [],
    columns,
    whole: new Set(columns.keys()),
    complete: table.next_page_token === undefined,
    matching: table.matching ?? table.rows,
    total: table.total ?? table.rows,
  };
}

const places = new WeakMap<readonly string[], Map<string, number>>();

/** Where a run stands in a frame. */
export function rowOf(frame: Frame, id: string): number | undefined {
  let map = places.get(frame.ids);
  if (!map) {
    map = new Map(frame.ids.map((each, row) => [each, row]));
    places.set(frame.ids, map);
  }
  return map.get(id);
}

/** Put the rows of pages one behind another. All have the same columns. */
export function joinFrames(pages: readonly Frame[]): Frame {
  const [first, ...others] = pages;
  const last = pages.at(-1);
  if (!first || !last) return EMPTY_FRAME;
  if (others.length === 0) return first;
  const starts: number[] = [];
  let size = 0;
  for (const page of pages) {
    starts.push(size);
    size += page.size;
  }
  const columns = new Map<string, Cells>();
  for (const name of first.columns.keys()) {
    const all = pages.map((page) => page.columns.get(name));
    const target = emptyLike(first.columns.get(name), size);
    all.forEach((cells, place) => {
      const page = pages[place];
      if (!cells || !page) return;
      const offset = starts[place] ?? 0;
      copyRows(target, cells, page.size, (row) => row + offset);
    });
    columns.set(name, target.finish());
  }
  return { ...first, size, ids: pages.flatMap((page) => page.ids), columns, complete: last.complete };
}

/** A column under construction. */
interface Draft {
  kind: Cells['kind'];
  values: Float64Array;
  present: Uint8Array;
  codes: Uint32Array;
  texts: string[];
  known: Map<string, number>;
  finish(): Cells;
}

function emptyLike(cells: Cells | undefined, size: number): Draft {
  const kind = cells?.kind ?? 'text';
  const isText = kind === 'text';
  const draft: Draft = {
    kind,
    values: new Float64Array(isText ? 0 : size),
    present: new Uint8Array(isText ? 0 : size),
    codes: new Uint32Array(isText ? size : 0).fill(MISSING),
    texts: [],
    known: new Map(),
    finish: () =>
      kind === 'text'
        ? { kind, texts: draft.texts, codes: draft.codes }
        : { kind, values: draft.values, present: draft.present },
  };
  return draft;
}

function codeIn(draft: Draft, text: string): number {
  const known = draft.known.get(text);
  if (known !== undefined) return known;
  const code = draft.texts.length;
  draft.texts.push(text);
  draft.known.set(text, code);
  return code;
}

/** Copy the rows `0..count` of a column to where `target` says; a negative place leaves one out. */
function copyRows(draft: Draft, cells: Cells, count: number, target: (row: number) => number): void {
  if (cells.kind === 'text') {
    if (draft.kind !== 'text') return;
    const codes = new Int32Array(cells.texts.length).fill(-1);
    for (let row = 0; row < count; row += 1) {
      const at = target(row);
      const code = cells.codes[row] ?? MISSING;
      if (at < 0 || code === MISSING) continue;
      let mapped = codes[code] ?? -1;
      if (mapped < 0) {
        mapped = codeIn(draft, cells.texts[code] ?? '');
        codes[code] = mapped;
      }
      draft.codes[at] = mapped;
    }
    return;
  }
  for (let row = 0; row < count; row += 1) {
    const at = target(row);
    if (at < 0) continue;
    draft.values[at] = cells.values[row] ?? 0;
    draft.present[at] = cells.present[row] ?? 0;
  }
}

/** For each row of `numbers`, the row of the frame with the same number, or -1. `undefined` if all are where they were. */
function alignRows(frame: Frame, numbers: Float64Array): Int32Array | undefined {
  const own = frame.columns.get(NUMBER);
  if (!own || own.kind === 'text') return new Int32Array(numbers.length).fill(-1);
  if (own.values.length === numbers.length && own.values.every((value, row) => value === numbers[row]))
    return undefined;
  const rows = new Map<number, number>();
  for (let row = 0; row < frame.size; row += 1) rows.set(own.values[row] ?? -1, row);
  return Int32Array.from(numbers, (number) => rows.get(number) ?? -1);
}

/** Add the columns of an answer that selected `number`, and of which rows may be missing or in another order. */
export function addColumns(frame: Frame, answer: Frame, whole: boolean): Frame {
  const numbers = answer.columns.get(NUMBER);
  if (!numbers || numbers.kind === 'text') return frame;
  const aligned = alignRows(frame, numbers.values);
  const columns = new Map(frame.columns);
  const known = new Set(frame.whole);
  for (const [name, cells] of answer.columns) {
    if (name === NUMBER || frame.whole.has(name)) continue;
    if (aligned) {
      const draft = emptyLike(cells, frame.size);
      copyRows(draft, cells, answer.size, (row) => aligned[row] ?? -1);
      columns.set(name, draft.finish());
    } else {
      columns.set(name, cells);
    }
    if (whole) known.add(name);
  }
  return { ...frame, columns, whole: known };
}

/**
 * Work in what was read anew of some runs.
 *
 * `asked`: ids of the runs that were asked for; those that the answer lacks do not match any more. The answer has the same columns as the frame; new runs come first.
 */
export function patchFrame(frame: Frame, asked: readonly string[], answer: Frame): Frame {
  const found = new Set(answer.ids);
  const gone = new Set(asked.filter((id) => !found.has(id)).map((id) => rowOf(frame, id)));
  gone.delete(undefined);
  const added = answer.ids.flatMap((id, row) => (rowOf(frame, id) === undefined ? [row] : []));
  if (gone.size === 0 && added.length === 0) return patchInPlace(frame, answer);
  const kept: number[] = [];
  for (let row = 0; row < frame.size; row += 1) if (!gone.has(row)) kept.push(row);
  const size = added.length + kept.length;
  const old = new Int32Array(frame.size).fill(-1);
  kept.forEach((row, place) => {
    old[row] = added.length + place;
  });
  const fresh = new Int32Array(answer.size).fill(-1);
  answer.ids.forEach((id, row) => {
    const before = rowOf(frame, id);
    fresh[row] = before === undefined ? -1 : (old[before] ?? -1);
  });
  added.forEach((row, place) => {
    fresh[row] = place;
  });
  const columns = new Map<string, Cells>();
  for (const [name, cells] of frame.columns) {
    const draft = emptyLike(cells, size);
    copyRows(draft, cells, frame.size, (row) => old[row] ?? -1);
    const news = answer.columns.get(name);
    if (news) {
      for (const at of fresh) clearRow(draft, at);
      copyRows(draft, news, answer.size, (row) => fresh[row] ?? -1);
    }
    columns.set(name, draft.finish());
  }
  const ids = [...added.map((row) => answer.ids[row] ?? ''), ...kept.map((row) => frame.ids[row] ?? '')];
  const change = added.length - gone.size;
  return {
    ...frame,
    size,
    ids,
    columns,
    matching: frame.matching + change,
    total: Math.max(frame.total + change, size),
  };
}

function clearRow(draft: Draft, at: number): void {
  if (at < 0) return;
  if (draft.kind === 'text') draft.codes[at] = MISSING;
  else draft.present[at] = 0;
}

/** The same rows with other values. Columns in which nothing changed stay the very same, so that nothing is reckoned anew for them. */
function patchInPlace(frame: Frame, answer: Frame): Frame {
  const rows = answer.ids.map((id) => rowOf(frame, id) ?? -1);
  let columns: Map<string, Cells> | undefined;
  for (const [name, cells] of frame.columns) {
    const news = answer.columns.get(name);
    if (!news || news.kind !== cells.kind) continue;
    const differs = rows.some((row, place) => row >= 0 && !sameCell(cells, row, news, place));
    if (!differs) continue;
    columns ??= new Map(frame.columns);
    columns.set(name, replaceRows(cells, rows, news));
  }
  return columns ? { ...frame, columns } : frame;
}

function sameCell(a: Cells, rowA: number, b: Cells, rowB: number): boolean {
  if (hasCell(a, rowA) !== hasCell(b, rowB)) return false;
  if (a.kind === 'text' || b.kind === 'text') return textAt(a, rowA) === textAt(b, rowB);
  return Object.is(a.values[rowA], b.values[rowB]) || !hasCell(a, rowA);
}

function replaceRows(cells: Cells, rows: readonly number[], news: Cells): Cells {
  if (cells.kind === 'text' && news.kind === 'text') {
    // Texts that nobody has any more are dropped once they are many.
    const compact = cells.texts.length > 2 * cells.codes.length + 1000;
    const draft = emptyLike(cells, cells.codes.length);
    if (compact) {
      copyRows(draft, cells, cells.codes.length, (row) => row);
    } else {
      draft.codes = cells.codes.slice();
      draft.texts = [...cells.texts];
    }
    const known = new Map(draft.texts.map((text, code) => [text, code]));
    draft.known = known;
    rows.forEach((row, place) => {
      if (row >= 0) draft.codes[row] = hasCell(news, place) ? codeIn(draft, textAt(news, place)) : MISSING;
    });
    return draft.finish();
  }
  if (cells.kind === 'text' || news.kind === 'text') return cells;
  const values = cells.values.slice();
  const present = cells.present.slice();
  rows.forEach((row, place) => {
    if (row < 0) return;
    values[row] = news.values[place] ?? 0;
    present[row] = news.present[place] ?? 0;
  });
  return { kind: cells.kind, values, present };
}
