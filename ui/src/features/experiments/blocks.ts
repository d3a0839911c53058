/** A list in blocks: what is asked for stays the same while one scrolls within them. */

const BLOCK = 40;

/** The blocks of a list in which the places from `first` to `last` lie. */
export function blocksInSight(ids: readonly string[], first: number, last: number): string[][] {
  const blocks: string[][] = [];
  for (let from = Math.floor(first / BLOCK) * BLOCK; from <= last && from < ids.length; from += BLOCK)
    blocks.push(ids.slice(from, from + BLOCK));
  return blocks;
}
