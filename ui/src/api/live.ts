/** News of the server: one long poll for each visible tab, whatever is looked at. */

import { useEffect, useSyncExternalStore } from 'react';
import type { Change } from './calls';
import { ApiError, call } from './client';
import { takeCursor } from './start';

/** `live`; `paused` while the tab is hidden or nothing is followed; `lost` since a time, with the next try at `retryAt` (Unix ms). */
export type LiveState =
  | { kind: 'live' }
  | { kind: 'paused' }
  | { kind: 'lost'; since: number; retryAt: number; message: string };

/** What a follower is told: the changes; `reset` if some were missed and all must be read again. */
export interface News {
  changes: readonly Change[];
  reset: boolean;
}

type Follower = (news: News) => void;

const WAIT_MS = 25_000;
const PACE_MS = 1_000;
const FIRST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 15_000;

class Live {
  private readonly followers = new Set<Follower>();
  private readonly watchers = new Set<() => void>();
  private state: LiveState = { kind: 'paused' };
  private cursor = '';
  private origin: number | undefined;
  private run: AbortController | undefined;

  constructor() {
    document.addEventListener('visibilitychange', () => this.turn());
    window.addEventListener('online', () => this.restart());
  }

  /** Tell `follower` of all changes until the function that is returned is called. */
  follow(follower: Follower): () => void {
    this.followers.add(follower);
    this.turn();
    return () => {
      this.followers.delete(follower);
      this.turn();
    };
  }

  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  getState = (): LiveState => this.state;

  /** The clock of the database up to which all has been told; `undefined` before the first answer. */
  heardTo = (): number | undefined => (this.cursor === '' ? undefined : Number.parseInt(this.cursor, 10));

  /** The clock from which on changes are told at all. */
  heardFrom = (): number | undefined => this.origin;

  /** Try again now. */
  restart = (): void => {
    this.run?.abort();
    this.run = undefined;
    this.turn();
  };

  private turn(): void {
    const wanted = this.followers.size > 0 && !document.hidden;
    if (wanted && !this.run) {
      this.run = new AbortController();
      void this.loop(this.run.signal);
    } else if (!wanted && this.run) {
      this.run.abort();
      this.run = undefined;
      this.set({ kind: 'paused' });
    }
  }

  private async loop(signal: AbortSignal): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    let lostSince = 0;
    if (this.cursor === '') {
      const cursor = await takeCursor();
      if (signal.aborted) return;
      if (cursor !== undefined) {
        this.goOn(cursor);
        this.set({ kind: 'live' });
      }
    }
    while (!signal.aborted) {
      try {
        const wait_ms = this.cursor && this.state.kind !== 'lost' ? WAIT_MS : 0;
        const answer = await call('changes.follow', { cursor: this.cursor, wait_ms }, { signal });
        const first = this.cursor === '';
        this.goOn(answer.cursor);
        this.set({ kind: 'live' });
        const missed = lostSince > 0;
        lostSince = 0;
        pause = FIRST_PAUSE_MS;
        if (answer.changes.length || answer.reset || (missed && first)) {
          this.tell({ changes: answer.changes, reset: answer.reset });
          if (!answer.more) await sleep(PACE_MS, signal);
        }
      } catch (error) {
        if (signal.aborted) return;
        lostSince ||= Date.now();
        const message = error instanceof ApiError ? error.message : String(error);
        this.set({ kind: 'lost', since: lostSince, retryAt: Date.now() + pause, message });
        await sleep(pause, signal);
        pause = Math.min(pause * 2, MOST_PAUSE_MS);
      }
    }
  }

  private goOn(cursor: string): void {
    this.cursor = cursor;
    this.origin ??= Number.parseInt(cursor, 10);
  }

  private tell(news: News): void {
    for (const follower of [...this.followers]) follower(news);
  }

  private set(state: LiveState): void {
    if (state.kind === this.state.kind && state.kind !== 'lost') return;
    this.state = state;
    for (const watcher of this.watchers) watcher();
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export const live = new Live();

/** Call `follower` with all news while the component is there. It may change between renders. */
export function useNews(follower: Follower): void {
  useEffect(() => live.follow((news) => follower(news)), [follower]);
}

/** How the page hears of the server. */
export const useLiveState = (): LiveState => useSyncExternalStore(live.watch, live.getState);
