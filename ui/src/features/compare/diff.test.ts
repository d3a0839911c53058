import { expect, it } from 'vitest';
import { buildDiff, type DiffView, findBest, type Line, metricDelta, type RowLine } from './diff';
import { metricRow, textRow } from './difference.fixture';

const VIEW: DiffView = { base: 0, all: false, find: '', stat: 'last', flipped: new Set() };
const DIFFERENCE = {
  run_ids: ['a', 'b', 'c'],
  rows: [
    textRow('attributes', 'run_name', ['one', 'two', 'three']),
    textRow('attributes', 'duration', ['61000', '65000', undefined]),
    textRow('params', 'lr', ['0.1', '0.2', undefined]),
    textRow('params', 'same', ['x', 'x', 'x']),
    textRow('params', 'spelled', ['1e-3', '0.001', '0.0010'], { differs: false, respelled: true }),
    textRow('tags', 'mlflow.user', ['u', 'v', 'w']),
    textRow('tags', 'headrace.git.dirty', ['true', 'false', 'true']),
    textRow('source', 'mlflow.source.git.commit', ['0123456789abcdef', 'fedcba9876543210', '0123456789abcdef']),
    textRow('packages', 'numpy', ['1.0', '2.0', '2.0']),
  ],
  metrics: [metricRow('loss', [0.5, 0.25, undefined]), metricRow('accuracy', [0.9, Number.NaN, 0.95])],
};

const rowsOf = (lines: readonly Line[]) => lines.filter((line): line is RowLine => line.kind === 'row');
const rowOf = (lines: readonly Line[], key: string): RowLine => {
  const found = rowsOf(lines).find((line) => line.key === key);
  if (!found) throw new Error(`There is no row ${key}.`);
  return found;
};

it('shows only what differs, section by section, and counts the rest', () => {
  const lines = buildDiff(DIFFERENCE, [0, 1, 2], VIEW);
  expect(lines.map((line) => (line.kind === 'section' ? `${line.title} ${line.shown}/${line.all}` : line.key))).toEqual(
    [
      ...['Run 1/1', 'duration', 'Params 1/3', 'lr', 'Metrics 2/2', 'loss', 'accuracy'],
      ...['Code 2/2', 'headrace.git.dirty', 'mlflow.source.git.commit', 'Environment 1/1', 'numpy'],
    ],
  );
  expect(rowsOf(buildDiff(DIFFERENCE, [0, 1, 2], { ...VIEW, all: true })).map(({ key }) => key)).toContain('same');
});

it('finds keys and values', () => {
  const keys = (find: string) => rowsOf(buildDiff(DIFFERENCE, [0, 1, 2], { ...VIEW, find })).map(({ key }) => key);
  expect(keys('LOSS')).toEqual(['loss']);
  expect(keys('commit')).toEqual(['headrace.git.dirty', 'mlflow.source.git.commit']);
  expect(keys('fedcba')).toEqual(['mlflow.source.git.commit']);
  expect(keys('nothing')).toEqual([]);
});

it('says how far a metric is from the base line, and whether that is good', () => {
  const loss = rowOf(buildDiff(DIFFERENCE, [0, 1, 2], VIEW), 'loss');
  expect(loss.better).toBe('lower');
  expect(loss.cell(0)).toMatchObject({ text: '0.5', best: false, changed: false });
  expect(loss.cell(0).delta).toBeUndefined();
  expect(loss.cell(1)).toMatchObject({ text: '0.25', best: true, delta: '−0.25 (−50 %)', trend: 'better' });
  expect(loss.cell(2)).toMatchObject({ missing: true, best: false });
  const other = rowOf(buildDiff(DIFFERENCE, [0, 1, 2], { ...VIEW, base: 1, flipped: new Set(['loss']) }), 'loss');
  expect(other.cell(0)).toMatchObject({ best: true, delta: '+0.25 (+100 %)', trend: 'better' });
});

it('keeps NaN apart from what is not there', () => {
  const accuracy = rowOf(buildDiff(DIFFERENCE, [0, 1, 2], VIEW), 'accuracy');
  expect(accuracy.cell(1)).toMatchObject({ text: 'NaN', missing: false, best: false, changed: true });
  expect(accuracy.cell(1).delta).toBeUndefined();
  expect(accuracy.cell(2).best).toBe(true);
});

it('takes the runs in the order that is shown', () => {
  const lines = buildDiff(DIFFERENCE, [2, 1], VIEW);
  expect(rowOf(lines, 'lr').cell(0).missing).toBe(true);
  expect(rowOf(lines, 'lr').cell(1).text).toBe('0.2');
  expect(rowOf(lines, 'loss').cell(0).missing).toBe(true);
});

it('takes the least of what should be small and the most of what should be large', () => {
  const lines = buildDiff(DIFFERENCE, [0, 1, 2], { ...VIEW, stat: 'best' });
  expect(rowOf(lines, 'loss').cell(0).text).toBe('-0.5');
  expect(rowOf(lines, 'accuracy').cell(0).text).toBe('1.9');
});

it('reads params as one number if they are spelled differently', () => {
  const spelled = rowOf(buildDiff(DIFFERENCE, [0, 1, 2], { ...VIEW, all: true }), 'spelled');
  expect(spelled.respelled).toBe(true);
  expect(spelled.cell(1)).toMatchObject({ text: '0.001', changed: false });
});

it('shows durations and commits as people read them', () => {
  const lines = buildDiff(DIFFERENCE, [0, 1, 2], VIEW);
  expect(rowOf(lines, 'duration').cell(1)).toMatchObject({ text: '1 min 5 s', delta: '+4.0 s' });
  expect(rowOf(lines, 'mlflow.source.git.commit').cell(0).text).toBe('0123456789');
});

it('has no best among equals, and no percentage of nothing', () => {
  expect(findBest([1, 1], 'lower')).toBeUndefined();
  expect(findBest([1, 2, Number.NaN], 'higher')).toBe(2);
  expect(findBest([1, 2], undefined)).toBeUndefined();
  expect(metricDelta(2, 0, undefined)).toEqual({ delta: '+2' });
  expect(metricDelta(1, 1, 'lower')).toEqual({});
});
