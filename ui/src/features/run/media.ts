/** The media of a run by key and step: images logged in a series, pictures, sounds, films and tables that are files, read from their paths. */

import { kindOf } from './kinds';

export type MediaKind = 'image' | 'audio' | 'video' | 'table';

/** What can be seen at a glance comes first. */
const ORDER: readonly MediaKind[] = ['image', 'video', 'audio', 'table'];

/** One picture, sound, film or table. */
export interface MediaItem {
  kind: MediaKind;
  key: string;
  path: string;
  /** Missing: it belongs to no step, and is shown at all of them. */
  step?: number;
  /** Unix ms, of images in a series. */
  time?: number;
  /** A small copy, for overviews. */
  thumb?: string;
}

/** All items of one key, by step and time. */
export interface MediaSeries {
  kind: MediaKind;
  key: string;
  items: readonly MediaItem[];
  /** Ascending, each once. */
  steps: readonly number[];
}

/** MLflow 2 wrote `%` between the parts of the name, later ones `+`; a slash of the key is `#` or `~` there. */
const SERIES_NAME =
  /^images\/(.+)[+%]step[+%](-?\d+)[+%]timestamp[+%](\d+)[+%]([0-9a-f-]{36})([+%]compressed)?\.(png|webp)$/i;
const STEP_IN_NAME = /(^|[_.\-+ ])(step|epoch|iter|iteration)s?[_\-= ]?(\d+)(?=[_.\-+ ]|$)/i;

/** The item that a file of the folder `images` is; undefined if its name is of no series. `compressed` says that it is the small copy. */
export function readSeriesName(path: string): { item: MediaItem; id: string; compressed: boolean } | undefined {
  const found = SERIES_NAME.exec(path);
  if (!found) return undefined;
  const [, key = '', step = '', time = '', uuid = '', compressed] = found;
  const item: MediaItem = {
    kind: 'image',
    key: key.replaceAll(/[~#]/g, '/'),
    path,
    step: Number(step),
    time: Number(time),
  };
  return { item, id: `${key}+${step}+${time}+${uuid}`, compressed: compressed !== undefined };
}

/** A path without the step in it, and the step: `plots/step_10/roc.png` is `plots/roc.png` at 10, `step_10.png` is `step.png`. */
export function splitStep(path: string): { key: string; step?: number } {
  const parts = path.split('/');
  const place = parts.findLastIndex((part) => STEP_IN_NAME.test(part));
  const part = parts[place];
  const found = part === undefined ? null : STEP_IN_NAME.exec(part);
  if (part === undefined || !found) return { key: path };
  const [whole, before = '', word = '', digits = ''] = found;
  const left = part.slice(0, found.index);
  const right = part.slice(found.index + whole.length);
  const isFile = place === parts.length - 1;
  const stem = left || (isFile ? word : '');
  const rest = stem + (left && right && !/^[.]/.test(right) ? right.replace(/^[_.\-+ ]/, before) : right);
  parts.splice(place, 1, ...(isFile || left || right ? [rest.replace(/^[_.\-+ ]+/, '')] : []));
  return { key: parts.join('/'), step: Number(digits) };
}

/** The media among files, given by their paths, by kind and key; `tables` are the paths of logged tables. */
export function indexMedia(paths: readonly string[], tables: readonly string[] = []): MediaSeries[] {
  const items: MediaItem[] = [];
  const series = new Map<string, MediaItem>();
  const thumbs = new Map<string, string>();
  for (const path of paths) {
    const read = readSeriesName(path);
    if (read?.compressed) thumbs.set(read.id, path);
    else if (read) series.set(read.id, read.item);
    else {
      const kind = kindOf(path);
      if (kind === 'image' || kind === 'audio' || kind === 'video') items.push({ kind, path, ...splitStep(path) });
    }
  }
  for (const [id, item] of series) {
    const thumb = thumbs.get(id);
    items.push(thumb ? { ...item, thumb } : item);
  }
  for (const path of tables) items.push({ kind: 'table', path, ...splitStep(path) });
  return group(items);
}

function group(items: readonly MediaItem[]): MediaSeries[] {
  const grouped = new Map<string, MediaItem[]>();
  for (const item of items) {
    const name = `${item.kind} ${item.key}`;
    const members = grouped.get(name);
    if (members) members.push(item);
    else grouped.set(name, [item]);
  }
  const found: MediaSeries[] = [];
  for (const members of grouped.values()) {
    const [first] = members;
    if (!first) continue;
    members.sort(
      (a, b) => (a.step ?? 0) - (b.step ?? 0) || (a.time ?? 0) - (b.time ?? 0) || a.path.localeCompare(b.path),
    );
    const steps = new Set(members.map(({ step }) => step).filter((step) => step !== undefined));
    found.push({ kind: first.kind, key: first.key, items: members, steps: [...steps] });
  }
  return found.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || a.key.localeCompare(b.key));
}

/** All steps of all series, ascending, each once: the stops of the slider. */
export function unionOfSteps(series: readonly MediaSeries[]): number[] {
  return [...new Set(series.flatMap(({ steps }) => steps))].sort((a, b) => a - b);
}

/** The step of a series that stands for `step`: the last one up to it, or else its first. */
export function nearestStep(steps: readonly number[], step: number): number | undefined {
  let found = steps[0];
  for (const each of steps) {
    if (each > step) break;
    found = each;
  }
  return found;
}

/** What a series shows at a step: all items of the nearest one, and those that belong to no step. */
export function itemsAt(series: MediaSeries, step: number | undefined): readonly MediaItem[] {
  const shown = step === undefined ? series.steps.at(-1) : nearestStep(series.steps, step);
  return series.items.filter((item) => item.step === undefined || item.step === shown);
}

/** The paths of the logged tables, as the tag `mlflow.loggedArtifacts` lists them; nothing if it is damaged. */
export function readTableList(tag: string | undefined): string[] {
  if (!tag) return [];
  try {
    const listed: unknown = JSON.parse(tag);
    if (!Array.isArray(listed)) return [];
    return listed.flatMap((each: unknown) =>
      typeof each === 'object' &&
      each !== null &&
      'path' in each &&
      'type' in each &&
      each.type === 'table' &&
      typeof each.path === 'string'
        ? [each.path]
        : [],
    );
  } catch {
    return [];
  }
}

/** Path of the image that a cell of a logged table stands for, and of its small copy; undefined if it is no image. */
export function readImageCell(cell: string): { path: string; thumb: string } | undefined {
  if (!cell.startsWith('{') || !cell.includes('"filepath"')) return undefined;
  try {
    const value: unknown = JSON.parse(cell);
    if (typeof value !== 'object' || value === null || !('filepath' in value) || typeof value.filepath !== 'string')
      return undefined;
    const thumb =
      'compressed_filepath' in value && typeof value.compressed_filepath === 'string'
        ? value.compressed_filepath
        : value.filepath;
    return { path: value.filepath, thumb };
  } catch {
    return undefined;
  }
}
