/** The tree of experiments: slashes make folders, and nothing is lost or shown twice. */

import { describe, expect, test } from 'vitest';
import type { ExperimentOverview } from '@/api/calls';
import { buildRows, folderOf, listFolders, matches, NONE_OPEN, readOpen, splitName, type TreeRow } from './tree';

let ids = 0;
const make = (name: string, more: Partial<ExperimentOverview> = {}): ExperimentOverview => ({
  experiment_id: String(ids++),
  name,
  lifecycle_stage: 'active',
  creation_time: 1000,
  last_update_time: 1000,
  tags: [],
  runs: 0,
  running: 0,
  ...more,
});

const draw = (rows: readonly TreeRow[]) =>
  rows.map((row) => `${'  '.repeat(row.depth)}${row.kind === 'folder' ? (row.isOpen ? '- ' : '+ ') : ''}${row.name}`);

const ALL = [
  make('vision/resnet/sweep-10', { runs: 5, running: 1, last_run_time: 50 }),
  make('vision/resnet/sweep-9', { runs: 2, last_run_time: 90 }),
  make('vision/vit', { runs: 1 }),
  make('Default'),
  make('vision', { runs: 7 }),
  make('text/ranker', { runs: 3, last_run_time: 70 }),
];

describe('splitName', () => {
  test.each([
    ['a/b/c', ['a', 'b', 'c']],
    ['a', ['a']],
    ['/Team/me/x', ['/Team', 'me', 'x']],
    ['a//b', ['a//b']],
    ['a/', ['a/']],
    ['/', ['/']],
    ['', ['']],
  ])('%j', (name, parts) => {
    expect(splitName(name)).toEqual(parts);
    expect(parts.join('/')).toBe(name);
  });
});

describe('buildRows', () => {
  test('folders come first, names in the order people count in, an experiment may be called like a folder', () => {
    const rows = buildRows(ALL, { open: new Set(listFolders(ALL)), query: '', sort: 'name' });
    expect(draw(rows)).toEqual([
      '- text',
      '  ranker',
      '- vision',
      '  - resnet',
      '    sweep-9',
      '    sweep-10',
      '  vit',
      'Default',
      'vision',
    ]);
  });

  test('a closed folder hides all that is below it, and says what that is', () => {
    const rows = buildRows(ALL, { open: new Set(['vision/resnet']), query: '', sort: 'name' });
    expect(draw(rows)).toEqual(['+ text', '+ vision', 'Default', 'vision']);
    expect(rows[1]).toMatchObject({ path: 'vision', experiments: 3, runs: 8, running: 1, last: 90 });
  });

  test('a search opens the folders of its matches and leaves out the others', () => {
    expect(draw(buildRows(ALL, { open: new Set(), query: 'SWEEP vis', sort: 'name' }))).toEqual([
      '- vision',
      '  - resnet',
      '    sweep-9',
      '    sweep-10',
    ]);
  });

  test('by last run, folders stand where their latest experiment would', () => {
    const rows = buildRows(ALL, { open: new Set(['vision', 'vision/resnet']), query: '', sort: 'last' });
    expect(draw(rows)).toEqual([
      '- vision',
      '  - resnet',
      '    sweep-9',
      '    sweep-10',
      '  vit',
      '+ text',
      'Default',
      'vision',
    ]);
  });

  test('every experiment is there exactly once, whatever its name', () => {
    const odd = ['/', 'a/', '/a', 'a//b', 'a/b', 'a', ' / ', '<b>/x', 'a/b/c'].map((name) => make(name));
    const rows = buildRows(odd, { open: new Set(listFolders(odd)), query: '', sort: 'name' });
    const shown = rows.flatMap((row) => (row.kind === 'experiment' ? [row.experiment.name] : []));
    expect(shown.toSorted()).toEqual(odd.map(({ name }) => name).toSorted());
  });
});

test('notes and own tags are searched, names of internal tags are not', () => {
  const one = make('x', {
    tags: [
      { key: 'mlflow.note.content', value: 'Baseline of May' },
      { key: 'team', value: 'red' },
    ],
  });
  expect(matches(one, 'baseline')).toBe(true);
  expect(matches(one, 'team red')).toBe(true);
  expect(matches(one, 'mlflow')).toBe(false);
});

test('a small tree is open, a large one is not, and the address has the last word', () => {
  const many = Array.from({ length: 100 }, (_, place) => make(`team/${place}`));
  expect([...readOpen(undefined, ALL)]).toEqual(['text', 'vision', 'vision/resnet']);
  expect(readOpen(undefined, many).size).toBe(0);
  expect([...readOpen(['text'], ALL)]).toEqual(['text']);
  expect(readOpen([NONE_OPEN], ALL).size).toBe(0);
});

test('the folder of a name', () => {
  expect(folderOf('a/b/c')).toBe('a/b');
  expect(folderOf('a')).toBe('');
});
