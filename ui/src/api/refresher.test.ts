import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Change } from './calls';
import { type Refresh, Refresher } from './refresher';

const change = (kind: Change['kind'], id: string): Change => ({ clock: 1, kind, id, experiment_id: '1' });
const news = (...changes: Change[]) => ({ changes, reset: false });

let queries: QueryClient;
let refresher: Refresher;

beforeEach(() => {
  vi.useFakeTimers();
  queries = new QueryClient();
  for (const ids of [['a', 'b'], ['c']]) queries.setQueryData(['lines', ids], 1);
  queries.setQueryData(['other'], 1);
  refresher = new Refresher(queries);
});
afterEach(() => vi.useRealTimers());

const LINES: Refresh = {
  queryKey: ['lines'],
  paceMs: 1000,
  about: ({ kind, id }) => (kind === 'METRICS' ? id : undefined),
  holds: ([, ids], changed) => Array.isArray(ids) && ids.some((id) => changed.has(id)),
};

const old = () =>
  queries
    .getQueryCache()
    .getAll()
    .filter(({ state }) => state.isInvalidated)
    .map(({ queryKey }) => queryKey);

test('a query that holds what has changed is read again after the pause, and no other', () => {
  refresher.hear(LINES, news(change('METRICS', 'b')));
  vi.advanceTimersByTime(999);
  expect(old()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(old()).toEqual([['lines', ['a', 'b']]]);
});

test('changes that come meanwhile wait for the same time', () => {
  refresher.hear(LINES, news(change('METRICS', 'x')));
  vi.advanceTimersByTime(600);
  refresher.hear(LINES, news(change('METRICS', 'c')));
  vi.advanceTimersByTime(400);
  expect(old()).toEqual([['lines', ['c']]]);
});

test('a change of another kind is of no interest', () => {
  refresher.hear(LINES, news(change('RUN', 'a')));
  vi.advanceTimersByTime(5000);
  expect(old()).toEqual([]);
});

test('after a gap in the news all of them are read again', () => {
  refresher.hear(LINES, { changes: [], reset: true });
  vi.advanceTimersByTime(1000);
  expect(old()).toEqual([
    ['lines', ['a', 'b']],
    ['lines', ['c']],
  ]);
});

test('what waits can be done at once, and is done once', () => {
  refresher.hear(LINES, news(change('METRICS', 'c')));
  refresher.act();
  expect(old()).toEqual([['lines', ['c']]]);
  queries.setQueryData(['lines', ['c']], 2);
  vi.advanceTimersByTime(5000);
  expect(old()).toEqual([]);
});
