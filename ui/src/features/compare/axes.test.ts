import { expect, it } from 'vitest';
import { makeAxis } from './axes';
import { textRow } from './difference.fixture';
import { type Field, readFields } from './fields';

function field(texts: readonly (string | undefined)[]): Field {
  const [found] = readFields({ run_ids: [], rows: [textRow('params', 'x', texts)], metrics: [] }, [...texts.keys()]);
  if (!found) throw new Error('There is no field.');
  return found;
}
const PLAIN = { log: false, inverted: false };

it('puts numbers on a scale, and nowhere what has none', () => {
  expect([...makeAxis(field(['0', '5', '10', undefined]), PLAIN).shares]).toEqual([0, 0.5, 1, Number.NaN]);
  expect([...makeAxis(field(['0', '5', '10']), { log: false, inverted: true }).shares]).toEqual([1, 0.5, 0]);
});

it('has no place for 0 on a logarithmic axis', () => {
  expect([...makeAxis(field(['0', '0.01', '0.1', '1']), { log: true, inverted: false }).shares]).toEqual([
    Number.NaN,
    0,
    expect.closeTo(0.5, 12),
    1,
  ]);
  expect(makeAxis(field(['-1', '0']), { log: true, inverted: false }).log).toBe(false);
});

it('brushes what it then covers', () => {
  for (const view of [
    PLAIN,
    { log: true, inverted: false },
    { log: false, inverted: true },
    { log: true, inverted: true },
  ]) {
    const axis = makeAxis(field(['1', '10', '100']), view);
    const brush = axis.brushBetween(0.8, 0.2);
    expect(brush?.kind).toBe('range');
    const [part] = brush ? axis.partsOf(brush) : [];
    expect(part?.[0]).toBeCloseTo(0.2, 2);
    expect(part?.[1]).toBeCloseTo(0.8, 2);
  }
});

it('keeps a brush that goes beyond the axis on it', () => {
  const axis = makeAxis(field(['0', '10']), PLAIN);
  expect(axis.partsOf({ kind: 'range', from: Number.NEGATIVE_INFINITY, to: 5 })).toEqual([[-0.02, 0.5]]);
});

it('sorts texts as people do and brushes the ones whose middle is covered', () => {
  const axis = makeAxis(field(['b10', 'b2', 'a', undefined]), PLAIN);
  expect(axis.choices).toEqual(['a', 'b2', 'b10']);
  expect(axis.brushBetween(0.1, 0.6)).toEqual({ kind: 'choice', texts: ['a', 'b2'] });
  expect(axis.brushBetween(0.2, 0.3)).toBeUndefined();
});

it('draws neighbouring choices as one part', () => {
  const axis = makeAxis(field(['a', 'b', 'c', 'd']), PLAIN);
  expect(axis.partsOf({ kind: 'choice', texts: ['a', 'b', 'd'] })).toEqual([
    [0, 0.5],
    [0.75, 1],
  ]);
});

it('has room for a single value', () => {
  expect([...makeAxis(field(['3', '3']), PLAIN).shares]).toEqual([0.5, 0.5]);
});
