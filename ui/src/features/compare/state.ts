/** How parts of the comparison change its address. */

import type { Comparison as State } from './search';

/** Change parts of the address; `undefined` takes one out. A decision is a step for the browser's Back (`push`), a movement is none. */
export type Change = (patch: Partial<State>, how?: 'push' | 'replace') => void;

/** What each tab is given. */
export interface TabProps {
  state: State;
  change: Change;
}

/** A list with `item` put in, or taken out if it was there; `undefined` if nothing is left. */
export function toggled(list: readonly string[] | undefined, item: string): string[] | undefined {
  const rest = (list ?? []).filter((each) => each !== item);
  if (rest.length === (list ?? []).length) return [...rest, item];
  return rest.length > 0 ? rest : undefined;
}

/** A list with one item moved from a place to another. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = [...list];
  const taken = rest.splice(from, 1);
  rest.splice(to, 0, ...taken);
  return rest;
}
