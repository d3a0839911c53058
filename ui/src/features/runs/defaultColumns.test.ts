/** Columns that are shown before anybody has chosen. */

import { describe, expect, it } from 'vitest';
import { type Candidate, chooseColumns, growChoice, LAST_COLUMNS, spreadOf } from './defaultColumns';
import { writeField } from './fields';
import { frameOf, type Value } from './frame.fixture';

function candidate(name: string, values: readonly Value[]): Candidate {
  const cells = frameOf(values.map((value, place) => ({ run_id: String(place), [name]: value }))).columns.get(name);
  if (!cells) throw new Error('no column');
  return { name, cells };
}

describe('spreadOf', () => {
  it('is the range against the size', () => {
    expect(spreadOf(candidate('metrics.a', [0.5, 1]).cells)).toBe(0.5);
    expect(spreadOf(candidate('metrics.a', [-1, 1]).cells)).toBe(2);
  });

  it('counts less if few runs have the metric', () => {
    expect(spreadOf(candidate('metrics.a', [0.5, 1, undefined, undefined]).cells)).toBe(0.25);
  });

  it('is nothing for equal values, for NaN and for none', () => {
    expect(spreadOf(candidate('metrics.a', [3, 3]).cells)).toBe(0);
    expect(spreadOf(candidate('metrics.a', [Number.NaN, Number.NaN]).cells)).toBe(0);
    expect(spreadOf(candidate('metrics.a', [0, 0]).cells)).toBe(0);
  });
});

describe('chooseColumns', () => {
  const metrics = [
    candidate('metrics.flat', [1, 1, 1]),
    candidate('metrics.narrow', [0.99, 1, 0.995]),
    candidate('metrics.wide', [0, 1, 0.5]),
    candidate('metrics.`system/cpu`', [0, 100, 50]),
  ];
  const params = [
    candidate('params.same', ['a', 'a', 'a']),
    candidate('params.lr', ['1', '2', '1']),
    candidate('params.rare', ['x', undefined, undefined]),
  ];

  it('takes metrics by spread and params that differ, and neither machines nor constants', () => {
    expect(chooseColumns(metrics, params)).toEqual([
      'metrics.wide',
      'metrics.narrow',
      'params.lr',
      'params.rare',
      ...LAST_COLUMNS,
    ]);
  });

  it('takes no more than five metrics and eight params', () => {
    const many = Array.from({ length: 30 }, (_, place) => candidate(`metrics.m${place}`, [0, place + 1]));
    const inputs = Array.from({ length: 30 }, (_, place) => candidate(`params.p${place}`, ['0', String(place + 1)]));
    const chosen = chooseColumns(many, inputs);
    expect(chosen.filter((name) => name.startsWith('metrics.'))).toHaveLength(5);
    expect(chosen.filter((name) => name.startsWith('params.'))).toHaveLength(8);
    expect(chooseColumns(many, inputs, true)).toHaveLength(60 + LAST_COLUMNS.length);
  });

  it('takes params with several values before those that a young run lacks', () => {
    const young = [candidate('params.a', ['x', 'x', undefined]), candidate('params.z', ['1', '2', undefined])];
    expect(chooseColumns([], young)).toEqual(['params.z', 'params.a', ...LAST_COLUMNS]);
  });

  it('leaves room for others beside a hundred classes', () => {
    const classes = Array.from({ length: 100 }, (_, place) =>
      candidate(writeField('metric', `test/class_${place}`), [0, 1]),
    );
    const chosen = chooseColumns([...classes, candidate('metrics.loss', [0.5, 0.6])], []);
    expect(chosen).toContain('metrics.loss');
    expect(chosen.filter((name) => name.startsWith('metrics.'))).toHaveLength(5);
  });

  it('shows what one run has, though nothing can differ', () => {
    expect(chooseColumns([candidate('metrics.a', [1])], [candidate('params.p', ['x'])])).toEqual([
      'metrics.a',
      'params.p',
      ...LAST_COLUMNS,
    ]);
  });
});

describe('growChoice', () => {
  it('moves nothing that is there, and puts what is new beside its like', () => {
    const before = ['metrics.b', 'params.p', ...LAST_COLUMNS];
    expect(growChoice(before, ['metrics.a', 'metrics.b', 'params.q', ...LAST_COLUMNS])).toEqual([
      'metrics.b',
      'metrics.a',
      'params.p',
      'params.q',
      ...LAST_COLUMNS,
    ]);
  });

  it('begins with metrics that come later', () => {
    expect(growChoice([...LAST_COLUMNS], ['metrics.a', ...LAST_COLUMNS])).toEqual(['metrics.a', ...LAST_COLUMNS]);
  });

  it('has room for five metrics', () => {
    const before = ['a', 'b', 'c', 'd', 'e'].map((key) => `metrics.${key}`);
    expect(growChoice([...before, ...LAST_COLUMNS], ['metrics.f', ...LAST_COLUMNS])).toEqual([
      ...before,
      ...LAST_COLUMNS,
    ]);
  });
});
