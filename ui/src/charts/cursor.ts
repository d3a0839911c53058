/** Where on x the mouse is: all charts of a page show it at the same place. Held outside of React, since it changes with each move. */

type Watcher = (x: number | null) => void;

class Cursor {
  private readonly watchers = new Set<Watcher>();
  private x: number | null = null;

  get = (): number | null => this.x;

  set = (x: number | null): void => {
    if (x === this.x) return;
    this.x = x;
    for (const watcher of [...this.watchers]) watcher(x);
  };

  watch = (watcher: Watcher): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };
}

export const cursor = new Cursor();
