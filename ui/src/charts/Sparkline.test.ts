import { expect, it } from 'vitest';
import { sparkPath } from './Sparkline';

it('reaches from edge to edge', () => {
  expect(sparkPath([0, 1, 0.5], 22, 12)).toBe('M1.0 11.0L11.0 1.0L21.0 6.0');
});

it('is broken where there is no number', () => {
  expect(sparkPath([0, Number.NaN, 1], 22, 12)).toBe('M1.0 11.0h1.5M21.0 1.0h1.5');
});

it('is a level line for equal values, and nothing for none', () => {
  expect(sparkPath([3, 3], 12, 10)).toBe('M1.0 5.0L11.0 5.0');
  expect(sparkPath([Number.NaN], 12, 10)).toBe('');
});
