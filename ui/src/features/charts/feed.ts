/**
 * Fetches the lines of charts: what is watched and not there yet, many metrics with one request; and of what is there only what is new.
 *
 * A batch is one question to the server and all its answers so far. A run that is shown in addition is asked for by itself, and one that is hidden costs nothing.
 */

import type { Change, Chart, GetChart } from '@/api/calls';
import { ApiError } from '@/api/client';
import { type ChartData, findSqueezed, type LineData, lineName, mergeChart } from './decode';
import type { LineId } from './shown';

/** What all charts of a feed have in common. */
export interface View {
  x: 'step' | 'time' | 'relative' | 'metric';
  /** The metric that x is, if it is one. */
  xKey: string;
  range?: readonly [number, number] | undefined;
  buckets: number;
  precision: 'single' | 'double';
}

/** The lines of one metric as they stand, in the order in which they are shown. */
export interface KeyState {
  lines: readonly { id: string; data: LineData }[];
  /** Some of the lines have not come yet. */
  isLoading: boolean;
  error?: unknown;
}

/** Sends one question. */
export type Ask = (request: GetChart, signal: AbortSignal) => Promise<Chart>;

interface Batch {
  lines: readonly LineId[];
  runIds: ReadonlySet<string>;
  readonly keys: readonly string[];
  buckets: number;
  data?: ChartData | undefined;
  /** Something has happened since the last answer. */
  isDirty: boolean;
  isBusy: boolean;
}

const MOST_KEYS = 12;
const MOST_PAIRS = 2000;
const MOST_CELLS = 1_200_000;
/** More lines at once would be drawn at once, and nothing else meanwhile. */
const MOST_LINES = 600;
const MOST_REQUESTS = 3;
/** A metric that is patched together from more answers than this is asked for anew. */
const MOST_PARTS = 4;
const GATHER_MS = 25;
const PACE_MS = 1000;
const MOST_PAUSE_MS = 15_000;
const EMPTY: KeyState = { lines: [], isLoading: true };

