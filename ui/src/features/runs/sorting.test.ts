/** The order of rows is the server's: nothing last in both directions, NaN before it. */

import { describe, expect, it } from 'vitest';
import { frameOf, type Value } from './frame.fixture';
import { orderRows, readSort, toggleSort } from './sorting';

function ordered(rows: Readonly<Record<string, Value>>[], sort: string[]): string[] {
  const frame = frameOf(rows);
  return Array.from(orderRows(frame, sort), (row) => frame.ids[row] ?? '');
}

const ROWS = [
  { run_id: 'nothing', 'metrics.a': undefined, 'params.lr': '0.1', 'params.m': 'b10' },
  { run_id: 'nan', 'metrics.a': Number.NaN, 'params.lr': '1e-3', 'params.m': 'b9' },
  { run_id: 'two', 'metrics.a': 2, 'params.lr': '0.02', 'params.m': undefined },
  { run_id: 'inf', 'metrics.a': Number.POSITIVE_INFINITY, 'params.lr': '1', 'params.m': 'a' },
  { run_id: 'one', 'metrics.a': 1, 'params.lr': '0.02', 'params.m': 'a' },
];

describe('orderRows', () => {
  it('puts NaN behind numbers and nothing behind NaN, whichever way', () => {
    expect(ordered(ROWS, ['metrics.a ASC'])).toEqual(['one', 'two', 'inf', 'nan', 'nothing']);
    expect(ordered(ROWS, ['metrics.a DESC'])).toEqual(['inf', 'two', 'one', 'nan', 'nothing']);
  });

  it('orders params that are all numbers as numbers', () => {
    expect(ordered(ROWS, ['params.lr'])).toEqual(['nan', 'two', 'one', 'nothing', 'inf']);
  });

  it('orders other texts as texts, with numbers in them as numbers', () => {
    expect(ordered(ROWS, ['params.m'])).toEqual(['inf', 'one', 'nan', 'nothing', 'two']);
  });

  it('breaks ties by the next key, then leaves rows as they came', () => {
    expect(ordered(ROWS, ['params.lr ASC', 'metrics.a ASC'])).toEqual(['nan', 'one', 'two', 'nothing', 'inf']);
    expect(ordered(ROWS, [])).toEqual(ROWS.map(({ run_id }) => run_id));
  });

  it('passes over columns that are not there yet', () => {
    expect(ordered(ROWS, ['metrics.later ASC', 'metrics.a ASC'])[0]).toBe('one');
  });
});

describe('toggleSort', () => {
  it('begins with the best: small losses, high accuracies, the newest', () => {
    expect(toggleSort([], 'metrics.loss', false)).toEqual(['metrics.loss ASC']);
    expect(toggleSort([], 'metrics.accuracy', false)).toEqual(['metrics.accuracy DESC']);
    expect(toggleSort([], 'start_time', false)).toEqual(['start_time DESC']);
  });

  it('turns round, then lets go', () => {
    expect(toggleSort(['metrics.loss ASC'], 'metrics.loss', false)).toEqual(['metrics.loss DESC']);
    expect(toggleSort(['metrics.loss DESC'], 'metrics.loss', false)).toEqual([]);
  });

  it('keeps the other keys with Shift', () => {
    expect(toggleSort(['params.a ASC', 'metrics.loss ASC'], 'metrics.loss', true)).toEqual([
      'params.a ASC',
      'metrics.loss DESC',
    ]);
    expect(toggleSort(['params.a ASC'], 'metrics.loss', true)).toEqual(['params.a ASC', 'metrics.loss ASC']);
  });
});

describe('readSort', () => {
  it('reads keys with blanks, and clauses without a direction', () => {
    expect(readSort('metrics.`val loss` DESC')).toEqual({ column: 'metrics.`val loss`', descending: true });
    expect(readSort('params.lr')).toEqual({ column: 'params.lr', descending: false });
    expect(readSort('min(metrics.loss) desc')).toEqual({ column: 'min(metrics.loss)', descending: true });
  });
});
