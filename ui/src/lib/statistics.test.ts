import { expect, it } from 'vitest';
import { deviation, extent, mean, quantile, rankCorrelation, ranks } from './statistics';

it('takes quantiles between two values in proportion', () => {
  expect(quantile([1, 2, 3, 4], 0)).toBe(1);
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75);
  expect(quantile([1, 2, 3, 4], 1)).toBe(4);
  expect(quantile([], 0.5)).toBeNaN();
});

it('knows mean and deviation of a sample', () => {
  expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5);
  expect(deviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(2.1381, 4);
  expect(deviation([1])).toBeNaN();
});

it('passes over what is not finite in a range', () => {
  expect(extent([Number.NaN, 3, Number.POSITIVE_INFINITY, -1])).toEqual([-1, 3]);
  expect(extent([Number.NaN])).toBeUndefined();
});

it('gives equal values the mean of their ranks', () => {
  expect(ranks([10, 20, 20, 5])).toEqual([2, 3.5, 3.5, 1]);
});

it('calls every rising relation a full rank correlation', () => {
  expect(rankCorrelation([1, 2, 3, 4], [1, 10, 100, 1000])).toBeCloseTo(1, 12);
  expect(rankCorrelation([1, 2, 3, 4], [4, 3, 2, 1])).toBeCloseTo(-1, 12);
  expect(rankCorrelation([1, 2, 3, 4], [7, 7, 7, 7])).toBeUndefined();
});
