import { expect, test } from 'vitest';
import { markColor, noColor } from '@/charts/palettes';
import { canColor, colorByValue } from './coloring';
import { frameOf, type Value } from './frame.fixture';
import { groupRows } from './grouping';
import { countGrey } from './shownRuns';

const colorsOf = (column: string, values: readonly Value[]) =>
  colorByValue(
    frameOf(values.map((value, row) => ({ run_id: `r${row}`, [column]: value }))).columns.get(column),
    column,
    false,
  );

test('numbers lie along the scale, from least to greatest', () => {
  const colors = colorsOf('metrics.loss', [1, 2, 3]);
  expect([0, 1, 2].map(colors.ofRow)).toEqual([markColor(0, false), markColor(0.5, false), markColor(1, false)]);
  expect(colors.legend).toEqual({ kind: 'scale', label: 'loss', low: 1, high: 3 });
});

test('positive numbers far apart are spread by their ratios', () => {
  const colors = colorsOf('params.lr', ['0.0001', '0.01', '1']);
  expect(colors.ofRow(1)).toBe(markColor(0.5, false));
  expect(colors.legend).toMatchObject({ kind: 'scale', log: true });
});

test('what has no number is grey', () => {
  const colors = colorsOf('metrics.loss', [1, Number.NaN, undefined, Number.POSITIVE_INFINITY, 2]);
  expect([1, 2, 3].map(colors.ofRow)).toEqual(Array(3).fill(noColor(false)));
  expect(colors.ofRow(0)).not.toBe(noColor(false));
});

test('equal numbers have one colour, and a column of nothing has none', () => {
  expect(colorsOf('metrics.loss', [2, 2]).ofRow(0)).toBe(markColor(0.5, false));
  const nothing = colorsOf('metrics.loss', [Number.NaN, undefined]);
  expect(nothing.ofRow(0)).toBe(noColor(false));
  expect(nothing.legend).toEqual({ kind: 'none', label: 'loss', lacks: 'number' });
});

test('a column of nothing says what it lacks', () => {
  for (const column of ['metrics.loss', 'params.model', 'tags.team'])
    expect(colorsOf(column, [undefined, undefined]).legend).toMatchObject({ kind: 'none', lacks: 'value' });
});

test('runs are grey without a word only if others among those shown have a value', () => {
  const frame = frameOf(
    ['a', undefined, undefined].map((model, row) => ({ run_id: `r${row}`, 'params.model': model })),
  );
  const colors = colorByValue(frame.columns.get('params.model'), 'params.model', false);
  expect(countGrey(frame, [], ['r1', 'r2', 'gone'], colors)).toBe(2);
  expect(countGrey(frame, [], ['r0', 'r1'], colors)).toBe(0);
  expect(countGrey(frame, [], [], colors)).toBe(0);
  const groups = groupRows(frame, Uint32Array.of(0, 1, 2), ['run_id'], []);
  const group = (row: number) => groups[row]?.name ?? '';
  expect(countGrey(frame, groups, [group(1)], colors)).toBe(1);
  expect(countGrey(frame, groups, [group(0), group(1)], colors)).toBe(0);
});

test('each text has a colour, and those beyond eight are one grey', () => {
  const names = Array.from({ length: 10 }, (_, at) => `model ${at}`);
  const colors = colorsOf('params.model', [...names, ...names.slice(0, 8)]);
  const found = names.map((_, row) => colors.ofRow(row));
  expect(new Set(found.slice(0, 8)).size).toBe(8);
  expect(found.slice(8)).toEqual([noColor(false), noColor(false)]);
  expect(colors.ofRow(10)).toBe(found[0]);
  expect(colors.legend).toMatchObject({ kind: 'choices' });
  if (colors.legend.kind === 'choices') {
    expect(colors.legend.items.map(({ count }) => count)).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 2]);
    expect(colors.legend.items.at(-1)).toMatchObject({ name: 'others', color: noColor(false) });
  }
});

test('the colour of a text does not depend on how many runs have it', () => {
  const before = colorsOf('params.model', ['a', 'b', 'b']);
  const after = colorsOf('params.model', ['a', 'b', 'b', 'a', 'a']);
  expect(after.ofRow(0)).toBe(before.ofRow(0));
});

test('a group has the colour of its mean, or of its one text', () => {
  expect(colorsOf('metrics.loss', [0, 1, 2, undefined]).ofGroup([0, 2, 3])).toBe(markColor(0.5, false));
  expect(colorsOf('params.lr', ['1', '2', '3']).ofGroup([0, 2])).toBe(markColor(0.5, false));
  const texts = colorsOf('params.model', ['a', 'a', 'b']);
  expect(texts.ofGroup([0, 1])).toBe(texts.ofRow(0));
  expect(texts.ofGroup([0, 2])).toBe(noColor(false));
});

test('what is another in each run gives no colours', () => {
  expect(['params.lr', 'min(metrics.loss)', 'tags.team', 'user_id'].map(canColor)).toEqual([true, true, true, true]);
  expect(['run_id', 'run_name', 'start_time', 'artifact_uri', 'params.'].map(canColor)).not.toContain(true);
});
