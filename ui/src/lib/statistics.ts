/** Arithmetic on few numbers. Each function expects finite numbers; `finiteOf` makes them so. */

/** The finite ones among numbers. */
export const finiteOf = (values: Iterable<number>): number[] => [...values].filter(Number.isFinite);

/** The mean; NaN of none. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let place = 0; place < values.length; place += 1) sum += values[place] ?? 0;
  return sum / values.length;
}

/** The standard deviation of a sample (n - 1); NaN of fewer than two. */
export function deviation(values: ArrayLike<number>): number {
  if (values.length < 2) return Number.NaN;
  const middle = mean(values);
  let sum = 0;
  for (let place = 0; place < values.length; place += 1) sum += ((values[place] ?? 0) - middle) ** 2;
  return Math.sqrt(sum / (values.length - 1));
}

/** The value below which a share (0 to 1) of sorted numbers lies, between two of them in proportion. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const place = (sorted.length - 1) * share;
  const left = Math.floor(place);
  const from = sorted[left] ?? Number.NaN;
  const to = sorted[Math.min(sorted.length - 1, left + 1)] ?? from;
  return from + (to - from) * (place - left);
}

/** Least and greatest; `undefined` of none. */
export function extent(values: Iterable<number>): [number, number] | undefined {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return least <= most ? [least, most] : undefined;
}

/** The place of each number in their order, from 1; equal numbers share the mean of their places. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, place) => place).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const found = new Array<number>(values.length).fill(0);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end] ?? 0] === values[order[start] ?? 0]) end += 1;
    for (let place = start; place < end; place += 1) found[order[place] ?? 0] = (start + end + 1) / 2;
    start = end;
  }
  return found;
}

/** Spearman's correlation of pairs, -1 to 1; `undefined` where one side never changes. */
export function rankCorrelation(left: readonly number[], right: readonly number[]): number | undefined {
  return correlation(ranks(left), ranks(right));
}

function correlation(left: readonly number[], right: readonly number[]): number | undefined {
  const [a, b] = [mean(left), mean(right)];
  let [both, one, other] = [0, 0, 0];
  for (let place = 0; place < left.length; place += 1) {
    const x = (left[place] ?? 0) - a;
    const y = (right[place] ?? 0) - b;
    both += x * y;
    one += x * x;
    other += y * y;
  }
  return one > 0 && other > 0 ? both / Math.sqrt(one * other) : undefined;
}
