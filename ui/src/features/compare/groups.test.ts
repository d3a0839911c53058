import { expect, it } from 'vitest';
import { metricRow, textRow } from './difference.fixture';
import { readFields } from './fields';
import { clauseOf, compareGroups, defaultSplit, type GroupRow, readGroup, splitters } from './groups';

const PLACES = [0, 1, 2, 3, 4, 5];
const DIFFERENCE = {
  run_ids: ['a', 'b', 'c', 'd', 'e', 'f'],
  rows: [
    textRow('params', 'model', ['CNN', 'CNN', 'CNN', 'MLP', 'MLP', 'MLP']),
    textRow('params', 'odd key`s', ["it's", 'x', 'x', 'x', 'x', 'x']),
    textRow('tags', 'team', ['red', 'red', 'blue', 'blue', 'blue', 'blue']),
    textRow('tags', 'mlflow.source.type', ['LOCAL', 'JOB', 'JOB', 'JOB', 'JOB', 'JOB']),
  ],
  metrics: [
    metricRow('loss', [1, 1.1, 0.9, 2, 2.1, 1.9]),
    metricRow('few', [1, undefined, undefined, 2, 3, 4]),
    metricRow('nan', [Number.NaN, 1, 2, 3, 4, 5]),
  ],
};
const FIELDS = readFields(DIFFERENCE, PLACES);
const named = (name: string) => {
  const found = FIELDS.find((field) => field.name === name);
  if (!found) throw new Error(`There is no field ${name}.`);
  return found;
};

it('reads ids, or else a clause', () => {
  expect(readGroup('a,c', ['a', 'b', 'c'])).toEqual({ kind: 'runs', runIds: ['a', 'c'] });
  expect(readGroup(`a,${'0'.repeat(32)}`, ['a'])).toEqual({ kind: 'runs', runIds: ['a'] });
  expect(readGroup("params.x = 'a,b'", ['a', 'b'])).toEqual({ kind: 'clause', clause: "params.x = 'a,b'" });
  expect(readGroup('  ', ['a'])).toBeUndefined();
});

it('writes clauses with the quotes that they need', () => {
  expect(clauseOf(named('params.model'), 'CNN')).toBe("params.model = 'CNN'");
  expect(clauseOf(named('params.odd key`s'), "it's")).toBe(`params.E'odd key\`s' = "it's"`);
  expect(clauseOf(named('metrics.loss'), '1')).toBeUndefined();
});

it('splits by the param with the most runs on both sides', () => {
  const fields = splitters(FIELDS);
  expect(fields.map(({ name }) => name)).toEqual(['params.model', 'params.odd key`s', 'tags.team']);
  expect(defaultSplit(fields)).toMatchObject({ a: 'CNN', b: 'MLP' });
});

it('compares all metrics, and no interval where a group is too small', () => {
  const work = compareGroups({
    difference: DIFFERENCE,
    places: PLACES,
    a: [0, 1, 2],
    b: [3, 4, 5],
    stat: 'last',
    flipped: new Set(),
  });
  let rows: readonly GroupRow[] = [];
  for (;;) {
    const { done, value } = work.next();
    rows = value;
    if (done) break;
  }
  const [loss, few, nan] = rows;
  expect(loss).toMatchObject({ key: 'loss', better: 'lower', difference: expect.closeTo(1, 12), countA: 3, countB: 3 });
  expect(loss?.low).toBeGreaterThan(0.8);
  expect(few).toMatchObject({ countA: 1, countB: 3, difference: 2 });
  expect(few?.low).toBeUndefined();
  expect(nan).toMatchObject({ countA: 2, countB: 3 });
});
