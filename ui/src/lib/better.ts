/** Whether more or less of a metric is better, guessed from its name. */

/** `undefined`: neither is, such as of a learning rate. */
export type Better = 'lower' | 'higher' | undefined;

const LOWER = new Set(
  (
    'loss losses error errors err mae mse rmse mape smape rmsle wer cer ter ppl perplexity nll bpb bpc logloss crossentropy entropy ' +
    'fid kid kl latency duration time seconds sec ms minutes hours memory mem regret cost fpr fnr eer brier ece misclassified ' +
    'distance divergence elapsed energy flops violations penalty deviance aic bic'
  ).split(' '),
);
const NEITHER = new Set(
  'epoch epochs step steps lr iteration iterations iter seed batch rank progress count n samples tokens temperature'.split(
    ' ',
  ),
);

/** The words of a key, in small letters: `valLoss/top_1` is val, loss, top, 1. */
const words = (key: string): string[] =>
  key
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);

/** Guess which is better. Machines' own metrics (`system/...`) are neither. */
export function guessBetter(key: string): Better {
  if (key.startsWith('system/')) return undefined;
  const found = words(key);
  const text = found.join(' ');
  if (/learning rate|grad(ient)? norm|weight norm/.test(text)) return undefined;
  if (found.some((word) => LOWER.has(word) || /(loss|error)$/.test(word))) return 'lower';
  if (found.some((word) => NEITHER.has(word))) return undefined;
  return 'higher';
}
