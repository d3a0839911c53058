/** Whether the page is dark. One watcher for all who ask: Mantine's hook asks the browser once for each dot of a table. */

import { useSyncExternalStore } from 'react';

const ATTRIBUTE = 'data-mantine-color-scheme';
const watchers = new Set<() => void>();
let observer: MutationObserver | undefined;

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  if (!observer) {
    observer = new MutationObserver(() => {
      for (const each of [...watchers]) each();
    });
    observer.observe(document.documentElement, { attributeFilter: [ATTRIBUTE] });
  }
  return () => watchers.delete(watcher);
}

const read = (): boolean => document.documentElement.getAttribute(ATTRIBUTE) === 'dark';

/** Whether the page is dark; drawn anew when that changes. */
export const useDark = (): boolean => useSyncExternalStore(watch, read);
