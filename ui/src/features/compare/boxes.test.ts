import { expect, it } from 'vitest';
import { makeBins, makeBox } from './boxes';

it('puts far values outside of the whiskers', () => {
  expect(makeBox([1, 2, 3, 4, 100])).toEqual({ count: 5, low: 1, lower: 2, median: 3, upper: 4, high: 4 });
  expect(makeBox([5])).toEqual({ count: 1, low: 5, lower: 5, median: 5, upper: 5, high: 5 });
  expect(makeBox([])).toBeUndefined();
});

it('groups by text in the order of people, and leaves out what has none', () => {
  const bins = makeBins({ numeric: false, texts: ['b10', 'b2', undefined, 'b2'], numbers: [] });
  expect(bins).toEqual([
    { name: 'b2', places: [1, 3] },
    { name: 'b10', places: [0] },
  ]);
});

it('groups few numbers by value, also if they are written differently', () => {
  const texts = ['1e-3', '0.1', '0.001'];
  expect(makeBins({ numeric: true, texts, numbers: texts.map(Number) })).toEqual([
    { name: '0.001', places: [0, 2] },
    { name: '0.1', places: [1] },
  ]);
});

it('makes ranges of many numbers, with every run in one of them', () => {
  const numbers = Array.from({ length: 100 }, (_, place) => (place * 37) % 100);
  const bins = makeBins({ numeric: true, texts: numbers.map(String), numbers });
  expect(bins).toHaveLength(6);
  expect(bins.flatMap(({ places }) => places).sort((a, b) => a - b)).toEqual(numbers.map((_, place) => place));
  expect(bins[0]?.name).toBe('0 – 16');
  for (const { places } of bins) expect(Math.abs(places.length - 100 / 6)).toBeLessThan(2);
});

it('puts rare texts together', () => {
  const texts = Array.from({ length: 40 }, (_, place) => `t${place % 20}`).concat(['t0', 't1']);
  const bins = makeBins({ numeric: false, texts, numbers: [] });
  expect(bins).toHaveLength(12);
  expect(bins.at(-1)).toMatchObject({ name: '9 others' });
  expect(bins.reduce((sum, { places }) => sum + places.length, 0)).toBe(42);
});
