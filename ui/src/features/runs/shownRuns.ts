/** Which runs or groups the charts draw, and how a click on an eye changes that. */

import { MOST_MEMBERS, MOST_RUNS, type RunGroup, type ShownRun } from '@/features/charts/shown';
import type { RunColors } from './coloring';
import { type Frame, NUMBER, numberAt, rowOf, textAt } from './frame';
import type { RowGroup } from './grouping';
import type { Lines } from './rows';

/** How many of the first lines the charts show when nothing is said. */
export const DEFAULT_SHOWN = 10;

/** Names of the runs (or of the groups) that are shown: the first so many lines, or those that the address names. */
export function shownNames(lines: Lines, show: number | readonly string[] | undefined, grouped: boolean): string[] {
  if (typeof show === 'object') return show.slice(0, MOST_RUNS);
  const most = Math.min(show ?? DEFAULT_SHOWN, MOST_RUNS);
  const names: string[] = [];
  for (let place = 0; place < lines.size && names.length < most; place += 1) {
    const line = lines.at(place);
    if (line?.kind === 'group') names.push(line.group.name);
    else if (line && !grouped && !line.dimmed) names.push(line.id);
  }
  return names;
}

/** The names after a click on the eye of one of them. */
export function toggleShown(names: readonly string[], name: string): number | string[] {
  const next = names.includes(name) ? names.filter((each) => each !== name) : [...names, name];
  return next.length === 0 ? 0 : next;
}

/** What the charts need to know of runs. */
export function describeRuns(
  frame: Frame,
  ids: readonly string[],
  experimentId: string,
  colors?: RunColors,
): ShownRun[] {
  const columns = frame.columns;
  const numbers = columns.get(NUMBER);
  const started = columns.get('start_time');
  return ids.flatMap((runId) => {
    const row = rowOf(frame, runId);
    if (row === undefined) return [];
    return [
      {
        runId,
        name: textAt(columns.get('run_name'), row) || runId,
        number: numbers ? numberAt(numbers, row) : row,
        color: colors?.ofRow(row),
        experimentId,
        running: textAt(columns.get('status'), row) === 'RUNNING',
        startTime: started ? numberAt(started, row) : 0,
      },
    ];
  });
}

/** What the charts need to know of groups. */
export function describeGroups(
  frame: Frame,
  groups: readonly RowGroup[],
  names: readonly string[],
  colors?: RunColors,
): RunGroup[] {
  const wanted = new Set(names);
  let room = MOST_MEMBERS;
  return groups
    .filter(({ name }) => wanted.has(name))
    .map(({ name, number, rows }) => {
      const runIds = Array.from(rows.subarray(0, room), (row) => frame.ids[row] ?? '');
      room -= runIds.length;
      return { name, number, color: colors?.ofGroup(rows), runIds };
    });
}

/** How many runs or groups are shown, if what gives the colours is there in others but in none of them; 0 else. */
export function countGrey(
  frame: Frame,
  groups: readonly RowGroup[],
  names: readonly string[],
  colors: RunColors,
): number {
  if (colors.legend.kind === 'none') return 0; // the legend says so of all
  const wanted = new Set(names);
  const shown = groups.length
    ? groups.filter(({ name }) => wanted.has(name)).map(({ rows }) => rows)
    : names.flatMap((runId) => {
        const row = rowOf(frame, runId);
        return row === undefined ? [] : [[row]];
      });
  return shown.some((rows) => rows.some((row) => colors.isColored(row))) ? 0 : shown.length;
}

/** Whether two lists say the same, so that the charts need not look at the second. */
export const sameRuns = (a: readonly ShownRun[], b: readonly ShownRun[]): boolean =>
  a.length === b.length &&
  a.every((run, place) => {
    const other = b[place];
    return (
      other?.runId === run.runId &&
      other.name === run.name &&
      other.number === run.number &&
      other.color === run.color &&
      other.running === run.running &&
      other.startTime === run.startTime
    );
  });

/** The same of groups. */
export const sameGroups = (a: readonly RunGroup[], b: readonly RunGroup[]): boolean =>
  a.length === b.length &&
  a.every((group, place) => {
    const other = b[place];
    return (
      other?.name === group.name &&
      other.number === group.number &&
      other.color === group.color &&
      other.runIds.length === group.runIds.length &&
      other.runIds.every((id, at) => id === group.runIds[at])
    );
  });
