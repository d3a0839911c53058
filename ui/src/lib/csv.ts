/** Tables as CSV (RFC 4180). */

/** One cell: numbers with all their digits; NaN and infinities by name, as Python reads them. */
export function csvCell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return 'nan';
    return Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf';
  }
  // A spreadsheet would take such a text for a formula.
  const safe = /^[=+\-@\t\r]/.test(value) && !/^[+-]?[\d.]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Rows of cells, the first of which are the names of the columns. */
export function toCsv(rows: Iterable<readonly (string | number | undefined)[]>): string {
  const lines: string[] = [];
  for (const row of rows) lines.push(row.map(csvCell).join(','));
  return `${lines.join('\r\n')}\r\n`;
}
