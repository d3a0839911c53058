import { expect, it } from 'vitest';
import { seededRandom, seedOf } from './random';

it('gives the same row for the same seed and another for another one', () => {
  const row = (seed: number) => {
    const random = seededRandom(seed);
    return [random(), random(), random()];
  };
  expect(row(7)).toEqual(row(7));
  expect(row(7)).not.toEqual(row(8));
  expect(seedOf('loss')).not.toBe(seedOf('accuracy'));
});

it('spreads evenly from 0 to 1', () => {
  const random = seededRandom(1);
  const counts = new Array<number>(10).fill(0);
  for (let draw = 0; draw < 100_000; draw += 1) {
    const bin = Math.floor(random() * 10);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  expect(counts).toHaveLength(10);
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});
