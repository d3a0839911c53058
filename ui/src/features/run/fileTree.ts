/** The files of a run as the rows of a tree: of each open folder what has been listed so far. */

import type { FileInfo } from '@/api/calls';
import { folderOf } from './kinds';

/** One row: a file, a folder, or what stands there instead of a folder's entries. */
export interface FileRow {
  kind: 'file' | 'folder' | 'waiting' | 'failed' | 'empty';
  path: string;
  depth: number;
  /** In bytes, of files. */
  size: number;
  open: boolean;
}

/** What is known of a folder's entries. */
export interface Listing {
  files?: readonly FileInfo[] | undefined;
  failed?: boolean;
}

/** The rows that are to be seen. */
export function listFileRows(listings: ReadonlyMap<string, Listing>, open: ReadonlySet<string>): FileRow[] {
  const rows: FileRow[] = [];
  const add = (folder: string, depth: number) => {
    const listing = listings.get(folder);
    const row = (kind: FileRow['kind'], path: string, size = 0, isOpen = false) =>
      rows.push({ kind, path, depth, size, open: isOpen });
    if (listing?.failed) row('failed', folder);
    else if (!listing?.files) row('waiting', folder);
    else if (listing.files.length === 0) row('empty', folder);
    for (const file of listing?.files ?? []) {
      if (!file.is_dir) {
        row('file', file.path, Number(file.file_size ?? 0));
        continue;
      }
      const isOpen = open.has(file.path);
      row('folder', file.path, 0, isOpen);
      if (isOpen) add(file.path, depth + 1);
    }
  };
  add('', 0);
  return rows;
}

/** All folders above a path, the top one left out: of `a/b/c` these are `a` and `a/b`. */
export function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let folder = folderOf(path); folder; folder = folderOf(folder)) folders.unshift(folder);
  return folders;
}

/** Where an arrow key leads from a row; undefined if nowhere. */
export function stepTo(
  rows: readonly FileRow[],
  from: number,
  key: string,
): { go?: number; toggle?: string } | undefined {
  const row = rows[from];
  if (!row) return rows.length ? { go: 0 } : undefined;
  const isStop = (each: FileRow | undefined) => each !== undefined && (each.kind === 'file' || each.kind === 'folder');
  if (key === 'ArrowDown' || key === 'ArrowUp') {
    const way = key === 'ArrowDown' ? 1 : -1;
    for (let to = from + way; to >= 0 && to < rows.length; to += way) if (isStop(rows[to])) return { go: to };
    return undefined;
  }
  if (key === 'Home') return { go: 0 };
  if (key === 'End') return { go: rows.findLastIndex(isStop) };
  if (key === 'ArrowRight' && row.kind === 'folder')
    return row.open ? stepTo(rows, from, 'ArrowDown') : { toggle: row.path };
  if (key === 'ArrowLeft') {
    if (row.kind === 'folder' && row.open) return { toggle: row.path };
    const above = rows.findIndex((each) => each.path === folderOf(row.path) && each.kind === 'folder');
    return above < 0 ? undefined : { go: above };
  }
  return undefined;
}
