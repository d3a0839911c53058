/** Values that stay the very same object while they say the same. */

import { useRef } from 'react';

/** The value of before if it is the same as this one. */
export function useSame<T>(value: T, same: (a: T, b: T) => boolean): T {
  const kept = useRef(value);
  if (kept.current !== value && !same(kept.current, value)) kept.current = value;
  return kept.current;
}

/** Whether two lists have the same items. */
export const sameItems = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((each, place) => each === b[place]);
