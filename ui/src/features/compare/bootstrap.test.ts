import { expect, it } from 'vitest';
import { seededRandom } from '@/lib/random';
import { deviation } from '@/lib/statistics';
import { compareMeans, isSure } from './bootstrap';

/** Numbers around a middle, nearly normal. */
function sample(count: number, middle: number, seed: number): number[] {
  const random = seededRandom(seed);
  const draw = () => Array.from({ length: 12 }, random).reduce((sum, each) => sum + each, -6);
  return Array.from({ length: count }, () => middle + draw());
}

it('gives the same interval for the same data and name', () => {
  const [a, b] = [sample(10, 0, 1), sample(12, 1, 2)];
  expect(compareMeans(a, b, 'loss')).toEqual(compareMeans(a, b, 'loss'));
  expect(compareMeans(a, b, 'loss').low).not.toBe(compareMeans(a, b, 'accuracy').low);
});

it('says difference and counts, but no interval, with fewer than three runs', () => {
  const found = compareMeans([1, 2], [3, 5, 7], 'loss');
  expect(found).toMatchObject({ countA: 2, countB: 3, meanA: 1.5, meanB: 5, difference: 3.5 });
  expect(found.low).toBeUndefined();
  expect(isSure(found)).toBe(false);
});

it('agrees with the normal interval on many runs', () => {
  const [a, b] = [sample(200, 0, 3), sample(200, 0.5, 4)];
  const { difference, low = 0, high = 0 } = compareMeans(a, b, 'loss');
  const error = Math.sqrt(deviation(a) ** 2 / 200 + deviation(b) ** 2 / 200);
  expect(Math.abs(low - (difference - 1.96 * error))).toBeLessThan(0.1 * error);
  expect(Math.abs(high - (difference + 1.96 * error))).toBeLessThan(0.1 * error);
});

it('holds 0 about nineteen times of twenty if there is no difference', () => {
  let held = 0;
  for (let trial = 0; trial < 200; trial += 1) {
    if (!isSure(compareMeans(sample(20, 0, 1000 + trial), sample(20, 0, 5000 + trial), `trial ${trial}`))) held += 1;
  }
  expect(held).toBeGreaterThan(178);
  expect(held).toBeLessThan(199);
});

it('is sure of groups that lie apart', () => {
  expect(isSure(compareMeans([1, 1.1, 0.9, 1], [2, 2.1, 1.9, 2], 'loss'))).toBe(true);
});
