import { expect, it } from 'vitest';
import { foldersAbove, listFileRows, stepTo } from './fileTree';

const LISTINGS = new Map([
  [
    '',
    {
      files: [
        { path: 'model', is_dir: true },
        { path: 'a.txt', is_dir: false, file_size: 5 },
      ],
    },
  ],
  [
    'model',
    {
      files: [
        { path: 'model/data', is_dir: true },
        { path: 'model/MLmodel', is_dir: false, file_size: 9 },
      ],
    },
  ],
]);

it('shows what is in open folders, and that one is being listed', () => {
  const rows = listFileRows(LISTINGS, new Set(['model', 'model/data']));
  expect(rows.map(({ kind, path, depth, size }) => [kind, path, depth, size])).toEqual([
    ['folder', 'model', 0, 0],
    ['folder', 'model/data', 1, 0],
    ['waiting', 'model/data', 2, 0],
    ['file', 'model/MLmodel', 1, 9],
    ['file', 'a.txt', 0, 5],
  ]);
});

it('says that a run has no files, and that a folder could not be listed', () => {
  expect(listFileRows(new Map([['', { files: [] }]]), new Set())[0]?.kind).toBe('empty');
  expect(listFileRows(new Map([['', { failed: true }]]), new Set())[0]?.kind).toBe('failed');
});

it('knows the folders above a path', () => {
  expect(foldersAbove('a/b/c.txt')).toEqual(['a', 'a/b']);
  expect(foldersAbove('c.txt')).toEqual([]);
});

it('goes through the tree by arrow keys', () => {
  const rows = listFileRows(LISTINGS, new Set(['model']));
  expect(stepTo(rows, 0, 'ArrowDown')).toEqual({ go: 1 });
  expect(stepTo(rows, 0, 'ArrowUp')).toBeUndefined();
  expect(stepTo(rows, 0, 'ArrowRight')).toEqual({ go: 1 });
  expect(stepTo(rows, 0, 'ArrowLeft')).toEqual({ toggle: 'model' });
  expect(stepTo(rows, 1, 'ArrowRight')).toEqual({ toggle: 'model/data' });
  expect(stepTo(rows, 2, 'ArrowLeft')).toEqual({ go: 0 });
  expect(stepTo(rows, 3, 'ArrowLeft')).toBeUndefined();
  expect(stepTo(rows, 0, 'End')).toEqual({ go: 3 });
  expect(stepTo(rows, 99, 'ArrowDown')).toEqual({ go: 0 });
});
