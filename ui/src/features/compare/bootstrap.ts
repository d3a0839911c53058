/** The difference of two groups' means, and how sure it is: a 95 % interval by resampling. */

import { seededRandom, seedOf } from '@/lib/random';
import { mean, quantile } from '@/lib/statistics';

/** Fewer runs than these say nothing about spread. */
export const LEAST_RUNS = 3;
export const RESAMPLES = 2000;

/** Group B less group A. `low` and `high` are left out where a group has too few runs. */
export interface MeanDifference {
  countA: number;
  countB: number;
  meanA: number;
  meanB: number;
  difference: number;
  low?: number;
  high?: number;
}

/**
 * Compare two groups of finite values.
 *
 * Each group is drawn from anew, with repetition, `RESAMPLES` times; the interval holds the middle 95 % of the differences of means. The
 * draws depend on `name` alone, so that the same data give the same interval.
 */
export function compareMeans(a: readonly number[], b: readonly number[], name: string): MeanDifference {
  const found: MeanDifference = {
    countA: a.length,
    countB: b.length,
    meanA: mean(a),
    meanB: mean(b),
    difference: mean(b) - mean(a),
  };
  if (a.length < LEAST_RUNS || b.length < LEAST_RUNS) return found;
  const random = seededRandom(seedOf(name));
  const [left, right] = [Float64Array.from(a), Float64Array.from(b)];
  const differences = new Float64Array(RESAMPLES).map(() => drawMean(right, random) - drawMean(left, random)).sort();
  return { ...found, low: quantile(differences, 0.025), high: quantile(differences, 0.975) };
}

/** Whether the interval leaves no room for "no difference". */
export const isSure = ({ low, high }: MeanDifference): boolean =>
  low !== undefined && high !== undefined && (low > 0 || high < 0);

function drawMean(values: Float64Array, random: () => number): number {
  const count = values.length;
  let sum = 0;
  for (let left = count; left > 0; left -= 1) sum += values[(random() * count) | 0] ?? 0;
  return sum / count;
}
