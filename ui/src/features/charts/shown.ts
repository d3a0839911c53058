/** What a panel of charts is asked to draw. */

/** A run that has lines of its own. */
export interface ShownRun {
  runId: string;
  name: string;
  /** Place in the order of creation: gives the colour. */
  number: number;
  /** Instead of that colour and its dash, where runs are coloured by a value. */
  color?: string | undefined;
  experimentId: string;
  running: boolean;
  /** Unix milliseconds. */
  startTime: number;
}

/** Runs that are drawn as one line with a band. */
export interface RunGroup {
  name: string;
  /** Gives the colour. */
  number: number;
  color?: string | undefined;
  runIds: readonly string[];
}

/** So many runs may have lines of their own (the server allows no more). */
export const MOST_RUNS = 500;
/** So many runs, in groups or not, and so many groups may be asked for at once. */
export const MOST_MEMBERS = 2000;
export const MOST_GROUPS = 200;

/** A line that is wanted: of a run (`runId`), or of a group. `id` changes with the members of a group. */
export interface LineId {
  id: string;
  runIds: readonly string[];
  group?: string;
}

/** The lines for runs and groups, no more than can be drawn. */
export function chooseLines(runs: readonly ShownRun[], groups: readonly RunGroup[]): LineId[] {
  const lines: LineId[] = runs.slice(0, MOST_RUNS).map(({ runId }) => ({ id: runId, runIds: [runId] }));
  let room = MOST_MEMBERS - lines.length;
  for (const group of groups.slice(0, MOST_GROUPS)) {
    const runIds = group.runIds.slice(0, room);
    room -= runIds.length;
    if (runIds.length) lines.push({ id: groupId(group), runIds, group: group.name });
  }
  return lines;
}

/** The id of a group's line; that of its highlight as well. */
export function groupId({ name, runIds }: RunGroup): string {
  let hash = 0;
  for (const id of runIds) for (let i = 0; i < id.length; i += 1) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) | 0;
  return `group:${runIds.length}:${(hash >>> 0).toString(36)}:${name}`;
}
