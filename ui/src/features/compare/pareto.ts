/** The runs that no other one beats in two things at once. */

import type { Better } from '@/lib/better';

/**
 * The places of the points on the Pareto front, by x and then y.
 *
 * A point is left out if another one is at least as good in both and better in one. Equal points stay together. Points that are not
 * finite are none. In n log n: sorted by x, one pass looks at y.
 */
export function paretoFront(x: ArrayLike<number>, y: ArrayLike<number>, better: readonly [Better, Better]): number[] {
  const [signX, signY] = better.map((each) => (each === 'higher' ? -1 : 1));
  const costX = (place: number) => (x[place] ?? Number.NaN) * (signX ?? 1);
  const costY = (place: number) => (y[place] ?? Number.NaN) * (signY ?? 1);
  const places: number[] = [];
  for (let place = 0; place < x.length; place += 1) {
    if (Number.isFinite(costX(place)) && Number.isFinite(costY(place))) places.push(place);
  }
  places.sort((a, b) => costX(a) - costX(b) || costY(a) - costY(b) || a - b);
  const front: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  let leastX = Number.NaN;
  for (const place of places) {
    if (costY(place) < least) {
      least = costY(place);
      leastX = costX(place);
      front.push(place);
    } else if (costY(place) === least && costX(place) === leastX) {
      front.push(place);
    }
  }
  return front;
}
