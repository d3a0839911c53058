/** The state of the runs workspace, as it stands in its address and in saved views. */

import { type ChartState, readChartState } from '@/lib/chartState';
import { compact, finite, flag, oneOf, type Raw, text, texts } from '@/lib/search';

export interface Workspace extends ChartState {
  /** `split` (table left, charts right) if left out. */
  mode?: 'table' | 'charts';
  /** Filter in the search language. */
  q?: string;
  /** `order_by` clauses of the search language, the first counts most: `metrics.loss ASC`. */
  sort?: string[];
  /** Columns in their order, as `tables.runs` selects them: `params.lr`, `min(metrics.loss)`. Left out: chosen by the page. */
  cols?: string[];
  /** How many columns after the first stay in place. */
  pins?: number;
  /** Widths in pixels of columns that were resized. */
  widths?: Record<string, number>;
  /** Fields that rows are grouped by: `params.model`. */
  group?: string[];
  /** Which runs are drawn: the first so many rows (10 if left out), or these ids. */
  show?: number | string[];
  /** The field by whose value runs are coloured; each has its own colour if left out. */
  color?: string;
  /** Leave out columns that are the same in all rows. */
  diff?: true;
  /** Runs as a tree of parents and children. */
  tree?: true;
  /** Runs in the trash instead. */
  trash?: true;
  dense?: true;
  /** Share of the width that the table has in split mode, 0.2 to 0.8. */
  split?: number;
  /** The saved view that all this is built on. */
  view?: string;
}

/** Read it from an address. */
export function readWorkspace(raw: Raw): Workspace {
  return {
    ...readChartState(raw),
    ...(compact({
      mode: oneOf(raw.mode, ['table', 'charts']),
      q: text(raw.q),
      sort: texts(raw.sort),
      cols: texts(raw.cols),
      pins: finite(raw.pins, 0, 10),
      widths: widths(raw.widths),
      group: texts(raw.group),
      show: finite(raw.show, 0, 500) ?? texts(raw.show),
      color: text(raw.color),
      diff: flag(raw.diff),
      tree: flag(raw.tree),
      trash: flag(raw.trash),
      dense: flag(raw.dense),
      split: finite(raw.split, 0.2, 0.8),
      view: text(raw.view),
    }) as Workspace),
  };
}

function widths(value: unknown): Record<string, number> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const found = Object.entries(value).flatMap(([key, each]) => {
    const width = finite(each, 40, 1200);
    return width === undefined ? [] : [[key, width] as const];
  });
  return found.length ? Object.fromEntries(found) : undefined;
}
