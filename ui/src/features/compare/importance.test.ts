import { expect, it } from 'vitest';
import { seededRandom } from '@/lib/random';
import { type Feature, type Forest, growForest } from './importance';

function grow(features: readonly Feature[], target: ArrayLike<number>): Forest {
  const work = growForest(features, target);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

function makeRuns(count: number) {
  const random = seededRandom(11);
  const column = () => Array.from({ length: count }, random);
  return { strong: column(), weak: column(), idle: column(), noise: column() };
}

it('finds the params that a metric depends on, strongest first', () => {
  const { strong, weak, idle, noise } = makeRuns(200);
  const target = strong.map((each, place) => 10 * each + 3 * (weak[place] ?? 0) + 0.2 * (noise[place] ?? 0));
  const { importances, explained, runs } = grow(
    [
      { name: 'idle', values: idle },
      { name: 'weak', values: weak },
      { name: 'strong', values: strong },
    ],
    target,
  );
  expect(importances.map(({ name }) => name)).toEqual(['strong', 'weak', 'idle']);
  expect(importances[0]?.share).toBeGreaterThan(0.7);
  expect(importances[2]?.share).toBeLessThan(0.05);
  expect(importances.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
  expect(explained).toBeGreaterThan(0.8);
  expect(runs).toBe(200);
});

it('finds what is not a straight line', () => {
  const { strong, idle } = makeRuns(200);
  const target = strong.map((each) => Math.abs(each - 0.5));
  const { importances, explained } = grow(
    [
      { name: 'idle', values: idle },
      { name: 'strong', values: strong },
    ],
    target,
  );
  expect(importances[0]).toMatchObject({ name: 'strong' });
  expect(explained).toBeGreaterThan(0.8);
});

it('admits that nothing explains noise', () => {
  const { strong, weak, noise } = makeRuns(80);
  const { explained } = grow(
    [
      { name: 'strong', values: strong },
      { name: 'weak', values: weak },
    ],
    noise,
  );
  expect(explained).toBeLessThan(0.2);
});

it('takes codes of texts, and minds runs that lack a param or the metric', () => {
  const { strong } = makeRuns(120);
  const kinds = strong.map((each) => (each < 0.3 ? Number.NaN : each < 0.6 ? 0 : 1));
  const target = kinds.map((kind, place) => (place % 10 === 0 ? Number.NaN : Number.isNaN(kind) ? 5 : kind));
  const { explained, runs } = grow([{ name: 'kind', values: kinds }], target);
  expect(runs).toBe(108);
  expect(explained).toBeGreaterThan(0.95);
});

it('says the same each time', () => {
  const { strong, weak, noise } = makeRuns(60);
  const features = [
    { name: 'strong', values: strong },
    { name: 'weak', values: weak },
  ];
  expect(grow(features, noise)).toEqual(grow(features, noise));
});

it('has an answer if nothing differs', () => {
  const { importances, explained } = grow([{ name: 'x', values: [1, 1, 1, 1] }], [2, 2, 2, 2]);
  expect(importances).toEqual([{ name: 'x', share: 0 }]);
  expect(explained).toBe(0);
});
