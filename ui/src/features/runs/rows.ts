/** What stands in each line of the table: runs, heads of groups, or runs of a tree. */

import type { Frame } from './frame';
import type { RowGroup } from './grouping';
import type { TreeNode } from './tree';

/** A line that is a run. `below` counts the runs under it in a tree. */
export interface RunLine {
  kind: 'run';
  id: string;
  frame: Frame;
  row: number;
  depth: number;
  dimmed: boolean;
  below: number;
  open: boolean;
  /** The group that it is shown under. */
  under?: string;
}

/** A line that is the head of a group. */
export interface GroupLine {
  kind: 'group';
  group: RowGroup;
  frame: Frame;
  open: boolean;
}

export type Line = RunLine | GroupLine;

/** Lines that are made as they are looked at: there may be hundreds of thousands. */
export interface Lines {
  size: number;
  at(place: number): Line | undefined;
  /** Where the line of a run, or of a group, is. */
  find(name: string): number;
}

/** The name of what the charts draw for a line: of a run that is shown under a group, the group's. */
export const drawnName = (line: Line): string => (line.kind === 'run' ? (line.under ?? line.id) : line.group.name);

/** Runs one below another. */
export function flatLines(frame: Frame, order: Uint32Array): Lines {
  return {
    size: order.length,
    at: (place) => {
      const row = order[place];
      if (row === undefined) return undefined;
      return { kind: 'run', id: frame.ids[row] ?? '', frame, row, depth: 0, dimmed: false, below: 0, open: false };
    },
    find: (id) => order.findIndex((row) => frame.ids[row] === id),
  };
}

/** Heads of groups, and the runs of those that are open. */
export function groupLines(frame: Frame, groups: readonly RowGroup[], open: ReadonlySet<string>): Lines {
  const starts: number[] = [];
  let size = 0;
  for (const group of groups) {
    starts.push(size);
    size += 1 + (open.has(group.name) ? group.rows.length : 0);
  }
  const at = (place: number): Line | undefined => {
    if (place < 0 || place >= size) return undefined;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= place) low = middle;
      else high = middle - 1;
    }
    const group = groups[low];
    if (!group) return undefined;
    const within = place - (starts[low] ?? 0);
    if (within === 0) return { kind: 'group', group, frame, open: open.has(group.name) };
    const row = group.rows[within - 1] ?? 0;
    const id = frame.ids[row] ?? '';
    return { kind: 'run', id, frame, row, depth: 1, dimmed: false, below: 0, open: false, under: group.name };
  };
  const find = (name: string): number => {
    for (let place = 0; place < size; place += 1) {
      const line = at(place);
      if (line && (line.kind === 'run' ? line.id : line.group.name) === name) return place;
    }
    return -1;
  };
  return { size, at, find };
}

/** The nodes of a tree whose parents are all open. */
export function treeLines(roots: readonly TreeNode[], isOpen: (node: TreeNode) => boolean): Lines {
  const lines: RunLine[] = [];
  const walk = (nodes: readonly TreeNode[], depth: number): void => {
    for (const node of nodes) {
      const open = node.children.length > 0 && isOpen(node);
      const { id, frame, row, matches, children } = node;
      lines.push({ kind: 'run', id, frame, row, depth, dimmed: !matches, below: children.length, open });
      if (open) walk(children, depth + 1);
    }
  };
  walk(roots, 0);
  return { size: lines.length, at: (place) => lines[place], find: (id) => lines.findIndex((line) => line.id === id) };
}
