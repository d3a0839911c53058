/** A surface through scattered points, on a grid, and its level lines. */

import { niceStep } from '@/lib/ticks';

/** Points, by place; those with a number that is not finite count for nothing. */
export interface Scattered {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  z: ArrayLike<number>;
}

/** `columns` by `rows` values, row by row from the least y. `x` and `y` are the lines of the grid; outside of `hull` (its corners in turn) nothing is known. */
export interface Grid {
  columns: number;
  rows: number;
  x: Float64Array;
  y: Float64Array;
  values: Float64Array;
  hull: readonly (readonly [x: number, y: number])[];
}

/** A piece of a level line. */
export type Segment = readonly [x1: number, y1: number, x2: number, y2: number];

interface Unit {
  u: number;
  v: number;
  z: number;
}

/**
 * Interpolate a grid over the range of the points; `undefined` if fewer than three points do not lie on one line.
 *
 * Shepard's method: each place has the mean of the points, weighted by 1 / distance⁴, so that the surface goes through the points. Distances are taken with
 * both sides scaled to 1. What lies outside of the points' hull has values too, but is not to be shown: nothing was tried there.
 */
export function interpolate({ x, y, z }: Scattered, size = 80): Grid | undefined {
  const places: number[] = [];
  for (let place = 0; place < x.length; place += 1) {
    if ([x[place], y[place], z[place]].every((each) => Number.isFinite(each))) places.push(place);
  }
  const at = (values: ArrayLike<number>, place: number) => values[place] ?? 0;
  const spanX = span(places.map((place) => at(x, place)));
  const spanY = span(places.map((place) => at(y, place)));
  if (!spanX || !spanY) return undefined;
  const points = merge(
    places.map((place) => ({
      u: (at(x, place) - spanX.from) / spanX.length,
      v: (at(y, place) - spanY.from) / spanY.length,
      z: at(z, place),
    })),
  );
  const hull = convexHull(points);
  if (hull.length < 3) return undefined;
  const line = Float64Array.from({ length: size }, (_, step) => step / (size - 1));
  const values = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      values[row * size + column] = weigh(points, line[column] ?? 0, line[row] ?? 0);
    }
  }
  return {
    columns: size,
    rows: size,
    x: line.map((each) => spanX.from + each * spanX.length),
    y: line.map((each) => spanY.from + each * spanY.length),
    values,
    hull: hull.map(({ u, v }) => [spanX.from + u * spanX.length, spanY.from + v * spanY.length] as const),
  };
}

/** Round levels, about so many, within the range of a grid. */
export function chooseLevels(grid: Grid, count = 10): number[] {
  const range = span([...grid.values]);
  if (!range) return [];
  const step = niceStep(range.length / count);
  const levels: number[] = [];
  for (let number = Math.ceil(range.from / step); number * step < range.from + range.length; number += 1) {
    if (number * step > range.from) levels.push(Number((number * step).toPrecision(12)));
  }
  return levels;
}

/** The pieces of the line at which a grid has a level: marching squares, the saddle decided by the middle. */
export function traceLevel(grid: Grid, level: number): Segment[] {
  const { columns, rows, x, y, values } = grid;
  const found: Segment[] = [];
  for (let row = 0; row + 1 < rows; row += 1) {
    for (let column = 0; column + 1 < columns; column += 1) {
      const start = row * columns + column;
      const corners = [start, start + 1, start + columns + 1, start + columns].map(
        (each) => values[each] ?? Number.NaN,
      );
      const square = { left: x[column] ?? 0, right: x[column + 1] ?? 0, low: y[row] ?? 0, high: y[row + 1] ?? 0 };
      found.push(...cross(corners, square, level));
    }
  }
  return found;
}

interface Square {
  left: number;
  right: number;
  low: number;
  high: number;
}

/** Corners in turn: low left, low right, high right, high left. Sides: low, right, high, left. */
function cross(corners: readonly number[], { left, right, low, high }: Square, level: number): Segment[] {
  const [a = 0, b = 0, c = 0, d = 0] = corners;
  const between = (from: number, to: number, valueFrom: number, valueTo: number) =>
    from + (to - from) * ((level - valueFrom) / (valueTo - valueFrom));
  const sides: [number, number][] = [];
  if (a > level !== b > level) sides.push([between(left, right, a, b), low]);
  if (b > level !== c > level) sides.push([right, between(low, high, b, c)]);
  if (d > level !== c > level) sides.push([between(left, right, d, c), high]);
  if (a > level !== d > level) sides.push([left, between(low, high, a, d)]);
  const [p, q, r, s] = sides;
  if (p && q && r && s) {
    const isJoined = (a + b + c + d) / 4 > level === a > level;
    return isJoined
      ? [
          [...p, ...q],
          [...r, ...s],
        ]
      : [
          [...p, ...s],
          [...q, ...r],
        ];
  }
  return p && q ? [[...p, ...q]] : [];
}

function span(values: readonly number[]): { from: number; length: number } | undefined {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return most > least ? { from: least, length: most - least } : undefined;
}

/** Points at one place become one, with the mean. */
function merge(points: readonly Unit[]): Unit[] {
  const found = new Map<string, { point: Unit; count: number }>();
  for (const point of points) {
    const key = `${point.u},${point.v}`;
    const held = found.get(key);
    if (held) {
      held.count += 1;
      held.point.z += (point.z - held.point.z) / held.count;
    } else found.set(key, { point: { ...point }, count: 1 });
  }
  return [...found.values()].map(({ point }) => point);
}

function weigh(points: readonly Unit[], u: number, v: number): number {
  let [sum, weights] = [0, 0];
  for (const point of points) {
    const distance = (point.u - u) ** 2 + (point.v - v) ** 2;
    if (distance < 1e-18) return point.z;
    const weight = 1 / (distance * distance);
    sum += weight * point.z;
    weights += weight;
  }
  return sum / weights;
}

/** The hull of points, counter-clockwise (Andrew's chain). */
function convexHull(points: readonly Unit[]): Unit[] {
  const sorted = [...points].sort((a, b) => a.u - b.u || a.v - b.v);
  const half = (row: readonly Unit[]) => {
    const chain: Unit[] = [];
    for (const point of row) {
      while (chain.length > 1 && turn(chain.at(-2), chain.at(-1), point) <= 1e-12) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.toReversed())];
}

function turn(a: Unit | undefined, b: Unit | undefined, c: { u: number; v: number }): number {
  if (!a || !b) return 0;
  return (b.u - a.u) * (c.v - a.v) - (b.v - a.v) * (c.u - a.u);
}
