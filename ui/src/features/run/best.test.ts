import { expect, it } from 'vitest';
import { rankMetrics } from './best';

it('puts validation and quality first, machinery last, and leaves the machine out', () => {
  const ranked = rankMetrics(['system/cpu', 'lr', 'train/loss', 'val/loss', 'val/weird', 'grad_norm', 'epoch']);
  expect(ranked).toEqual(['val/loss', 'train/loss', 'val/weird', 'epoch', 'grad_norm', 'lr']);
});

it('prefers what stands for all classes to one of them', () => {
  expect(rankMetrics(['val/class_0/f1', 'val/loss', 'val/acc'])).toEqual(['val/acc', 'val/loss', 'val/class_0/f1']);
});

it('orders equals by name, and takes an empty list', () => {
  expect(rankMetrics(['b', 'a'])).toEqual(['a', 'b']);
  expect(rankMetrics([])).toEqual([]);
});
