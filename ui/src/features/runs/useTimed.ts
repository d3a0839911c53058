/** The time, for texts such as "5 min ago". One timer for all that show one: where the text stays the same nothing is drawn. */

import { useSyncExternalStore } from 'react';

const EVERY_MS = 5000;
const watchers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

function watch(watcher: () => void): () => void {
  if (watchers.size === 0) {
    now = Date.now();
    timer = setInterval(() => {
      if (document.hidden) return;
      now = Date.now();
      for (const each of [...watchers]) each();
    }, EVERY_MS);
  }
  watchers.add(watcher);
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) clearInterval(timer);
  };
}

/** A text that depends on the time (Unix milliseconds), up to date to five seconds. */
export function useTimed(write: (now: number) => string): string {
  return useSyncExternalStore(watch, () => write(now));
}
