/** Trees of runs: parents, children, what is there only for its children, and circles. */

import { describe, expect, it } from 'vitest';
import { frameOf } from './frame.fixture';
import { treeLines } from './rows';
import { orderRows } from './sorting';
import { buildTree, missingParents, type TreeNode } from './tree';

const parent = 'tags.mlflow.parentRunId';
const draw = (nodes: readonly TreeNode[]): unknown[] =>
  nodes.map((node) => (node.children.length > 0 ? [node.id, draw(node.children)] : node.id));

const FRAME = frameOf([
  { run_id: 'leaf2', [parent]: 'kid' },
  { run_id: 'alone', [parent]: undefined },
  { run_id: 'leaf1', [parent]: 'kid' },
  { run_id: 'kid', [parent]: 'top' },
  { run_id: 'top', [parent]: undefined },
]);

describe('buildTree', () => {
  it('nests to any depth, siblings in the order of the rows', () => {
    const roots = buildTree(FRAME, orderRows(FRAME, []), undefined);
    expect(draw(roots)).toEqual([['top', [['kid', ['leaf2', 'leaf1']]]], 'alone']);
  });

  it('shows parents that do not match, dimmed, so that a filter reaches children', () => {
    const matches = frameOf([{ run_id: 'leaf1', number: 1, [parent]: 'kid' }]);
    expect(missingParents(matches, undefined)).toEqual(['kid']);
    const one = frameOf([{ run_id: 'kid', number: 2, [parent]: 'top' }]);
    expect(missingParents(matches, one)).toEqual(['top']);
    const both = frameOf([
      { run_id: 'kid', number: 2, [parent]: 'top' },
      { run_id: 'top', number: 3, [parent]: undefined },
    ]);
    expect(missingParents(matches, both)).toEqual([]);
    const roots = buildTree(matches, orderRows(matches, []), both);
    expect(draw(roots)).toEqual([['top', [['kid', ['leaf1']]]]]);
    expect(roots[0]?.matches).toBe(false);
    expect(roots[0]?.children[0]?.children[0]?.matches).toBe(true);
  });

  it('takes a run whose parent is nowhere for a root', () => {
    const frame = frameOf([{ run_id: 'a', [parent]: 'gone' }]);
    expect(draw(buildTree(frame, orderRows(frame, []), undefined))).toEqual(['a']);
  });

  it('cuts circles, and loses no run', () => {
    const frame = frameOf([
      { run_id: 'a', [parent]: 'b' },
      { run_id: 'b', [parent]: 'a' },
      { run_id: 'self', [parent]: 'self' },
      { run_id: 'c', [parent]: 'a' },
    ]);
    const roots = buildTree(frame, orderRows(frame, []), undefined);
    const all: string[] = [];
    const walk = (nodes: readonly TreeNode[]) => {
      for (const node of nodes) {
        all.push(node.id);
        walk(node.children);
      }
    };
    walk(roots);
    expect(all.sort()).toEqual(['a', 'b', 'c', 'self']);
  });
});

describe('treeLines', () => {
  it('shows what stands below open runs alone', () => {
    const roots = buildTree(FRAME, orderRows(FRAME, []), undefined);
    const shown = (open: string[]) => {
      const lines = treeLines(roots, ({ id }) => open.includes(id));
      return Array.from({ length: lines.size }, (_, place) => {
        const line = lines.at(place);
        return line?.kind === 'run' ? `${' '.repeat(line.depth)}${line.id}` : '';
      });
    };
    expect(shown([])).toEqual(['top', 'alone']);
    expect(shown(['top'])).toEqual(['top', ' kid', 'alone']);
    expect(shown(['top', 'kid'])).toEqual(['top', ' kid', '  leaf2', '  leaf1', 'alone']);
  });
});
