/** Which params a metric depends on: a small random forest, and how much worse it guesses when one param is shuffled. */

import { seededRandom } from '@/lib/random';
import { mean } from '@/lib/statistics';

/** Fewer runs than these say nothing. */
export const LEAST_RUNS_FOR_IMPORTANCE = 10;
export const TREES = 64;

const BINS = 32;
const MOST_DEPTH = 10;
const LEAST_LEAF = 2;

/** A param of all runs: numbers, or codes of texts; NaN where a run has none. */
export interface Feature {
  name: string;
  values: ArrayLike<number>;
}

/** A param's part in the loss of accuracy, of all params' together: 0 to 1. */
export interface Importance {
  name: string;
  share: number;
}

export interface Forest {
  importances: Importance[];
  /** How much of the metric's variance the forest guesses of runs that it has not seen; 1 is all, 0 or less is nothing. */
  explained: number;
  runs: number;
}

interface Node {
  feature: number;
  /** Runs whose bin is at most this go left. */
  bin: number;
  left: number;
  right: number;
  value: number;
}

interface Data {
  bins: readonly Uint8Array[];
  target: Float64Array;
  random: () => number;
}

/**
 * Grow a forest step by step: yields the share that is done after each tree, returns what it found. The same data give the same answer.
 *
 * Runs without a finite target are left out. Each tree is grown on runs drawn with repetition and asked about the others.
 */
export function* growForest(
  features: readonly Feature[],
  target: ArrayLike<number>,
  trees = TREES,
): Generator<number, Forest> {
  const rows = Array.from({ length: target.length }, (_, row) => row).filter((row) => Number.isFinite(target[row]));
  const data: Data = {
    bins: features.map(({ values }) => cutIntoBins(rows.map((row) => values[row] ?? Number.NaN))),
    target: Float64Array.from(rows, (row) => target[row] ?? 0),
    random: seededRandom(1),
  };
  const lost = new Float64Array(features.length);
  const guesses = new Float64Array(rows.length);
  const votes = new Float64Array(rows.length);
  for (let tree = 0; tree < trees; tree += 1) {
    const drawn = Array.from(rows, () => Math.floor(data.random() * rows.length));
    const taken = new Set(drawn);
    const others = rows.map((_, place) => place).filter((place) => !taken.has(place));
    const nodes = growTree(data, drawn);
    for (const place of others) {
      guesses[place] = (guesses[place] ?? 0) + guess(nodes, data.bins, place);
      votes[place] = (votes[place] ?? 0) + 1;
    }
    shuffleEach(nodes, data, others, lost);
    yield (tree + 1) / trees;
  }
  const positive = Array.from(lost, (each) => Math.max(0, each));
  const all = positive.reduce((sum, each) => sum + each, 0);
  const importances = features
    .map(({ name }, place) => ({ name, share: all > 0 ? (positive[place] ?? 0) / all : 0 }))
    .sort((a, b) => b.share - a.share);
  return { importances, explained: explainedShare(data.target, guesses, votes), runs: rows.length };
}

/** Add to `lost` how much the squared error on `others` grows when a feature's values are dealt out anew among them. */
function shuffleEach(
  nodes: readonly Node[],
  { bins, target, random }: Data,
  others: readonly number[],
  lost: Float64Array,
): void {
  if (others.length < 2) return;
  const errorOf = (look: readonly Uint8Array[]) =>
    mean(others.map((place) => (guess(nodes, look, place) - (target[place] ?? 0)) ** 2));
  const before = errorOf(bins);
  const used = new Set(nodes.filter(({ left }) => left >= 0).map(({ feature }) => feature));
  for (const feature of used) {
    const column = bins[feature];
    if (!column) continue;
    const dealt = shuffle(
      others.map((place) => column[place] ?? 0),
      random,
    );
    const changed = column.slice();
    others.forEach((place, at) => {
      changed[place] = dealt[at] ?? 0;
    });
    const look = bins.with(feature, changed);
    lost[feature] = (lost[feature] ?? 0) + errorOf(look) - before;
  }
}

