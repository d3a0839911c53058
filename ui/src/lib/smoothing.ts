/** Smoothing of lines. NaN is a gap: it stays where it is and changes nothing around it. */

/** The middle one of the distances between neighbours, which tells what "one step" of a line is; 0 for fewer than two points. */
export function medianSpacing(x: ArrayLike<number>): number {
  if (x.length < 2) return 0;
  const gaps = new Float64Array(x.length - 1);
  for (let i = 1; i < x.length; i += 1) gaps[i - 1] = (x[i] ?? 0) - (x[i - 1] ?? 0);
  gaps.sort();
  return gaps[gaps.length >> 1] ?? 0;
}

/**
 * Exponential moving average that minds the distance between points, and has no bias towards the beginning.
 *
 * `weight` (0 to below 1) is how much of the past remains after `unit` of x: points that lie close together change it less than points far apart.
 */
export function smoothByTime(x: ArrayLike<number>, y: ArrayLike<number>, weight: number, unit: number): Float64Array {
  const smooth = new Float64Array(y.length);
  const rate = weight > 0 ? Math.log(Math.min(weight, 1 - 1e-9)) : Number.NEGATIVE_INFINITY;
  let sum = 0;
  let mass = 0;
  let before = Number.NaN;
  for (let i = 0; i < y.length; i += 1) {
    const value = y[i] ?? Number.NaN;
    if (!Number.isFinite(value)) {
      smooth[i] = Number.NaN;
      continue;
    }
    const at = x[i] ?? 0;
    const steps = Number.isNaN(before) || unit <= 0 ? 1 : (at - before) / unit;
    const kept = rate === Number.NEGATIVE_INFINITY ? 0 : Math.exp(rate * steps);
    const fresh = mass === 0 ? Math.max(1 - kept, 1e-12) : 1 - kept;
    sum = sum * kept + value * fresh;
    mass = mass * kept + fresh;
    smooth[i] = sum / mass;
    before = at;
  }
  return smooth;
}

/**
 * Centred moving average over so many points. `count` says how many points each entry stands for; an entry in part inside the window counts in part.
 * At the ends of the line the window holds what there is of it.
 */
export function smoothByWindow(
  y: ArrayLike<number>,
  count: ArrayLike<number> | undefined,
  points: number,
): Float64Array {
  const n = y.length;
  const edge = new Float64Array(n + 1);
  const area = new Float64Array(n + 1);
  for (let i = 0; i < n; i += 1) {
    const value = y[i] ?? Number.NaN;
    const weight = Number.isFinite(value) ? Math.max(count?.[i] ?? 1, 0) : 0;
    edge[i + 1] = (edge[i] ?? 0) + weight;
    area[i + 1] = (area[i] ?? 0) + (weight ? value * weight : 0);
  }
  const total = edge[n] ?? 0;
  const smooth = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    const value = y[i] ?? Number.NaN;
    const from = edge[i] ?? 0;
    const to = edge[i + 1] ?? 0;
    if (!Number.isFinite(value) || to === from) {
      smooth[i] = Number.isFinite(value) ? value : Number.NaN;
      continue;
    }
    const middle = (from + to) / 2;
    const first = Math.max(middle - points / 2, 0);
    const last = Math.min(middle + points / 2, total);
    smooth[i] =
      points <= to - from ? value : (areaUpTo(last, edge, area) - areaUpTo(first, edge, area)) / (last - first);
  }
  return smooth;
}

/** The area under the entries up to a place that may lie within one of them. */
function areaUpTo(place: number, edge: Float64Array, area: Float64Array): number {
  let low = 0;
  let high = edge.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((edge[middle] ?? 0) <= place) low = middle;
    else high = middle - 1;
  }
  const base = area[low] ?? 0;
  const width = (edge[low + 1] ?? 0) - (edge[low] ?? 0);
  if (low >= edge.length - 1 || width <= 0) return base;
  return base + (((area[low + 1] ?? 0) - base) * (place - (edge[low] ?? 0))) / width;
}
