/** Runs as a tree of parents and children. A filter reaches children: the parents of what matches are there too, dimmed. */

import { type Frame, PARENT, rowOf, textAt } from './frame';

/** A run of a tree, with those below it in order. `matches` is false for one that is there for its children alone. */
export interface TreeNode {
  id: string;
  frame: Frame;
  row: number;
  matches: boolean;
  children: TreeNode[];
}

/** Parents that rows name and that neither frame has: to be read. */
export function missingParents(frame: Frame, others: Frame | undefined): string[] {
  const wanted = new Set<string>();
  for (const each of others ? [frame, others] : [frame]) {
    const parents = each.columns.get(PARENT);
    if (parents?.kind !== 'text') continue;
    const used = new Set(parents.codes);
    parents.texts.forEach((id, code) => {
      if (!used.has(code) || id === '') return;
      if (rowOf(frame, id) === undefined && (!others || rowOf(others, id) === undefined)) wanted.add(id);
    });
  }
  return [...wanted];
}

/** The roots, in the order of the rows; a parent that does not match stands where its first child would. */
export function buildTree(frame: Frame, order: Uint32Array, others: Frame | undefined): TreeNode[] {
  const nodes = new Map<string, TreeNode>();
  const roots: TreeNode[] = [];
  const placed = new Set<string>();
  for (const row of order) {
    const id = frame.ids[row] ?? '';
    nodes.set(id, { id, frame, row, matches: true, children: [] });
  }
  const parentOf = (node: TreeNode): TreeNode | undefined => {
    const id = textAt(node.frame.columns.get(PARENT), node.row);
    if (id === '' || id === node.id) return undefined;
    const known = nodes.get(id);
    if (known) return known;
    const row = others ? rowOf(others, id) : undefined;
    if (!others || row === undefined) return undefined;
    const made: TreeNode = { id, frame: others, row, matches: false, children: [] };
    nodes.set(id, made);
    return made;
  };
  for (const row of order) {
    let node = nodes.get(frame.ids[row] ?? '');
    const above = new Set<string>();
    while (node && !placed.has(node.id)) {
      placed.add(node.id);
      above.add(node.id);
      const parent = parentOf(node);
      // Tags are free text: they can make a circle, which is cut where it closes.
      if (!parent || above.has(parent.id)) {
        roots.push(node);
        break;
      }
      parent.children.push(node);
      node = parent;
    }
  }
  return roots;
}
