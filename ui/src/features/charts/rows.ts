/** The rows of a panel: heads of sections, charts side by side, single values, and what is not known yet. */

import { type Section, SYSTEM } from './sections';
import type { KeyKind } from './survey';

/** A row of the panel, and its height in pixels. */
export type Row =
  | { kind: 'section'; id: string; height: number; prefix: string; title: string; count: number; isFolded: boolean }
  | { kind: 'charts'; id: string; height: number; prefix: string; keys: string[] }
  | { kind: 'values'; id: string; height: number; prefix: string; keys: string[] }
  /** Metrics of which it is not known how many points they have: asked for when the row is in sight. */
  | { kind: 'wait'; id: string; height: number; keys: string[] };

/** How rows are laid out. */
export interface Layout {
  columns: number;
  chartHeight: number;
  /** Height of a card for so many metrics with one value each. */
  valuesHeight: (keys: number) => number;
  folded: ReadonlySet<string>;
}

export const PINNED = ':pinned';
const SECTION_HEIGHT = 34;
/** So many metrics are looked at at a time. */
const CHUNK = 200;
/** Of more metrics than these it is not found out which have charts before they are in sight: sections stay in their order. */
const MOST_SORTED = 1000;

/**
 * Lay sections out. Within one, charts come first, then single values; what the shown runs do not have is left out and counted.
 * Sections without any chart come behind the others, which they would push out of sight, unless there are very many metrics; what the machine did comes last.
 */
export function layOut(
  sections: readonly Section[],
  kindOf: (key: string) => KeyKind,
  layout: Layout,
): { rows: Row[]; absent: number } {
  const charts: Row[] = [];
  const values: Row[] = [];
  const system: Row[] = [];
  const unknown: string[] = [];
  let absent = 0;
  const isSorted = sections.reduce((sum, { keys }) => sum + keys.length, 0) <= MOST_SORTED;
  for (const section of sections) {
    const { prefix, keys } = section;
    const isFolded = layout.folded.has(prefix);
    const isPinned = prefix === PINNED;
    const kinds = isPinned || isFolded ? [] : keys.map(kindOf);
    const missing = kinds.filter((kind) => kind === 'none').length;
    absent += missing;
    if (missing === keys.length) continue;
    unknown.push(...keys.filter((_, i) => kinds[i] === 'unknown'));
    const isValues = isSorted && kinds.length > 0 && !kinds.includes('line') && !kinds.includes('unknown');
    const rows = prefix === SYSTEM ? system : isValues ? values : charts;
    const title = isPinned ? 'Pinned' : prefix === '' ? 'Metrics' : prefix;
    // A head over the only section would say nothing.
    if (sections.length > 1 || isFolded || prefix !== '') {
      rows.push({
        kind: 'section',
        id: `section ${prefix}`,
        height: SECTION_HEIGHT,
        prefix,
        title,
        count: keys.length - missing,
        isFolded,
      });
    }
    if (!isFolded) rows.push(...fillSection(section, kinds, layout));
  }
  // One question for what comes next is better than one for each section.
  const first = [...charts, ...system].find((row) => row.kind === 'wait');
  if (first?.kind === 'wait') first.keys = [...new Set([...first.keys, ...unknown.slice(0, CHUNK)])];
  return { rows: [...charts, ...values, ...system], absent };
}

function fillSection({ prefix, keys }: Section, kinds: readonly KeyKind[], layout: Layout): Row[] {
  const rows: Row[] = [];
  const isPinned = prefix === PINNED;
  const charts = isPinned ? keys : keys.filter((_, i) => kinds[i] === 'line');
  for (let from = 0; from < charts.length; from += layout.columns) {
    const some = charts.slice(from, from + layout.columns);
    rows.push({
      kind: 'charts',
      id: `charts ${prefix} ${some[0]}`,
      height: layout.chartHeight + 8,
      prefix: isPinned ? '' : prefix,
      keys: some,
    });
  }
  if (isPinned) return rows;
  const singles = keys.filter((_, i) => kinds[i] === 'single');
  if (singles.length)
    rows.push({
      kind: 'values',
      id: `values ${prefix}`,
      height: layout.valuesHeight(singles.length) + 8,
      prefix,
      keys: singles,
    });
  const unknown = keys.filter((_, i) => kinds[i] === 'unknown').slice(0, CHUNK);
  if (unknown.length)
    rows.push({ kind: 'wait', id: `wait ${prefix} ${unknown[0]}`, height: layout.chartHeight + 8, keys: unknown });
  return rows;
}

/** All charts of the rows in their order. */
export const listCharts = (rows: readonly Row[]): string[] =>
  rows.flatMap((row) => (row.kind === 'charts' ? row.keys : []));
