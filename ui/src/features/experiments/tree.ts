/** Experiments as a tree: slashes in a name make folders. Flat rows come out, ready to be drawn one below the other. */

import type { ExperimentOverview } from '@/api/calls';

export type Sort = 'name' | 'created' | 'last' | 'runs';

/** What a folder holds, all the way down. Times are Unix milliseconds. */
export interface FolderRow {
  kind: 'folder';
  /** The part of the names that its experiments share, without the last slash. */
  path: string;
  name: string;
  depth: number;
  isOpen: boolean;
  experiments: number;
  runs: number;
  running: number;
  last: number | undefined;
  created: number;
}

export interface ExperimentRow {
  kind: 'experiment';
  /** The last part of its name. */
  name: string;
  depth: number;
  experiment: ExperimentOverview;
}

export type TreeRow = FolderRow | ExperimentRow;

/** In `open` of an address: no folder is. An empty list could not be told from none. */
export const NONE_OPEN = '/';

/** So many rows are shown without folding any. */
const SHOWN_OPEN = 60;

const NAMES = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** The folders and the last part of a name. Slashes at its ends, and doubled ones, belong to the parts. */
export const splitName = (name: string): string[] => name.split(/(?<=[^/])\/(?=[^/])/);

/** The folder that a name is in; empty at the top. */
export const folderOf = (name: string): string => splitName(name).slice(0, -1).join('/');

/** A name in a folder; the top is an empty folder. */
export const joinName = (folder: string, leaf: string): string => (folder ? `${folder}/${leaf}` : leaf);

interface Folder {
  path: string;
  name: string;
  folders: Map<string, Folder>;
  experiments: ExperimentOverview[];
}

/** All folders of some experiments, by path. */
export function listFolders(experiments: readonly ExperimentOverview[]): string[] {
  const found = new Set<string>();
  for (const { name } of experiments) {
    const parts = splitName(name);
    for (let length = 1; length < parts.length; length += 1) found.add(parts.slice(0, length).join('/'));
  }
  return [...found].sort(NAMES.compare);
}

/** Which folders are open: as the address says, or all of a small tree and none of a large one. */
export function readOpen(open: readonly string[] | undefined, experiments: readonly ExperimentOverview[]): Set<string> {
  if (open) return new Set(open.filter((path) => path !== NONE_OPEN));
  return new Set(experiments.length <= SHOWN_OPEN ? listFolders(experiments) : []);
}

/** Whether an experiment's name, note or a tag holds every word. */
export function matches(experiment: ExperimentOverview, query: string): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const tags = (experiment.tags ?? []).map(
    ({ key, value }) => `${key.startsWith('mlflow.') ? '' : key} ${value ?? ''}`,
  );
  const text = [experiment.name, experiment.experiment_id, ...tags].join('\n').toLowerCase();
  return words.every((word) => text.includes(word));
}

interface Choice {
  open: ReadonlySet<string>;
  query: string;
  sort: Sort;
}

/** The rows to show. While something is searched for, all folders with a match are open, whatever `open` says. */
export function buildRows(experiments: readonly ExperimentOverview[], { open, query, sort }: Choice): TreeRow[] {
  const top: Folder = { path: '', name: '', folders: new Map(), experiments: [] };
  const searched = query.trim() !== '';
  for (const experiment of experiments) {
    if (!searched || matches(experiment, query)) place(top, experiment);
  }
  const rows: TreeRow[] = [];
  addRows(top, 0, (path) => searched || open.has(path), sort, rows);
  return rows;
}

function place(top: Folder, experiment: ExperimentOverview): void {
  let folder = top;
  for (const name of splitName(experiment.name).slice(0, -1)) {
    let next = folder.folders.get(name);
    if (!next) {
      next = { path: joinName(folder.path, name), name, folders: new Map(), experiments: [] };
      folder.folders.set(name, next);
    }
    folder = next;
  }
  folder.experiments.push(experiment);
}

function addRows(folder: Folder, depth: number, isOpen: (path: string) => boolean, sort: Sort, rows: TreeRow[]): void {
  const folders = [...folder.folders.values()].map((each) => sum(each, depth, isOpen(each.path)));
  for (const row of folders.sort(compareBy(sort))) {
    rows.push(row);
    const inner = folder.folders.get(row.name);
    if (row.isOpen && inner) addRows(inner, depth + 1, isOpen, sort, rows);
  }
  const experiments = folder.experiments.map(
    (experiment): ExperimentRow => ({
      kind: 'experiment',
      name: splitName(experiment.name).at(-1) ?? experiment.name,
      depth,
      experiment,
    }),
  );
  rows.push(...experiments.sort(compareBy(sort)));
}

function sum(folder: Folder, depth: number, isOpen: boolean): FolderRow {
  const row: FolderRow = {
    kind: 'folder',
    path: folder.path,
    name: folder.name,
    depth,
    isOpen,
    experiments: 0,
    runs: 0,
    running: 0,
    last: undefined,
    created: 0,
  };
  const waiting = [folder];
  for (let each = waiting.pop(); each; each = waiting.pop()) {
    waiting.push(...each.folders.values());
    for (const experiment of each.experiments) {
      row.experiments += 1;
      row.runs += experiment.runs ?? 0;
      row.running += experiment.running ?? 0;
      row.created = Math.max(row.created, experiment.creation_time);
      if (experiment.last_run_time !== undefined) row.last = Math.max(row.last ?? 0, experiment.last_run_time);
    }
  }
  return row;
}

function compareBy(sort: Sort): (a: TreeRow, b: TreeRow) => number {
  const value = (row: TreeRow): number => {
    if (sort === 'runs') return row.kind === 'folder' ? row.runs : (row.experiment.runs ?? 0);
    if (sort === 'created') return row.kind === 'folder' ? row.created : row.experiment.creation_time;
    return (row.kind === 'folder' ? row.last : row.experiment.last_run_time) ?? 0;
  };
  const byName = (a: TreeRow, b: TreeRow) => NAMES.compare(a.name, b.name);
  return sort === 'name' ? byName : (a, b) => value(b) - value(a) || byName(a, b);
}
