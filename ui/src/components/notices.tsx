/** Short notes in the corner. What shows them is fetched when somebody first does something: only an act is ever answered by a note. */

import type { NotificationData } from '@mantine/notifications';
import { lazy, Suspense, useEffect, useSyncExternalStore } from 'react';

const load = () => import('@mantine/notifications');
const Notifications = lazy(async () => ({ default: (await load()).Notifications }));

let count = 0;
let isWanted = false;
const watchers = new Set<() => void>();

function want(): void {
  if (isWanted) return;
  isWanted = true;
  for (const watcher of watchers) watcher();
}

/** Show notes, and take them away. */
export const notices = {
  /** Show a note; its id, by which it can be hidden. */
  show(note: NotificationData): string {
    count += 1;
    const id = note.id ?? `notice-${count}`;
    want();
    void load().then(({ notifications }) => notifications.show({ ...note, id }));
    return id;
  },
  hide(id: string): void {
    void load().then(({ notifications }) => notifications.hide(id));
  },
};

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** Where notes stand. */
export function Notices() {
  const wanted = useSyncExternalStore(watch, () => isWanted);
  useEffect(() => {
    // While the server is still there: once it is gone, that it is could not be said.
    const kinds = ['pointerdown', 'keydown'];
    for (const kind of kinds) addEventListener(kind, want, { once: true, capture: true });
    return () => {
      for (const kind of kinds) removeEventListener(kind, want, { capture: true });
    };
  }, []);
  return (
    wanted && (
      <Suspense fallback={null}>
        <Notifications position="bottom-right" />
      </Suspense>
    )
  );
}
