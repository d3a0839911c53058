import { expect, test } from 'vitest';
import { frameOf } from './frame.fixture';
import { oddColumn } from './odd';
import type { RunLine } from './rows';
import { serverSort } from './sorting';

const frame = frameOf(
  [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, undefined].map((value, row) => ({
    ...{ run_id: `r${row}`, 'metrics.loss': value, 'min(metrics.loss)': value, 'params.lr': 'NaN' },
  })),
);
const line = (row: number): RunLine => ({
  ...{ kind: 'run', id: `r${row}`, frame, row, depth: 0, dimmed: false, below: 0, open: false },
});

test('what is asked for depends on what stands in the cell', () => {
  expect([0, 1, 2, 3, 4].map((row) => oddColumn(line(row), 'metrics.loss'))).toEqual([
    'step(nan(metrics.loss))',
    'step(max(metrics.loss))',
    'step(min(metrics.loss))',
    undefined,
    undefined,
  ]);
  expect(oddColumn(line(0), 'min(metrics.loss)')).toBe('step(nan(metrics.loss))');
});

test('only metrics have steps, and only those that are there', () => {
  expect(['params.lr', 'metrics.other', 'step(metrics.loss)'].map((name) => oddColumn(line(0), name))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test('the server orders by the keys up to the first that it does not know', () => {
  expect(serverSort(['metrics.loss ASC', 'step(min(metrics.loss)) DESC', 'params.lr ASC'])).toEqual([
    'metrics.loss ASC',
  ]);
  expect(serverSort(['params.lr DESC'])).toEqual(['params.lr DESC']);
});
