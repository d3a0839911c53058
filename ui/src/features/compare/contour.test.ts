import { expect, it } from 'vitest';
import { seededRandom } from '@/lib/random';
import { chooseLevels, type Grid, interpolate, traceLevel } from './contour';

function scatter(count: number, height: (x: number, y: number) => number) {
  const random = seededRandom(3);
  const x = Array.from({ length: count }, () => random() * 10);
  const y = Array.from({ length: count }, () => random() * 1000);
  return { x, y, z: x.map((each, place) => height(each, y[place] ?? 0)) };
}

it('goes through the points', () => {
  const square = { x: [0, 1, 0, 1, 0.5], y: [0, 0, 1, 1, 0.5], z: [1, 2, 3, 4, 9] };
  const grid = interpolate(square, 3);
  expect([...(grid?.values ?? [])].filter((_, place) => [0, 2, 4, 6, 8].includes(place))).toEqual([1, 2, 9, 3, 4]);
});

it('follows a slope, with sides of other lengths', () => {
  const grid = interpolate(
    scatter(300, (x, y) => x + y / 100),
    20,
  );
  if (!grid) throw new Error('There is no grid.');
  const errors = [...grid.values].map((value, place) => {
    const [column, row] = [place % 20, Math.floor(place / 20)];
    return value - ((grid.x[column] ?? 0) + (grid.y[row] ?? 0) / 100);
  });
  const known = errors.map(Math.abs);
  expect(known.reduce((sum, each) => sum + each, 0) / known.length).toBeLessThan(0.3);
});

it('stays within the heights of the points', () => {
  const grid = interpolate(
    scatter(60, (x) => Math.sin(x)),
    30,
  );
  const known = [...(grid?.values ?? [])].filter(Number.isFinite);
  expect(Math.max(...known)).toBeLessThanOrEqual(1);
  expect(Math.min(...known)).toBeGreaterThanOrEqual(-1);
});

it('says within which corners something was tried', () => {
  const grid = interpolate({ x: [0, 10, 5, 5, 0, 10], y: [0, 0, 1, 4, 8, 8], z: [1, 1, 1, 1, 1, 1] }, 5);
  expect(grid?.hull).toEqual([
    [0, 0],
    [10, 0],
    [10, 8],
    [0, 8],
  ]);
});

it('takes the mean of runs at one place', () => {
  const grid = interpolate({ x: [0, 0, 1, 0], y: [0, 0, 0, 1], z: [1, 3, 5, 5] }, 2);
  expect(grid?.values[0]).toBe(2);
});

it('has no surface over points on one line, and passes over what is no number', () => {
  expect(interpolate({ x: [0, 1, 2], y: [0, 1, 2], z: [1, 2, 3] })).toBeUndefined();
  expect(interpolate({ x: [0, 1, 2], y: [5, 5, 5], z: [1, 2, 3] })).toBeUndefined();
  expect(interpolate({ x: [0, 1, 0, Number.NaN], y: [0, 0, Number.NaN, 1], z: [1, 2, 3, 4] })).toBeUndefined();
});

it('chooses round levels within the range', () => {
  const grid = interpolate({ x: [0, 1, 0, 1], y: [0, 0, 1, 1], z: [0.03, 0.4, 0.7, 0.97] }, 2);
  if (!grid) throw new Error('There is no grid.');
  expect(chooseLevels(grid, 5)).toEqual([0.2, 0.4, 0.6, 0.8]);
});

const square = (a: number, b: number, d: number, c: number): Grid => ({
  columns: 2,
  rows: 2,
  x: Float64Array.of(0, 1),
  y: Float64Array.of(0, 1),
  values: Float64Array.of(a, b, d, c),
  hull: [],
});

it('draws a level where it is crossed', () => {
  expect(traceLevel(square(0, 1, 0, 1), 0.25)).toEqual([[0.25, 0, 0.25, 1]]);
  expect(traceLevel(square(0, 0, 1, 1), 0.5)).toEqual([[1, 0.5, 0, 0.5]]);
  expect(traceLevel(square(0, 0, 0, 0), 0.5)).toEqual([]);
});

it('parts a saddle by its middle', () => {
  // The high corners are joined over a high middle: the lines cut off the low ones.
  expect(traceLevel(square(1, 0.4, 0.4, 1), 0.5)).toEqual(
    [
      [5 / 6, 0, 1, 1 / 6],
      [1 / 6, 1, 0, 5 / 6],
    ].map((each) => each.map((value) => expect.closeTo(value, 12))),
  );
  // A low middle joins the low corners: the lines cut off the high ones.
  expect(traceLevel(square(1, 0, 0, 0.9), 0.5)[0]).toEqual([0.5, 0, 0, 0.5]);
});
