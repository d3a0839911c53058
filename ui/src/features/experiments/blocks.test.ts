import { expect, test } from 'vitest';
import { blocksInSight } from './blocks';

test('blocks stay the same while one scrolls within them', () => {
  const ids = Array.from({ length: 95 }, (_, at) => `${at}`);
  const [first] = blocksInSight(ids, 0, 20);
  expect(blocksInSight(ids, 0, 20)).toHaveLength(1);
  expect(blocksInSight(ids, 10, 39)).toEqual([first]);
  expect(blocksInSight(ids, 39, 40).map((block) => block.length)).toEqual([40, 40]);
  expect(blocksInSight(ids, 80, 200).map((block) => block.at(-1))).toEqual(['94']);
  expect(blocksInSight([], 0, 20)).toEqual([]);
});
