import { expect, it } from 'vitest';
import { drawDots, nearestCell, placeOf } from './Strip';

const name = (color: string) => ({ name: color, style: { color, dash: [], mark: '' } });
const names = new Map([
  ['a', name('red')],
  ['b', name('blue')],
  ['c', name('red')],
]) as unknown as Parameters<typeof drawDots>[1];
const cells = [
  { id: 'a', value: 0 },
  { id: 'b', value: 5 },
  { id: 'c', value: 10 },
  { id: 'nobody', value: 1 },
  { id: 'a', value: Number.NaN },
];

it('draws the dots of a colour as one path, and leaves out what is not finite or not shown', () => {
  expect([...drawDots(cells, names, 0, 10)]).toEqual([
    ['red', 'M0.00 5h0M100.00 5h0'],
    ['blue', 'M50.00 5h0'],
  ]);
});

it('finds the nearest dot within reach, never one that is not a number', () => {
  const span = { min: 0, max: 10 };
  expect(nearestCell(cells, span, 48, 5)?.id).toBe('b');
  expect(nearestCell(cells, span, 70, 5)).toBeUndefined();
  expect(nearestCell([{ id: 'a', value: Number.NaN }], span, 50, 100)).toBeUndefined();
});

it('puts equal values in the middle', () => {
  expect(placeOf(3, 3, 3)).toBe(50);
});
