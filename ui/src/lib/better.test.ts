import { expect, it } from 'vitest';
import { guessBetter } from './better';

it('wants less of losses, errors and times', () => {
  for (const key of ['loss', 'val_loss', 'valLoss', 'test/rmse', 'logloss', 'latency_ms', 'eval.error'])
    expect(guessBetter(key)).toBe('lower');
});

it('wants more of what is not known to be bad', () => {
  for (const key of ['accuracy', 'val/f1', 'auc', 'mAP', 'reward']) expect(guessBetter(key)).toBe('higher');
});

it('has no opinion on settings and on machines', () => {
  for (const key of ['lr', 'epoch', 'learning_rate', 'grad_norm', 'system/gpu_0_utilization'])
    expect(guessBetter(key)).toBeUndefined();
});
