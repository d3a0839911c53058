/** When a run will be done, guessed from how far it says it has come. */

import type { Metric } from '@/api/calls';

/** Params that say how many steps or epochs there will be, the surest first. */
const STEPS = [
  'max_steps',
  'total_steps',
  'num_train_steps',
  'train_steps',
  'num_steps',
  'max_iters',
  'max_iterations',
  'n_steps',
];
const EPOCHS = ['max_epochs', 'num_train_epochs', 'num_epochs', 'n_epochs', 'epochs'];

/** How much of it is done, from 0 to 1; undefined if the run does not say. */
export function findProgress(params: ReadonlyMap<string, string>, metrics: readonly Metric[]): number | undefined {
  const own = metrics.filter(({ key }) => !key.startsWith('system/'));
  const steps = findNumber(params, STEPS);
  if (steps) {
    const last = own.reduce((most, { step = 0 }) => Math.max(most, Number(step)), 0);
    return share(last, steps);
  }
  const epochs = findNumber(params, EPOCHS);
  const epoch = own.find(({ key }) => /(^|[/._])epoch$/.test(key));
  return epochs && epoch ? share(Number(epoch.value), epochs) : undefined;
}

/** When it ends if it goes on like this, in Unix ms; undefined while that cannot be said. */
export function estimateEnd(progress: number | undefined, start: number, now: number): number | undefined {
  return progress === undefined || progress < 0.005 || now <= start ? undefined : start + (now - start) / progress;
}

const share = (done: number, all: number): number | undefined =>
  Number.isFinite(done) && done > 0 && done <= all ? done / all : undefined;

/** Keys may stand in folders: `trainer.max_steps`. */
function findNumber(params: ReadonlyMap<string, string>, names: readonly string[]): number | undefined {
  for (const name of names) {
    for (const [key, value] of params) {
      if (key !== name && !key.endsWith(`.${name}`) && !key.endsWith(`/${name}`)) continue;
      const number = Number(value);
      if (Number.isFinite(number) && number > 0) return number;
    }
  }
  return undefined;
}
