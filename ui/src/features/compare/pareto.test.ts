import { expect, it } from 'vitest';
import type { Better } from '@/lib/better';
import { seededRandom } from '@/lib/random';
import { paretoFront } from './pareto';

it('keeps what nothing beats', () => {
  const x = [1, 2, 3, 2, 4];
  const y = [4, 2, 3, 5, 1];
  expect(paretoFront(x, y, ['lower', 'lower'])).toEqual([0, 1, 4]);
  expect(paretoFront(x, y, ['higher', 'higher'])).toEqual([4, 2, 3]);
  expect(paretoFront(x, y, ['lower', 'higher'])).toEqual([0, 3]);
});

it('keeps equal points together and passes over what is no number', () => {
  expect(paretoFront([1, 1, Number.NaN, 2], [1, 1, 0, 1], ['lower', 'lower'])).toEqual([0, 1]);
  expect(paretoFront([], [], ['lower', 'lower'])).toEqual([]);
});

it('is what the definition says, on a thousand points with ties', () => {
  const random = seededRandom(5);
  const x = Array.from({ length: 1000 }, () => Math.floor(random() * 60));
  const y = Array.from({ length: 1000 }, () => Math.floor(random() * 60));
  for (const better of [
    ['lower', 'lower'],
    ['higher', 'lower'],
    ['higher', 'higher'],
  ] as const satisfies [Better, Better][]) {
    const [sx, sy] = better.map((each) => (each === 'higher' ? -1 : 1)) as [number, number];
    const cost = (place: number): [number, number] => [sx * (x[place] ?? 0), sy * (y[place] ?? 0)];
    const beats = (a: number, b: number) => {
      const [[ax, ay], [bx, by]] = [cost(a), cost(b)];
      return ax <= bx && ay <= by && (ax < bx || ay < by);
    };
    const expected = x.flatMap((_, place) => (x.some((__, other) => beats(other, place)) ? [] : [place]));
    expect([...paretoFront(x, y, better)].sort((a, b) => a - b)).toEqual(expected);
  }
});
