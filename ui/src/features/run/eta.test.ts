import { expect, it } from 'vitest';
import { estimateEnd, findProgress } from './eta';

const metric = (key: string, value: number, step = 0) => ({ key, value, step, timestamp: 0 });

it('knows how far a run is by its steps, in whatever folder the param stands', () => {
  expect(
    findProgress(new Map([['trainer.max_steps', '1000']]), [metric('loss', 1, 250), metric('system/cpu', 1, 9999)]),
  ).toBe(0.25);
});

it('knows it by epochs if the run logs them', () => {
  expect(findProgress(new Map([['epochs', '10']]), [metric('epoch', 4, 4000)])).toBe(0.4);
  expect(findProgress(new Map([['epochs', '10']]), [metric('loss', 4, 4000)])).toBeUndefined();
});

it('does not guess from what makes no sense', () => {
  expect(findProgress(new Map([['max_steps', '-1']]), [metric('loss', 1, 5)])).toBeUndefined();
  expect(findProgress(new Map([['max_steps', '100']]), [metric('loss', 1, 500)])).toBeUndefined();
  expect(findProgress(new Map(), [metric('loss', 1, 5)])).toBeUndefined();
});

it('takes it that the run goes on as it has', () => {
  expect(estimateEnd(0.25, 1000, 2000)).toBe(5000);
  expect(estimateEnd(0.001, 1000, 2000)).toBeUndefined();
  expect(estimateEnd(undefined, 1000, 2000)).toBeUndefined();
});
