/** The run or group that is pointed at, anywhere on the page: charts draw it bold, the table lights its row. Held here, since it changes with each move of the mouse. */

import { useSyncExternalStore } from 'react';

type Watcher = (id: string | null) => void;

class Highlight {
  private readonly watchers = new Set<Watcher>();
  private id: string | null = null;

  /** The run's id, or a group's line id; null if nothing is pointed at. */
  get = (): string | null => this.id;

  set = (id: string | null): void => {
    if (id === this.id) return;
    this.id = id;
    for (const watcher of [...this.watchers]) watcher(id);
  };

  /** Call `watcher` at each change until the function that is returned is called. */
  watch = (watcher: Watcher): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };
}

export const highlight = new Highlight();

/** The highlighted id, as state. A list of many rows should rather watch, and change the one row. */
export const useHighlight = (): string | null => useSyncExternalStore(highlight.watch, highlight.get);

/** Whether a run is the highlighted one: only the two rows that change are drawn anew. */
export const useIsHighlighted = (id: string): boolean =>
  useSyncExternalStore(highlight.watch, () => highlight.get() === id);
