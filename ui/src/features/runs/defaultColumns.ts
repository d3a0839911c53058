/** Which columns are shown before anybody has chosen: the metrics that tell runs apart, then the params that differ. */

import { readField } from './fields';
import type { Cells } from './frame';
import { statsOf } from './stats';

const MOST_METRICS = 5;
const MOST_OF_FAMILY = 2;
const MOST_PARAMS = 8;
export const LAST_COLUMNS: readonly string[] = ['start_time', 'duration'];

/** A column that may be shown, with the values that are known of it. */
export interface Candidate {
  name: string;
  cells: Cells;
}

/** How far the values of a metric lie apart, against their size: 0 to 2; times the share of the runs that have it. */
export function spreadOf(cells: Cells): number {
  const { count, min, max } = statsOf(cells);
  const rows = cells.kind === 'text' ? cells.codes.length : cells.values.length;
  if (count === 0 || rows === 0 || !(max > min)) return 0;
  return ((max - min) / Math.max(Math.abs(min), Math.abs(max))) * (count / rows);
}

/** Metrics by spread, the largest first; those of the machine (`system/...`) are no results. */
function rankMetrics(metrics: readonly Candidate[]): string[] {
  return metrics
    .filter(({ name }) => !readField(name).key.startsWith('system/'))
    .map(({ name, cells }) => ({ name, spread: spreadOf(cells) }))
    .filter(({ spread }) => spread > 0)
    .sort((a, b) => b.spread - a.spread)
    .map(({ name }) => name);
}

/** Params that are not the same in all runs: first those with several values, then those that some runs lack; each those that most runs have first. */
function rankParams(params: readonly Candidate[]): string[] {
  return params
    .map(({ name, cells }) => ({ name, stats: statsOf(cells) }))
    .filter(({ stats }) => !stats.constant)
    .sort(
      (a, b) =>
        Number(b.stats.distinct > 1) - Number(a.stats.distinct > 1) ||
        b.stats.count - a.stats.count ||
        a.name.localeCompare(b.name, 'en', { numeric: true }),
    )
    .map(({ name }) => name);
}

/** The first of a list, but no more than `most` of one family (`test/class_1`, `test/class_2`): a hundred like ones would leave no room for others. */
function mixFamilies(names: readonly string[], most: number): string[] {
  const counts = new Map<string, number>();
  const late: string[] = [];
  const first = names.filter((name) => {
    const { key } = readField(name);
    const slash = key.indexOf('/');
    if (slash < 0) return true;
    const family = key.slice(0, slash);
    const count = (counts.get(family) ?? 0) + 1;
    counts.set(family, count);
    if (count > most) late.push(name);
    return count <= most;
  });
  return [...first, ...late];
}

/** The columns of a table that nobody has arranged. With `all`, whatever differs. */
export function chooseColumns(metrics: readonly Candidate[], params: readonly Candidate[], all = false): string[] {
  const ranked = rankMetrics(metrics);
  // One run, or all alike: there is no spread, and yet results are what one looks for.
  const shown =
    ranked.length > 0 ? ranked : metrics.filter(({ cells }) => statsOf(cells).count > 0).map(({ name }) => name);
  const differing = rankParams(params);
  const inputs = differing.length > 0 || all ? differing : params.map(({ name }) => name);
  return [
    ...(all ? ranked : mixFamilies(shown, MOST_OF_FAMILY).slice(0, MOST_METRICS)),
    ...(all ? inputs : inputs.slice(0, MOST_PARAMS)),
    ...LAST_COLUMNS,
  ];
}

/** The choice of before with what has come since, as far as there is room: nothing that is on the screen moves away. */
export function growChoice(before: readonly string[], chosen: readonly string[], all = false): string[] {
  const most = (entity: string): number =>
    all ? Number.POSITIVE_INFINITY : entity === 'metric' ? MOST_METRICS : MOST_PARAMS;
  const grown = [...before];
  for (const name of chosen) {
    if (grown.includes(name)) continue;
    const { entity } = readField(name);
    const same = grown.filter((each) => readField(each).entity === entity);
    if (same.length >= most(entity)) continue;
    const last = same.at(-1);
    const place =
      last !== undefined ? grown.indexOf(last) + 1 : entity === 'metric' ? 0 : grown.length - LAST_COLUMNS.length;
    grown.splice(place, 0, name);
  }
  return grown;
}
