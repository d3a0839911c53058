/** A saved view and the state of the page: what is stored, and what of it differs from what is on the screen. */

import { readWorkspace, type Workspace } from '@/features/runs/search';

/** The value of `view` in an address that says: the team's default is not wanted here. */
export const NO_VIEW = 'none';

/** Longer addresses are cut by mail programs and chats. */
export const MAX_ADDRESS = 2000;

/** The state as the text that is stored. Of which view it was made, and what is in full screen, is no part of a view. */
export function encodeView(state: Workspace): string {
  return JSON.stringify(strip(state));
}

/** The state that a stored text describes. What a later or earlier version wrote there and this one does not know is left out. */
export function decodeView(body: string): Workspace {
  let raw: unknown;
  try {
    raw = JSON.parse(body);
  } catch {
    return {};
  }
  return isRecord(raw) ? strip(readWorkspace(raw)) : {};
}

/** Whether two states show the same. */
export function isSameState(one: Workspace, other: Workspace): boolean {
  return canonical(strip(one)) === canonical(strip(other));
}

/** Whether an address says nothing but, perhaps, which view it is built on. */
export const isPlain = (state: Workspace): boolean => Object.keys(strip(state)).length === 0;

function strip(state: Workspace): Workspace {
  const { view: _, full: __, ...rest } = state;
  return rest;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON with the keys of each object in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    isRecord(each)
      ? Object.fromEntries(
          Object.entries(each)
            .filter(([, inner]) => inner !== undefined)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : each,
  );
}
