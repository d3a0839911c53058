import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { AskValues, Value } from './survey';

vi.stubGlobal('document', { baseURI: 'http://server/' });
const { Survey } = await import('./survey');

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());
const settle = (ms = 4000) => vi.advanceTimersByTimeAsync(ms);

function makeTable(counts: Record<string, Record<string, number>>) {
  const asked: { runIds: readonly string[]; keys: readonly string[] }[] = [];
  const ask: AskValues = async (runIds, keys) => {
    asked.push({ runIds, keys });
    return new Map(
      runIds.map((id) => [
        id,
        new Map(
          keys.flatMap((key): [string, Value][] =>
            counts[id]?.[key] ? [[key, { count: counts[id][key], last: 0.5 }]] : [],
          ),
        ),
      ]),
    );
  };
  return { asked, ask, counts };
}

it('tells charts from single values and from nothing', async () => {
  const table = makeTable({ a: { loss: 100, f1: 1 }, b: { loss: 1 } });
  const survey = new Survey(table.ask);
  survey.show(['a', 'b']);
  survey.want(['loss', 'f1', 'other']);
  expect(survey.kind('loss')).toBe('unknown');
  await settle();
  expect(['loss', 'f1', 'other'].map((key) => survey.kind(key))).toEqual(['line', 'single', 'none']);
  expect(survey.count('loss')).toBe(100);
  expect(survey.find('f1', 'a')?.last).toBe(0.5);
  expect(table.asked).toHaveLength(1);
});

it('asks only for runs that are new, and only for metrics that could become charts', async () => {
  const table = makeTable({ a: { loss: 100, f1: 1 }, b: { loss: 5, f1: 1 } });
  const survey = new Survey(table.ask);
  survey.show(['a']);
  survey.want(['loss', 'f1']);
  await settle();
  survey.show(['a', 'b']);
  await settle();
  expect(table.asked.map(({ runIds, keys }) => [runIds, keys])).toEqual([
    [['a'], ['loss', 'f1']],
    [['b'], ['f1']],
  ]);
});

it('sees a single value become a chart', async () => {
  const table = makeTable({ a: { f1: 1 } });
  const survey = new Survey(table.ask);
  const told = vi.fn();
  survey.watch(told);
  survey.show(['a']);
  survey.want(['f1']);
  await settle();
  told.mockClear();
  survey.hear([{ clock: 1, kind: 'METRICS', id: 'a' }], false);
  await settle();
  expect(told).not.toHaveBeenCalled();
  table.counts.a = { f1: 2 };
  survey.hear([{ clock: 2, kind: 'METRICS', id: 'a' }], false);
  await settle();
  expect(survey.kind('f1')).toBe('line');
  expect(told).toHaveBeenCalledTimes(1);
  const before = table.asked.length;
  survey.hear([{ clock: 3, kind: 'METRICS', id: 'a' }], false);
  await settle();
  expect(table.asked).toHaveLength(before);
});

it('keeps its questions small', async () => {
  const table = makeTable({});
  const survey = new Survey(table.ask);
  survey.show(Array.from({ length: 300 }, (_, i) => `r${i}`));
  survey.want(Array.from({ length: 200 }, (_, i) => `k${i}`));
  await settle();
  expect(table.asked.length).toBeGreaterThan(2);
  for (const { runIds, keys } of table.asked) expect(runIds.length * keys.length).toBeLessThanOrEqual(20_000);
});
