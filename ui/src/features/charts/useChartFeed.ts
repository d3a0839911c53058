/** The feed of a panel, kept for a while after the panel is gone: who comes back sees charts at once. */

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { call } from '@/api/client';
import { ChartFeed, type KeyState, type View } from './feed';
import type { LineId } from './shown';

interface Kept {
  name: string;
  feed: ChartFeed;
}

const MOST_IDLE = 4;
const idle: Kept[] = [];

function acquire(name: string, view: View): Kept {
  const place = idle.findIndex((kept) => kept.name === name);
  const [found] = place < 0 ? [] : idle.splice(place, 1);
  return found ?? { name, feed: new ChartFeed(view, (request, signal) => call('series.chart', request, { signal })) };
}

function release(kept: Kept): void {
  kept.feed.stop();
  idle.unshift(kept);
  idle.length = Math.min(idle.length, MOST_IDLE);
}

/** The feed for a view, showing `lines`; `undefined` before it is there, and while there is no view. */
export function useChartFeed(view: View | undefined, lines: readonly LineId[]): ChartFeed | undefined {
  const name = view && JSON.stringify(view);
  const latest = useRef(view);
  latest.current = view;
  const [held, setHeld] = useState<Kept | undefined>();
  useEffect(() => {
    if (name === undefined || !latest.current) {
      setHeld(undefined);
      return;
    }
    const mine = acquire(name, latest.current);
    setHeld(mine);
    return () => release(mine);
  }, [name]);
  const feed = held?.name === name ? held?.feed : undefined;
  useEffect(() => feed?.show(lines), [feed, lines]);
  return feed;
}

const NOTHING: KeyState = { lines: [], isLoading: true };

/** The lines of a metric; asking for them is what brings them. */
export function useKeyState(feed: ChartFeed | undefined, key: string): KeyState {
  const watch = useCallback((watcher: () => void) => feed?.watch(key, watcher) ?? (() => undefined), [feed, key]);
  return useSyncExternalStore(watch, () => feed?.get(key) ?? NOTHING);
}
