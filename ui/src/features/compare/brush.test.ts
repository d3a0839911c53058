import { expect, it } from 'vitest';
import { type Brush, isWithin, readBrushes, roundFor, writeBrushes } from './brush';

it('reads what it has written', () => {
  const brushes = new Map<string, Brush>([
    ['metrics.loss', { kind: 'range', from: 0.1, to: 0.4 }],
    ['metrics.a:b..c', { kind: 'range', from: -1e-7, to: 2e20 }],
    ['params.lr', { kind: 'range', from: Number.NEGATIVE_INFINITY, to: 3 }],
    ['params.model', { kind: 'choice', texts: ['CNN', 'a "quoted", [one]', ''] }],
    ['tags.x=[1]', { kind: 'choice', texts: ['y=["z"]'] }],
  ]);
  expect(readBrushes(writeBrushes(brushes))).toEqual(brushes);
});

it('writes ranges as the plan has them', () => {
  expect(writeBrushes(new Map([['metrics.loss', { kind: 'range', from: 0.1, to: 0.4 }]]))).toEqual([
    'metrics.loss:0.1..0.4',
  ]);
});

it('leaves out what is no brush', () => {
  const wrong = [
    '',
    'metrics.loss',
    ':0..1',
    'metrics.loss:1',
    'metrics.loss:2..1',
    'metrics.loss:a..b',
    'metrics.loss:0..1..2',
    'params.x=[]',
    'params.x=[1]',
    'params.x=[oops]',
  ];
  expect(readBrushes(wrong).size).toBe(0);
  expect(readBrushes(undefined).size).toBe(0);
});

it('holds both ends, and nothing that has no value', () => {
  const range: Brush = { kind: 'range', from: 1, to: 2 };
  expect([0.99, 1, 2, 2.01, Number.NaN].map((each) => isWithin(range, each, undefined))).toEqual([
    false,
    true,
    true,
    false,
    false,
  ]);
  const choice: Brush = { kind: 'choice', texts: ['a'] };
  expect(['a', 'b', undefined].map((each) => isWithin(choice, Number.NaN, each))).toEqual([true, false, false]);
});

it('rounds to what can be seen on an axis', () => {
  expect(roundFor(0.123456789, 1)).toBe(0.1235);
  expect(roundFor(123456.789, 1)).toBeCloseTo(123456.789, 3);
  expect(roundFor(0, 1)).toBe(0);
});
