/** The head of a table in a text with separators, or as JSON lines, read in the page: for what the server does not read itself. */

/** A table's head; every cell is a text. */
export interface TableHead {
  columns: readonly { name: string; type: string }[];
  rows: readonly (readonly string[])[];
  /** How many rows there are in all, if that is known. */
  total?: number;
}

const QUOTE = '"';

/** Read up to `most` records of a text with separators (RFC 4180). With `cut` the text ends anywhere, and its last record is left out. */
export function readRecords(text: string, separator: string, most: number, cut = false): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let field = '';
  let quoted = false;
  let place = text.startsWith('\uFEFF') ? 1 : 0;
  const endRecord = () => {
    record.push(field);
    field = '';
    if (record.length > 1 || record[0] !== '') records.push(record);
    record = [];
  };
  for (; place < text.length && records.length < most; place += 1) {
    const character = text.charAt(place);
    if (quoted) {
      if (character !== QUOTE) field += character;
      else if (text.charAt(place + 1) === QUOTE) {
        field += QUOTE;
        place += 1;
      } else quoted = false;
    } else if (character === QUOTE && field === '') quoted = true;
    else if (character === separator) {
      record.push(field);
      field = '';
    } else if (character === '\n') endRecord();
    else if (character !== '\r') field += character;
  }
  if (records.length < most && !cut && (field !== '' || record.length > 0)) endRecord();
  return records;
}

/** The head of a table with separators, whose first record names the columns. */
export function readDelimited(text: string, separator: string, most: number, cut = false): TableHead {
  const [names = [], ...rows] = readRecords(text, separator, most + 1, cut);
  const width = Math.max(names.length, ...rows.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, place) => ({
    name: names[place] ?? '',
    type: guessType(rows, place),
  }));
  return { columns, rows: rows.map((row) => Array.from({ length: width }, (_, place) => row[place] ?? '')) };
}

/** The head of a table of JSON lines: each line an object, whose keys are the columns. */
export function readJsonLines(text: string, most: number, cut = false): TableHead {
  const lines = text.split('\n');
  if (cut) lines.pop();
  const objects: Record<string, unknown>[] = [];
  for (const line of lines) {
    if (objects.length >= most) break;
    if (!line.trim()) continue;
    const value: unknown = JSON.parse(line);
    objects.push(
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? (value as Record<string, unknown>)
        : { value },
    );
  }
  const names = [...new Set(objects.flatMap((each) => Object.keys(each)))];
  const rows = objects.map((each) => names.map((name) => writeCell(each[name])));
  return { columns: names.map((name, place) => ({ name, type: guessType(rows, place) })), rows };
}

/** The table that a JSON value is, as `log_table` writes it (`columns` and `data`); undefined if it is none. */
export function readSplitTable(value: unknown, most: number): TableHead | undefined {
  if (typeof value !== 'object' || value === null || !('columns' in value) || !('data' in value)) return undefined;
  const { columns, data } = value;
  if (!Array.isArray(columns) || !Array.isArray(data) || !data.every(Array.isArray)) return undefined;
  const rows = data.slice(0, most).map((row: unknown[]) => columns.map((_, place) => writeCell(row[place])));
  return {
    columns: columns.map((name: unknown, place) => ({ name: String(name), type: guessType(rows, place) })),
    rows,
    total: data.length,
  };
}

/** A value of JSON as the text of a cell. */
export const writeCell = (value: unknown): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);

function guessType(rows: readonly (readonly string[])[], place: number): string {
  let seen = false;
  for (const row of rows) {
    const cell = row[place]?.trim();
    if (!cell) continue;
    if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^nan$|^[+-]?inf(inity)?$/i.test(cell)) return 'text';
    seen = true;
  }
  return seen ? 'number' : 'text';
}
