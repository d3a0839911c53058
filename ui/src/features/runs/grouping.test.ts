/** Groups: who is in them, their means and deviations, their order and colours. */

import { describe, expect, it } from 'vitest';
import { frameOf } from './frame.fixture';
import { groupRows, NO_VALUE } from './grouping';
import { groupLines } from './rows';
import { orderRows } from './sorting';
import { aggregate, statsOf } from './stats';

const FRAME = frameOf([
  { run_id: 'e', number: 5, 'params.m': 'tree', 'params.s': '2', 'metrics.v': 9, start_time: 50 },
  { run_id: 'd', number: 4, 'params.m': 'net', 'params.s': '1', 'metrics.v': 4, start_time: 40 },
  { run_id: 'c', number: 3, 'params.m': undefined, 'params.s': '1', 'metrics.v': undefined, start_time: 30 },
  { run_id: 'b', number: 2, 'params.m': 'net', 'params.s': '2', 'metrics.v': 2, start_time: 20 },
  { run_id: 'a', number: 1, 'params.m': 'net', 'params.s': '1', 'metrics.v': Number.NaN, start_time: 10 },
]);

const groupsOf = (fields: string[], sort: string[] = []) => groupRows(FRAME, orderRows(FRAME, sort), fields, sort);

describe('groupRows', () => {
  it('puts rows with the same value together, those without one as well', () => {
    const found = groupsOf(['params.m']).map(({ name, rows }) => [name, Array.from(rows, (row) => FRAME.ids[row])]);
    expect(found).toEqual([
      ['tree', ['e']],
      ['net', ['d', 'b', 'a']],
      [NO_VALUE, ['c']],
    ]);
  });

  it('groups by several fields', () => {
    expect(groupsOf(['params.m', 'params.s']).map(({ name }) => name)).toEqual([
      'tree · 2',
      'net · 1',
      `${NO_VALUE} · 1`,
      'net · 2',
    ]);
  });

  it('orders groups by their mean, those without numbers last', () => {
    expect(groupsOf(['params.m'], ['metrics.v ASC']).map(({ name }) => name)).toEqual(['net', 'tree', NO_VALUE]);
    expect(groupsOf(['params.m'], ['metrics.v DESC']).map(({ name }) => name)).toEqual(['tree', 'net', NO_VALUE]);
  });

  it('numbers groups by their oldest run, whatever the order', () => {
    const numbers = (sort: string[]) =>
      Object.fromEntries(groupsOf(['params.m'], sort).map(({ name, number }) => [name, number]));
    expect(numbers([])).toEqual({ net: 0, [NO_VALUE]: 1, tree: 2 });
    expect(numbers(['metrics.v DESC'])).toEqual(numbers([]));
  });
});

describe('aggregate', () => {
  it('has mean and deviation of a sample, NaN counted apart', () => {
    const cells = frameOf([
      { run_id: 'a', 'metrics.v': 2 },
      { run_id: 'b', 'metrics.v': 4 },
      { run_id: 'c', 'metrics.v': Number.NaN },
      { run_id: 'd', 'metrics.v': undefined },
    ]).columns.get('metrics.v');
    if (!cells) throw new Error('no column');
    const found = aggregate(cells, [0, 1, 2, 3]);
    expect(found).toMatchObject({ count: 3, nans: 1, mean: 3 });
    expect(found.std).toBeCloseTo(Math.SQRT2, 12);
    expect(aggregate(cells, [0]).std).toBe(0);
    expect(aggregate(cells, [2]).mean).toBeNaN();
  });

  it('stays exact with large values that lie close together', () => {
    const rows = [1, 2, 3].map((each) => ({ run_id: String(each), 'metrics.v': 1e12 + each }));
    const cells = frameOf(rows).columns.get('metrics.v');
    if (!cells) throw new Error('no column');
    expect(aggregate(cells, [0, 1, 2]).std).toBeCloseTo(1, 6);
  });

  it('counts different texts', () => {
    const cells = FRAME.columns.get('params.m');
    if (!cells) throw new Error('no column');
    expect(aggregate(cells, [1, 3])).toMatchObject({ count: 2, distinct: 1, text: 'net' });
    expect(aggregate(cells, [0, 1, 2])).toMatchObject({ count: 2, distinct: 2 });
  });
});

describe('statsOf', () => {
  it('finds the range of the finite numbers', () => {
    const cells = frameOf(
      [1, Number.NaN, Number.POSITIVE_INFINITY, -2].map((v, place) => ({ run_id: String(place), 'metrics.v': v })),
    ).columns.get('metrics.v');
    if (!cells) throw new Error('no column');
    expect(statsOf(cells)).toMatchObject({ min: -2, max: 1, count: 4, constant: false });
  });

  it('calls a column constant only if every row has the value', () => {
    const constant = (values: (number | undefined)[]) => {
      const cells = frameOf(values.map((v, place) => ({ run_id: String(place), 'metrics.v': v }))).columns.get(
        'metrics.v',
      );
      return cells && statsOf(cells).constant;
    };
    expect(constant([1, 1])).toBe(true);
    expect(constant([1, undefined])).toBe(false);
    expect(constant([Number.NaN, Number.NaN])).toBe(true);
    expect(constant([1, 2])).toBe(false);
  });
});

describe('groupLines', () => {
  it('shows the runs of open groups below their heads', () => {
    const lines = groupLines(FRAME, groupsOf(['params.m']), new Set(['net']));
    const shown = Array.from({ length: lines.size }, (_, place) => {
      const line = lines.at(place);
      return line?.kind === 'group' ? line.group.name : line?.id;
    });
    expect(shown).toEqual(['tree', 'net', 'd', 'b', 'a', NO_VALUE]);
    expect(lines.find('b')).toBe(3);
    expect(lines.at(6)).toBeUndefined();
  });
});
