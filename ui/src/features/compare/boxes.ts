/** Boxes of a box plot: quartiles, whiskers, what lies outside; and how runs are put into groups for it. */

import { formatNumber } from '@/lib/format';
import { extent, quantile } from '@/lib/statistics';

/** The values of one group. Whiskers reach to the last value within 1.5 times the height of the box. */
export interface Box {
  count: number;
  low: number;
  lower: number;
  median: number;
  upper: number;
  high: number;
}

/** The box of finite values; `undefined` of none. */
export function makeBox(values: readonly number[]): Box | undefined {
  if (values.length === 0) return undefined;
  const sorted = Float64Array.from(values).sort();
  const [lower, median, upper] = [quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)];
  const reach = 1.5 * (upper - lower);
  const [low, high] = extent(sorted.filter((each) => each >= lower - reach && each <= upper + reach)) ?? [lower, upper];
  return { count: values.length, low, lower, median, upper, high };
}

/** A group of runs: its name, and their places. */
export interface Bin {
  name: string;
  places: number[];
}

const MOST_VALUES = 12;
const MOST_BINS = 6;

/** What runs are grouped by: texts, and numbers if all of them are. */
export interface Grouping {
  numeric: boolean;
  texts: readonly (string | undefined)[];
  numbers: ArrayLike<number>;
}

/**
 * Groups by the value of a field. Many different numbers become ranges of about equally many runs; of many texts those with the most runs stay
 * and the others are one group. Runs without a value are left out.
 */
export function makeBins(by: Grouping): Bin[] {
  const bins = new Map<string, number[]>();
  by.texts.forEach((text, place) => {
    if (text === undefined) return;
    const name = by.numeric ? formatNumber(by.numbers[place]) : text;
    const held = bins.get(name);
    if (held) held.push(place);
    else bins.set(name, [place]);
  });
  const found = [...bins].map(([name, places]) => ({ name, places }));
  if (by.numeric && found.length > MOST_VALUES) return makeRanges(by);
  if (by.numeric) {
    const value = ({ places }: Bin) => by.numbers[places[0] ?? 0] ?? 0;
    return found.sort((a, b) => value(a) - value(b));
  }
  if (found.length <= MOST_VALUES) return found.sort((a, b) => compareNames(a.name, b.name));
  found.sort((a, b) => b.places.length - a.places.length || compareNames(a.name, b.name));
  const rest = found.slice(MOST_VALUES - 1);
  const others = { name: `${rest.length} others`, places: rest.flatMap(({ places }) => places) };
  return [...found.slice(0, MOST_VALUES - 1), others];
}

function makeRanges({ numbers }: Grouping): Bin[] {
  const places = Array.from({ length: numbers.length }, (_, place) => place)
    .filter((place) => Number.isFinite(numbers[place]))
    .sort((a, b) => (numbers[a] ?? 0) - (numbers[b] ?? 0));
  const size = places.length / MOST_BINS;
  const bins: Bin[] = [];
  for (let start = 0; start < places.length; ) {
    let end = Math.max(start + 1, Math.round((bins.length + 1) * size));
    while (end < places.length && numbers[places[end] ?? 0] === numbers[places[end - 1] ?? 0]) end += 1;
    const held = places.slice(start, end);
    const [from, to] = extent(held.map((place) => numbers[place] ?? 0)) ?? [0, 0];
    const name = from === to ? formatNumber(from) : `${formatNumber(from)} – ${formatNumber(to)}`;
    bins.push({ name, places: held });
    start = end;
  }
  return bins;
}

/** Names as people sort them: `run 2` before `run 10`. */
export const compareNames = (a: string, b: string): number => COLLATOR.compare(a, b);

const COLLATOR = new Intl.Collator('en', { numeric: true });