export class ChartFeed {
  private readonly view: View;
  private readonly ask: Ask;
  private readonly watchers = new Map<string, Set<() => void>>();
  private readonly states = new Map<string, KeyState>();
  private readonly owners = new Map<string, Map<string, Batch>>();
  private readonly errors = new Map<string, unknown>();
  /** How many points the metrics have, about; and those that wanted a grid of their own. */
  private readonly scales = new Map<string, string>();
  private batches = new Set<Batch>();
  private queue: Batch[] = [];
  private running = 0;
  private shown: readonly LineId[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private plannedAt = 0;
  /** When what has been asked before may be asked again. */
  private notBefore = 0;
  private pauseMs = PACE_MS;
  private stopped = new AbortController();

  constructor(view: View, ask: Ask) {
    this.view = view;
    this.ask = ask;
  }

  /** Say which lines are wanted. */
  show(lines: readonly LineId[]): void {
    this.shown = lines;
    for (const key of new Set([...this.watchers.keys(), ...this.states.keys()])) this.update(key);
    this.plan(GATHER_MS);
  }

  /** Say how many points a metric has, so that metrics which fit on one grid are asked for together. */
  setCounts(counts: ReadonlyMap<string, number>): void {
    for (const [key, count] of counts) {
      if (!this.scales.has(key) && count > 0)
        this.scales.set(key, String(Math.floor(Math.log2(Math.max(count, 256)) / 2)));
    }
  }

  /** Keep a metric up to date, and call `watcher` at each change, until the function that is returned is called. */
  watch(key: string, watcher: () => void): () => void {
    const watchers = this.watchers.get(key) ?? new Set();
    watchers.add(watcher);
    this.watchers.set(key, watchers);
    this.plan(GATHER_MS);
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.watchers.get(key) === watchers) this.watchers.delete(key);
    };
  }

  /** The lines of a metric. The same object until something changes. */
  get(key: string): KeyState {
    return this.states.get(key) ?? EMPTY;
  }

  /** Note what has been committed. */
  hear(changes: readonly Change[], reset: boolean): void {
    const touched = new Set(changes.flatMap(({ kind, id }) => (kind === 'METRICS' && id ? [id] : [])));
    let isNews = false;
    for (const batch of this.batches) {
      if (!reset && ![...touched].some((id) => batch.runIds.has(id))) continue;
      batch.isDirty = true;
      isNews = true;
    }
    if (isNews) this.plan(GATHER_MS);
  }

  /** Ask again for a metric that has failed. */
  retry(key: string): void {
    this.errors.delete(key);
    this.forget(key);
    this.update(key);
    this.plan(0);
  }

  /** Stop asking. Everything may be used again afterwards: what was under way is asked once more. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.stopped.abort();
    this.stopped = new AbortController();
    for (const batch of this.batches) batch.isDirty = true;
    this.queue = [];
    this.notBefore = 0;
  }

  /** Do what there is to do after `wait`, or sooner if that is planned already. */
  private plan(wait: number): void {
    const at = Date.now() + Math.max(wait, 0);
    if (this.timer !== undefined) {
      if (this.plannedAt <= at) return;
      clearTimeout(this.timer);
    }
    this.plannedAt = at;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.request();
    }, at - Date.now());
  }

  private request(): void {
    this.askMissing();
    this.askNews();
    this.run();
  }

  /** Make batches of what is watched and not there. */
  private askMissing(): void {
    const wanted = new Map<string, { keys: string[]; lines: LineId[] }>();
    for (const key of this.watchers.keys()) {
      if (this.errors.has(key)) continue;
      let owned = this.owners.get(key);
      if (owned && new Set(this.shown.map(({ id }) => owned?.get(id))).size > MOST_PARTS) {
        this.forget(key);
        owned = undefined;
      }
      const lines = this.shown.filter(({ id }) => !owned?.has(id));
      if (lines.length === 0) continue;
      const name = `${this.scales.get(key) ?? ''} ${lines.map(({ id }) => id).join(' ')}`;
      const together = wanted.get(name);
      if (together) together.keys.push(key);
      else wanted.set(name, { keys: [key], lines });
    }
    for (const { keys, lines } of wanted.values()) this.makeBatches(keys, lines);
  }

  private makeBatches(keys: readonly string[], lines: readonly LineId[]): void {
    const runIds = new Set(lines.flatMap((line) => line.runIds));
    const buckets = Math.max(2, Math.min(this.view.buckets, Math.floor(MOST_CELLS / lines.length)));
    const limits = [MOST_PAIRS / runIds.size, MOST_LINES / lines.length, MOST_CELLS / (lines.length * buckets)];
    const room = Math.min(MOST_KEYS, ...limits.map(Math.floor));
    for (let from = 0; from < keys.length; from += Math.max(room, 1)) {
      this.enqueue({
        lines,
        runIds,
        buckets,
        keys: keys.slice(from, from + Math.max(room, 1)),
        isDirty: true,
        isBusy: false,
      });
    }
  }

  private enqueue(batch: Batch): void {
    this.batches.add(batch);
    for (const key of batch.keys) {
      const owned = this.owners.get(key) ?? new Map<string, Batch>();
      for (const { id } of batch.lines) owned.set(id, batch);
      this.owners.set(key, owned);
    }
    this.queue.push(batch);
  }

  /** Queue the batches that are in sight and may have news, unless it is too soon; drop those that nothing refers to. */
  private askNews(): void {
    const wait = this.notBefore - Date.now();
    let isWaiting = false;
    for (const batch of this.batches) {
      const used = batch.keys.filter((key) => batch.lines.some(({ id }) => this.owners.get(key)?.get(id) === batch));
      if (used.length === 0) {
        this.batches.delete(batch);
        continue;
      }
      if (!batch.isDirty || batch.isBusy || this.queue.includes(batch) || !used.some((key) => this.watchers.has(key)))
        continue;
      if (wait > 0) isWaiting = true;
      else this.queue.push(batch);
    }
    if (isWaiting) this.plan(wait);
  }

  private run(): void {
    while (this.running < MOST_REQUESTS) {
      const batch = this.queue.shift();
      if (!batch) return;
      if (!this.batches.has(batch) || batch.isBusy) continue;
      this.running += 1;
      void this.fetch(batch, this.stopped.signal).finally(() => {
        this.running -= 1;
        this.run();
      });
    }
  }

  private async fetch(batch: Batch, signal: AbortSignal): Promise<void> {
    batch.isBusy = true;
    batch.isDirty = false;
    const started = Date.now();
    try {
      const answer = await this.ask(this.question(batch), signal);
      const isFirst = batch.data === undefined;
      const { data, changed } = mergeChart(batch.data, answer, this.view.precision === 'single');
      batch.data = data;
      this.pauseMs = PACE_MS;
      for (const key of batch.keys) this.errors.delete(key);
      if (isFirst) this.spread(data);
      for (const key of isFirst ? batch.keys : changed) this.update(key);
    } catch (error) {
      if (!signal.aborted) this.fail(batch, error);
    } finally {
      batch.isBusy = false;
      const now = Date.now();
      this.notBefore = Math.max(this.notBefore, now + Math.max(PACE_MS, 2 * (now - started)));
      if (batch.isDirty && !signal.aborted) this.plan(GATHER_MS);
    }
  }

  private question({ lines, keys, buckets, data }: Batch): GetChart {
    const { x, xKey, range, precision } = this.view;
    return {
      run_ids: lines.flatMap(({ runIds, group }) => (group === undefined ? [...runIds] : [])),
      groups: lines.flatMap(({ runIds, group }) =>
        group === undefined ? [] : [{ name: group, run_ids: [...runIds] }],
      ),
      keys: [...keys],
      x,
      x_key: xKey,
      ...(range ? { start: range[0], end: range[1] } : {}),
      buckets,
      precision,
      since: data?.cursor ?? '',
    };
  }

  /** Let metrics that the common grid has squeezed be asked for on a grid of their own. */
  private spread(data: ChartData): void {
    const squeezed = findSqueezed(data);
    if (squeezed.length === 0) return;
    for (const key of squeezed) {
      this.scales.set(key, this.scales.get(key)?.startsWith('own') ? `own ${key}` : `own`);
      this.forget(key);
    }
    this.plan(0);
  }

  private fail(batch: Batch, error: unknown): void {
    const isPassing = error instanceof ApiError && error.isPassing;
    batch.isDirty = true;
    if (!isPassing && batch.data) {
      // The cursor may be what the server does not like any more.
      batch.data = undefined;
      return;
    }
    if (!isPassing && batch.keys.length > 1) {
      this.batches.delete(batch);
      for (const key of batch.keys) this.enqueue({ ...batch, keys: [key], isBusy: false });
      this.plan(0);
      return;
    }
    for (const key of batch.keys) {
      if (!batch.data) this.errors.set(key, error);
      this.update(key);
    }
    if (!isPassing) {
      batch.isDirty = false;
      return;
    }
    this.notBefore = Date.now() + this.pauseMs;
    this.pauseMs = Math.min(this.pauseMs * 2, MOST_PAUSE_MS);
  }

  private forget(key: string): void {
    this.owners.delete(key);
  }

  /** Put the state of a metric together anew, and tell those who watch it if it is another. */
  private update(key: string): void {
    const owned = this.owners.get(key);
    const before = this.states.get(key);
    const previous = new Map(before?.lines.map((line) => [line.id, line]));
    const lines: { id: string; data: LineData }[] = [];
    let isLoading = false;
    for (const { id, group } of this.shown) {
      const known = owned?.get(id)?.data;
      if (!known) isLoading = true;
      const data = known
        ? known.lines.get(group === undefined ? lineName('run', id, key) : lineName('group', group, key))
        : previous.get(id)?.data;
      const same = previous.get(id);
      if (data) lines.push(same?.data === data ? same : { id, data });
    }
    const error = this.errors.get(key);
    const isSame =
      before?.isLoading === isLoading &&
      before.error === error &&
      before.lines.length === lines.length &&
      lines.every((line, place) => line === before.lines[place]);
    if (isSame) return;
    this.states.set(key, { lines, isLoading, error });
    for (const watcher of this.watchers.get(key) ?? []) watcher();
  }
}
