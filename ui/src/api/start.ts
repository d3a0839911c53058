/** What every page begins with, asked for once and in one request: stars, the experiment that the address names with its views, and where changes begin. */

import type { Experiment, PageStart, Star, View } from './calls';
import { BASE, call } from './client';

/** Parts that are older than this are read again by those who want them. */
const FRESH_MS = 10_000;

interface Begun {
  at: number;
  experimentId: string;
  answer: Promise<PageStart | undefined>;
}

let begun: Begun | undefined;
const taken = new Set<string>();

/** The experiment that an address is about; empty if it is about none. */
export function experimentIn(address: string): string {
  const path = address.slice(BASE.href.length);
  return /^experiments\/(\d{1,18})(?:[/?#]|$)/.exec(path)?.[1] ?? '';
}

function begin(): Begun {
  if (!begun) {
    const experimentId = experimentIn(location.href);
    const request = experimentId ? { experiment_id: experimentId } : {};
    // Who gets nothing asks for itself, and says what is wrong.
    const answer = call('views.start', request).catch(() => undefined);
    begun = { at: Date.now(), experimentId, answer };
  }
  return begun;
}

/** A part of the answer, if nobody had it before: each is as old as the page. */
async function take<T>(
  part: string,
  read: (answer: PageStart) => T | undefined,
  experimentId?: string,
): Promise<T | undefined> {
  const { at, experimentId: known, answer } = begin();
  if (taken.has(part) || (part !== 'cursor' && Date.now() - at > FRESH_MS)) return undefined;
  if (experimentId !== undefined && experimentId !== known) return undefined;
  taken.add(part);
  const found = await answer;
  return found && read(found);
}

/** From where on changes are to be followed: however long ago, so that none is missed. */
export const takeCursor = (): Promise<string | undefined> => take('cursor', ({ cursor }) => cursor);

/** All stars; `undefined` as well if there are more than were sent. */
export const takeStars = (): Promise<readonly Star[] | undefined> =>
  take('stars', ({ stars, more_stars }) => (more_stars ? undefined : stars));

/** An experiment. */
export const takeExperiment = (experimentId: string): Promise<Experiment | undefined> =>
  take('experiment', ({ experiment }) => experiment, experimentId);

/** The views of an experiment. */
export const takeViews = (experimentId: string): Promise<readonly View[] | undefined> =>
  take('views', ({ views }) => views, experimentId);
