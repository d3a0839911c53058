/** Gathers changes until it is time to read again what they are about. Knows no component. */

import type { QueryClient, QueryKey } from '@tanstack/react-query';
import type { Change } from './calls';
import type { News } from './live';

/** What is read again, and when. */
export interface Refresh {
  /** What its queries' keys begin with. */
  queryKey: QueryKey;
  /** So long after the first change, in milliseconds. */
  paceMs: number;
  /** What has changed, for `holds`; `undefined` if the change is of no interest. */
  about: (change: Change) => string | undefined;
  /** Whether a query is one of those that hold what has changed; all of them, if left out. */
  holds?: (queryKey: QueryKey, changed: ReadonlySet<string>) => boolean;
}

interface Due {
  refresh: Refresh;
  changed: Set<string>;
  isAll: boolean;
  timer: ReturnType<typeof setTimeout>;
}

/** Gathers changes until it is time. */
export class Refresher {
  private readonly queries: QueryClient;
  private due: Due | undefined;

  constructor(queries: QueryClient) {
    this.queries = queries;
  }

  /** Take up news of what is read again. */
  hear(refresh: Refresh, { changes, reset }: News): void {
    const changed = changes.flatMap((change) => refresh.about(change) ?? []);
    if (changed.length === 0 && !reset) return;
    this.due ??= { refresh, changed: new Set(), isAll: false, timer: setTimeout(() => this.act(), refresh.paceMs) };
    for (const each of changed) this.due.changed.add(each);
    this.due.isAll ||= reset;
  }

  /** Do now what waits. */
  act(): void {
    if (this.due === undefined) return;
    const { refresh, changed, isAll, timer } = this.due;
    this.due = undefined;
    clearTimeout(timer);
    void this.queries.invalidateQueries({
      queryKey: refresh.queryKey,
      predicate: ({ queryKey }) => isAll || !refresh.holds || refresh.holds(queryKey, changed),
    });
  }
}
