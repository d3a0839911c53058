/**
 * Which metrics the shown runs have, and how many points of each: tells what is a chart, what is but one value, and what there is nothing of.
 * Asks the run table, which knows that without reading points.
 */

import type { Change } from '@/api/calls';
import { call } from '@/api/client';
import { readColumn } from '@/api/columns';
import { quoteText, writeField } from '@/features/runs/fields';

/** What a run has of a metric. */
export interface Value {
  count: number;
  /** The latest value; may be NaN. */
  last: number;
}

export type KeyKind = 'unknown' | 'none' | 'single' | 'line';

/** Reads the values of metrics of runs: by run, then by metric; what is not there is left out. */
export type AskValues = (
  runIds: readonly string[],
  keys: readonly string[],
) => Promise<Map<string, Map<string, Value>>>;

const MOST_CELLS = 20_000;
const MOST_RUNS = 500;
const GATHER_MS = 10;
const PACE_MS = 3000;

export class Survey {
  private readonly ask: AskValues;
  /** By metric and run; null where the run has no such metric. */
  private readonly known = new Map<string, Map<string, Value | null>>();
  private readonly wanted = new Set<string>();
  private readonly stale = new Set<string>();
  private readonly watchers = new Set<() => void>();
  private runIds: readonly string[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isBusy = false;
  private askedAt = 0;
  private changes = 0;
  private problem: unknown;

  constructor(ask: AskValues) {
    this.ask = ask;
  }

  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  /** Counts the changes. */
  version = (): number => this.changes;

  /** Why the last question had no answer. */
  error = (): unknown => this.problem;

  /** Say which runs are shown. Of very many only the first are looked at. */
  show(runIds: readonly string[]): void {
    this.runIds = runIds.slice(0, MOST_RUNS);
    this.changes += 1;
    this.plan(GATHER_MS);
  }

  /** Say which metrics one wants to know of. */
  want(keys: readonly string[]): void {
    const before = this.wanted.size;
    for (const key of keys) this.wanted.add(key);
    if (this.wanted.size > before || this.problem) this.plan(GATHER_MS);
  }

  kind(key: string): KeyKind {
    const values = this.known.get(key);
    if (!values) return this.runIds.length ? 'unknown' : 'none';
    let most = 0;
    let isWhole = true;
    for (const id of this.runIds) {
      const value = values.get(id);
      if (value === undefined) isWhole = false;
      else if (value) most = Math.max(most, value.count);
      if (most > 1) return 'line';
    }
    return isWhole ? (most === 1 ? 'single' : 'none') : 'unknown';
  }

  /** The most points that one of the shown runs has; 0 if that is not known. */
  count(key: string): number {
    const values = this.known.get(key);
    return this.runIds.reduce((most, id) => Math.max(most, values?.get(id)?.count ?? 0), 0);
  }

  /** What a run has of a metric. */
  find(key: string, runId: string): Value | undefined {
    return this.known.get(key)?.get(runId) ?? undefined;
  }

  /** Note what has been committed: metrics that had one value or none may have become charts. */
  hear(changes: readonly Change[], reset: boolean): void {
    const shown = new Set(this.runIds);
    if (reset) for (const id of shown) this.stale.add(id);
    for (const { kind, id } of changes) if (kind === 'METRICS' && id && shown.has(id)) this.stale.add(id);
    if (this.stale.size && this.unsettled().length) this.plan(Math.max(GATHER_MS, this.askedAt + PACE_MS - Date.now()));
  }

  private unsettled(): string[] {
    return [...this.wanted].filter((key) => this.kind(key) !== 'line');
  }

  private plan(wait: number): void {
    if (this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.isBusy) this.plan(PACE_MS);
      else void this.request();
    }, wait);
  }

  private async request(): Promise<void> {
    this.isBusy = true;
    this.askedAt = Date.now();
    try {
      for (const { runIds, keys } of this.missing()) {
        const found = await this.ask(runIds, keys);
        this.note(runIds, keys, found);
      }
      this.problem = undefined;
    } catch (error) {
      this.problem = error;
      this.tell();
    } finally {
      this.isBusy = false;
    }
    if (this.missing().length && !this.problem) this.plan(GATHER_MS);
  }

  /** Questions for what is not known, or may be another by now. */
  private missing(): { runIds: string[]; keys: string[] }[] {
    const together = new Map<string, { runIds: string[]; keys: string[] }>();
    const add = (runIds: string[], key: string) => {
      const name = runIds.join(' ');
      const question = together.get(name);
      if (question) question.keys.push(key);
      else together.set(name, { runIds, keys: [key] });
    };
    for (const key of this.wanted) {
      const values = this.known.get(key);
      const isSettled = this.kind(key) === 'line';
      const runIds = this.runIds.filter((id) => (values?.has(id) ? this.stale.has(id) && !isSettled : !isSettled));
      if (runIds.length) add(runIds, key);
    }
    return [...together.values()].flatMap(({ runIds, keys }) => {
      const room = Math.max(1, Math.floor(MOST_CELLS / runIds.length));
      const parts = [];
      for (let from = 0; from < keys.length; from += room) parts.push({ runIds, keys: keys.slice(from, from + room) });
      return parts;
    });
  }

  private note(runIds: readonly string[], keys: readonly string[], found: Map<string, Map<string, Value>>): void {
    let isNews = false;
    for (const key of keys) {
      const values = this.known.get(key) ?? new Map<string, Value | null>();
      this.known.set(key, values);
      for (const id of runIds) {
        const value = found.get(id)?.get(key) ?? null;
        const before = values.get(id);
        if (before === undefined || before?.count !== value?.count || !Object.is(before?.last, value?.last))
          isNews = true;
        values.set(id, value);
      }
    }
    for (const id of runIds) this.stale.delete(id);
    if (isNews) this.tell();
  }

  private tell(): void {
    this.changes += 1;
    for (const watcher of [...this.watchers]) watcher();
  }
}

/** Read values from the run table of experiments. */
export function askTable(experimentIds: readonly string[]): AskValues {
  return async (runIds, keys) => {
    const answer = await call('tables.runs', {
      experiment_ids: [...experimentIds],
      filter: `attributes.run_id IN (${runIds.map(quoteText).join(', ')})`,
      run_view_type: 'ALL',
      select: ['run_id', ...keys.flatMap((key) => [writeField('metric', key, 'count'), writeField('metric', key)])],
      limit: Math.max(runIds.length, 1),
    });
    const columns = (answer.columns ?? []).map((column) => readColumn(column, answer.rows));
    const [ids] = columns;
    const found = new Map<string, Map<string, Value>>();
    for (let row = 0; row < answer.rows; row += 1) {
      const values = new Map<string, Value>();
      keys.forEach((key, place) => {
        const count = columns[1 + 2 * place];
        const last = columns[2 + 2 * place];
        if (count?.has(row) && count.number(row) > 0)
          values.set(key, { count: count.number(row), last: last?.number(row) ?? Number.NaN });
      });
      found.set(ids?.text(row) ?? '', values);
    }
    return found;
  };
}
