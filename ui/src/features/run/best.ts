/** Which metric of a run speaks for it: guessed from the names that people give. */

import { guessBetter } from '@/lib/better';

const VALIDATION = new Set(['val', 'valid', 'validation', 'eval', 'test', 'dev', 'holdout']);
const QUALITY = new Set(
  'acc accuracy f1 auc auroc r2 score map miou iou bleu rouge reward precision recall loss logloss rmse mae mse ppl perplexity bpb nll wer cer'.split(
    ' ',
  ),
);

/** Metrics of a machine, which say nothing of the model. */
export const isSystemMetric = (key: string): boolean => key.startsWith('system/');

/** Metrics from the most telling one on: those of validation first, then those whose name speaks of quality, of one class or layer last. */
export function rankMetrics(keys: readonly string[]): string[] {
  const ranked = keys
    .filter((key) => !isSystemMetric(key))
    .map((key) => ({ key, rank: rank(key), depth: key.split(/[/.]/).length }));
  return ranked
    .sort((a, b) => b.rank - a.rank || a.depth - b.depth || a.key.localeCompare(b.key))
    .map(({ key }) => key);
}

function rank(key: string): number {
  const words = key.toLowerCase().split(/[^a-z0-9]+/);
  const has = (some: ReadonlySet<string>) => (words.some((word) => some.has(word)) ? 2 : 0);
  return has(VALIDATION) + has(QUALITY) - (guessBetter(key) === undefined ? 3 : 0);
}
