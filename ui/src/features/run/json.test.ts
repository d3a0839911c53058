import { expect, it } from 'vitest';
import { listRows, MEMBERS, openAtFirst } from './json';

const VALUE = { a: 1, 'b c': [true, null, { d: 'x' }], e: {} };

it('shows the branches that are open, each with its address', () => {
  const rows = listRows(VALUE, new Set(['$', '$["b c"]']));
  expect(rows.map(({ path, depth, kind, text }) => [path, depth, kind, text])).toEqual([
    ['$', 0, 'object', ''],
    ['$.a', 1, 'number', '1'],
    ['$["b c"]', 1, 'array', ''],
    ['$["b c"][0]', 2, 'boolean', 'true'],
    ['$["b c"][1]', 2, 'null', 'null'],
    ['$["b c"][2]', 2, 'object', ''],
    ['$.e', 1, 'object', ''],
  ]);
});

it('shows a value without members as one row', () => {
  expect(listRows('text', new Set())).toEqual([
    { path: '$', depth: 0, name: '', kind: 'string', text: '"text"', count: 0, open: false },
  ]);
});

it('cuts long arrays, and says how many are left', () => {
  const long = Array.from({ length: MEMBERS + 5 }, (_, place) => place);
  const rows = listRows(long, new Set(['$']));
  expect(rows).toHaveLength(MEMBERS + 2);
  expect(rows.at(-1)).toMatchObject({ kind: 'more', count: 5 });
  expect(listRows(long, new Set(['$']), new Set(['$']))).toHaveLength(MEMBERS + 6);
});

it('opens what is small, and of what is large only the top', () => {
  expect(openAtFirst(VALUE)).toEqual(new Set(['$', '$["b c"]', '$.e', '$["b c"][2]']));
  const large = Object.fromEntries(Array.from({ length: 50 }, (_, place) => [`k${place}`, [1, 2, 3]]));
  expect(openAtFirst(large)).toEqual(new Set(['$']));
});
