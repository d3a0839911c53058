import { expect, it } from 'vitest';
import { rankMetrics } from './best';

it('puts validation and quality first, machinery last, and leaves the machine out', () => {
  const ranked = rankMetrics(['system/cpu', 'lr', 'train/loss', 'val/loss', 'val/weird', 'grad_norm', 'epoch']);
  expect(ranked).toEqual(['val/loss', 'train/loss', 'val/weird', 'epoch', 'grad_norm', 'lr']);
});

it('orders equals by name, and takes an empty list', () => {
  expect(rankMetrics(['b', 'a'])).toEqual(['a', 'b']);
  expect(rankMetrics([])).toEqual([]);
});