function growTree(data: Data, drawn: number[]): Node[] {
  const nodes: Node[] = [];
  const grow = (places: number[], depth: number): number => {
    const at = nodes.length;
    const node: Node = {
      feature: 0,
      bin: 0,
      left: -1,
      right: -1,
      value: mean(places.map((place) => data.target[place] ?? 0)),
    };
    nodes.push(node);
    const split = depth < MOST_DEPTH && places.length >= 2 * LEAST_LEAF ? findSplit(data, places) : undefined;
    const column = split && data.bins[split.feature];
    if (!split || !column) return at;
    Object.assign(node, split);
    node.left = grow(
      places.filter((place) => (column[place] ?? 0) <= split.bin),
      depth + 1,
    );
    node.right = grow(
      places.filter((place) => (column[place] ?? 0) > split.bin),
      depth + 1,
    );
    return at;
  };
  grow(drawn, 0);
  return nodes;
}

/** The cut of a third of the features, drawn at random, that leaves the least variance. */
function findSplit(
  { bins, target, random }: Data,
  places: readonly number[],
): { feature: number; bin: number } | undefined {
  const wanted = Math.max(1, Math.ceil(bins.length / 3));
  const features = shuffle(
    bins.map((_, feature) => feature),
    random,
  );
  let total = 0;
  for (const place of places) total += target[place] ?? 0;
  let best = (total * total) / places.length + 1e-12;
  let found: { feature: number; bin: number } | undefined;
  // More are looked at as long as no cut has been found: many params are the same in a whole branch.
  for (let tried = 0; tried < features.length && (tried < wanted || !found); tried += 1) {
    const feature = features[tried] ?? 0;
    const [sums, counts] = countBins(bins[feature] ?? new Uint8Array(), target, places);
    let [sum, count] = [0, 0];
    for (let bin = 0; bin < BINS; bin += 1) {
      sum += sums[bin] ?? 0;
      count += counts[bin] ?? 0;
      const rest = places.length - count;
      if (count < LEAST_LEAF || rest < LEAST_LEAF) continue;
      const gain = (sum * sum) / count + (total - sum) ** 2 / rest;
      if (gain > best) {
        best = gain;
        found = { feature, bin };
      }
    }
  }
  return found;
}

function countBins(column: Uint8Array, target: Float64Array, places: readonly number[]): [Float64Array, Uint32Array] {
  const sums = new Float64Array(BINS);
  const counts = new Uint32Array(BINS);
  for (const place of places) {
    const bin = column[place] ?? 0;
    sums[bin] = (sums[bin] ?? 0) + (target[place] ?? 0);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return [sums, counts];
}

function guess(nodes: readonly Node[], bins: readonly Uint8Array[], place: number): number {
  let node = nodes[0];
  while (node && node.left >= 0) {
    node = nodes[(bins[node.feature]?.[place] ?? 0) <= node.bin ? node.left : node.right];
  }
  return node?.value ?? 0;
}

/** Bin 0 is for runs without a value; the others go up with it, each with about equally many of the different values. */
function cutIntoBins(values: readonly number[]): Uint8Array {
  const distinct = Float64Array.from(new Set(values.filter((each) => !Number.isNaN(each)))).sort();
  const place = new Map(Array.from(distinct, (each, at) => [each, at] as const));
  const scale = Math.min(1, (BINS - 1) / Math.max(1, distinct.length));
  return Uint8Array.from(values, (each) => {
    const at = place.get(each);
    return at === undefined ? 0 : 1 + Math.floor(at * scale);
  });
}

function explainedShare(target: Float64Array, guesses: Float64Array, votes: Float64Array): number {
  const asked = Array.from(target.keys()).filter((place) => (votes[place] ?? 0) > 0);
  const middle = mean(asked.map((place) => target[place] ?? 0));
  let [left, all] = [0, 0];
  for (const place of asked) {
    const value = target[place] ?? 0;
    left += (value - (guesses[place] ?? 0) / (votes[place] ?? 1)) ** 2;
    all += (value - middle) ** 2;
  }
  return all > 0 ? 1 - left / all : 0;
}

function shuffle<T>(values: T[], random: () => number): T[] {
  for (let last = values.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const [a, b] = [values[last], values[other]];
    if (a !== undefined && b !== undefined) [values[last], values[other]] = [b, a];
  }
  return values;
}
