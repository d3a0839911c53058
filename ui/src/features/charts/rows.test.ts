import { expect, it } from 'vitest';
import { type Layout, layOut, listCharts, PINNED } from './rows';
import type { KeyKind } from './survey';

const layout: Layout = { columns: 2, chartHeight: 200, valuesHeight: (keys) => keys * 10, folded: new Set(['val']) };
const kinds: Record<string, KeyKind> = {
  'train/a': 'line',
  'train/b': 'line',
  'train/c': 'line',
  'train/f1': 'single',
  'train/f2': 'single',
  'train/gone': 'none',
  'val/x': 'line',
  'test/new': 'unknown',
};
const kindOf = (key: string): KeyKind => kinds[key] ?? 'unknown';

it('puts charts side by side, single values of a prefix into one card, and asks for the rest', () => {
  const { rows, absent } = layOut(
    [
      { prefix: 'train', keys: ['train/a', 'train/b', 'train/c', 'train/f1', 'train/f2', 'train/gone'] },
      { prefix: 'val', keys: ['val/x'] },
      { prefix: 'test', keys: ['test/new'] },
    ],
    kindOf,
    layout,
  );
  expect(rows.map((row) => [row.kind, 'keys' in row ? row.keys : row.title])).toEqual([
    ['section', 'train'],
    ['charts', ['train/a', 'train/b']],
    ['charts', ['train/c']],
    ['values', ['train/f1', 'train/f2']],
    ['section', 'val'],
    ['section', 'test'],
    ['wait', ['test/new']],
  ]);
  expect(absent).toBe(1);
  expect(listCharts(rows)).toEqual(['train/a', 'train/b', 'train/c']);
});

it('leaves out a section of which the shown runs have nothing', () => {
  expect(layOut([{ prefix: 'train', keys: ['train/gone'] }], kindOf, layout)).toEqual({ rows: [], absent: 1 });
});

it('draws pinned metrics as charts, whatever they are', () => {
  const { rows } = layOut([{ prefix: PINNED, keys: ['train/f1', 'train/gone'] }], kindOf, layout);
  expect(rows.map(({ kind }) => kind)).toEqual(['section', 'charts']);
});

it('looks at metrics piece by piece', () => {
  const keys = Array.from({ length: 1500 }, (_, i) => `m/${i}`);
  const { rows } = layOut([{ prefix: 'm', keys }], () => 'unknown', layout);
  expect(rows.map((row) => ('keys' in row ? row.keys.length : row.kind))).toEqual(['section', 200]);
});

it('has no head over keys without a prefix if there is nothing else', () => {
  expect(layOut([{ prefix: '', keys: ['loss'] }], () => 'line', layout).rows.map(({ kind }) => kind)).toEqual([
    'charts',
  ]);
});

it('puts sections of single values behind those with charts', () => {
  const { rows } = layOut(
    [
      { prefix: 'a', keys: ['train/f1'] },
      { prefix: 'b', keys: ['train/a'] },
    ],
    kindOf,
    layout,
  );
  expect(rows.flatMap((row) => (row.kind === 'section' ? row.prefix : []))).toEqual(['b', 'a']);
});

it('asks for the metrics of the next sections together', () => {
  const sections = [1, 2, 3].map((n) => ({ prefix: `p${n}`, keys: [`p${n}/x`, `p${n}/y`] }));
  const [first] = layOut(sections, () => 'unknown', layout).rows.filter((row) => row.kind === 'wait');
  expect(first?.keys).toEqual(['p1/x', 'p1/y', 'p2/x', 'p2/y', 'p3/x', 'p3/y']);
});

it('sorts sections by whether they have charts, and leaves very many in their order', () => {
  const some = [
    { prefix: 'test', keys: ['train/f1'] },
    { prefix: 'train', keys: ['train/a'] },
  ];
  const many = Array.from({ length: 1000 }, (_, i) => ({ prefix: `m${i}`, keys: [`m${i}/x`] }));
  const heads = (rows: ReturnType<typeof layOut>['rows']) =>
    rows.flatMap((row) => (row.kind === 'section' ? [row.title] : [])).slice(0, 2);
  expect(heads(layOut(some, kindOf, layout).rows)).toEqual(['train', 'test']);
  expect(heads(layOut([...some, ...many], kindOf, layout).rows)).toEqual(['test', 'train']);
});
