import { expect, test } from 'vitest';
import { decodeComparison, encodeComparison } from './search';

test('a stored comparison comes back, without the name that it is stored under', () => {
  const state = { runs: ['a', 'b'], tab: 'box' as const, color: 'params.lr', zoom: [0, 5] as [number, number] };
  expect(decodeComparison(encodeComparison({ ...state, view: 'v1' }))).toEqual(state);
});

test('what is no comparison is an empty one', () => {
  expect(decodeComparison('{"mode": "table", "view": "v2"}')).toEqual({});
  expect(decodeComparison('nothing')).toEqual({});
  expect(decodeComparison('3')).toEqual({});
});
