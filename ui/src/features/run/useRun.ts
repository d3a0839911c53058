/** What is known of one run, and how it is kept fresh: each question has its key below `['run', id]`, and the news says which are stale. */

import { keepPreviousData, type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo } from 'react';
import type { Metric, Run } from '@/api/calls';
import { call } from '@/api/client';
import { readColumn } from '@/api/columns';
import { type News, useNews } from '@/api/live';

/** A run, with its tags and params by key. */
export interface KnownRun {
  run: Run;
  params: ReadonlyMap<string, string>;
  tags: ReadonlyMap<string, string>;
  metrics: readonly Metric[];
}

const runKey = (runId: string, ...rest: readonly unknown[]) => ['run', runId, ...rest];

/** The run with params, tags and the latest value of each metric. */
export function useRun(runId: string) {
  return useQuery({
    queryKey: runKey(runId, 'data'),
    queryFn: async ({ signal }): Promise<KnownRun> => {
      const { run } = await call('runs.get', { run_id: runId }, { signal });
      const pairs = (list: readonly { key: string; value?: string }[] = []) =>
        new Map(list.map(({ key, value = '' }) => [key, value]));
      return { run, params: pairs(run.data.params), tags: pairs(run.data.tags), metrics: run.data.metrics ?? [] };
    },
  });
}

const LEAST_WAIT_MS = 1_500;

/** The run's life: its state, lease, attempts, a request to stop. */
export function useControl(runId: string) {
  return useQuery({
    queryKey: runKey(runId, 'control'),
    queryFn: ({ signal }) => call('control.get', { run_id: runId }, { signal }),
    // Nobody tells when a lease ends: whether the run is lost then must be asked.
    refetchInterval: ({ state: { data } }) =>
      data?.lease && data.state === 'RUNNING'
        ? Math.max(LEAST_WAIT_MS, data.lease.until - Date.now() + LEAST_WAIT_MS)
        : false,
  });
}

/** What became of the records that were sent for the run. */
export function useLedger(runId: string) {
  return useQuery({
    queryKey: runKey(runId, 'ledger'),
    queryFn: ({ signal }) => call('ingest.ledger', { run_id: runId, max_results: 200 }, { signal }),
  });
}

/** The run's number in the order of creation, which gives it its colour; 0 until it is known. */
export const useRunNumber = (runId: string, experimentId: string): number =>
  useRunLine(runId, experimentId)?.number ?? 0;

/** A run in short; undefined until it is known, and if it is not there. */
export function useRunLine(runId: string | undefined, experimentId: string): RunLine | undefined {
  const { data } = useQuery({
    queryKey: ['run', runId, 'line', experimentId],
    enabled: runId !== undefined,
    queryFn: async ({ signal }) => {
      const [found] = await selectRuns(experimentId, `attributes.run_id = ${quoteValue(runId ?? '')}`, {
        limit: 1,
        signal,
      });
      return found ?? null;
    },
  });
  return data ?? undefined;
}

/** A run in a short list. */
export interface RunLine {
  runId: string;
  name: string;
  status: string;
  startTime: number;
  /** In ms; missing while it runs. */
  duration?: number;
  number: number;
  /** Of the metric that was asked for. */
  value?: number;
}

interface Choice {
  limit: number;
  order?: string[];
  metric?: string | undefined;
  /** Leave out what is in the trash. */
  active?: boolean;
  signal?: AbortSignal;
}

/** Runs of an experiment that match a filter; deleted ones too, unless only active ones are asked for. */
export async function selectRuns(experimentId: string, filter: string, choice: Choice): Promise<RunLine[]> {
  const { limit, order = [], metric, active = false, signal } = choice;
  const select = [
    'run_id',
    'run_name',
    'status',
    'start_time',
    'duration',
    'number',
    ...(metric ? [metricField(metric)] : []),
  ];
  const table = await call(
    'tables.runs',
    {
      experiment_ids: [experimentId],
      filter,
      order_by: order,
      run_view_type: active ? 'ACTIVE_ONLY' : 'ALL',
      select,
      limit,
    },
    { signal },
  );
  const [id, name, status, start, duration, number, value] = (table.columns ?? []).map((column) =>
    readColumn(column, table.rows),
  );
  return Array.from({ length: table.rows }, (_, row) => ({
    runId: id?.text(row) ?? '',
    name: name?.text(row) ?? '',
    status: status?.text(row) ?? '',
    startTime: start?.number(row) ?? 0,
    number: number?.number(row) ?? 0,
    ...(duration?.has(row) ? { duration: duration.number(row) } : {}),
    ...(value?.has(row) ? { value: value.number(row) } : {}),
  }));
}

/** A text as the search language writes it. */
export const quoteValue = (text: string): string => (text.includes("'") ? escaped(text) : `'${text}'`);

/** The field of a metric in the search language. */
export const metricField = (key: string): string => `metrics.${key.includes('`') ? escaped(key) : `\`${key}\``}`;

const escaped = (text: string): string => `E'${text.replace(/['\\]/g, '\\$&')}'`;

/** Runs that name this one as their parent, oldest first. */
export function useChildren(runId: string, experimentId: string, metric: string | undefined) {
  return useQuery({
    queryKey: runKey(runId, 'children', metric),
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      selectRuns(experimentId, `tags.\`mlflow.parentRunId\` = ${quoteValue(runId)}`, {
        limit: 500,
        order: ['attributes.start_time ASC'],
        metric,
        signal,
      }),
  });
}

/** Files and folders in a folder of the run. */
export function useFolder(runId: string, path: string, enabled = true) {
  return useQuery(folderQuery(runId, path, enabled));
}

/** The question for a folder of the run, for several of them at once. */
export function folderQuery(runId: string, path: string, enabled = true) {
  return {
    queryKey: runKey(runId, 'files', path),
    enabled,
    queryFn: ({ signal }: { signal: AbortSignal }) => listFolder(runId, path, signal),
  };
}

/** All that is in a folder of the run: folders first, then by name. */
export async function listFolder(runId: string, path: string, signal?: AbortSignal) {
  const files = [];
  let token: string | undefined;
  do {
    const page: Awaited<ReturnType<typeof listPage>> = await listPage(runId, path, token, signal);
    files.push(...(page.files ?? []));
    token = page.next_page_token;
  } while (token);
  return files.sort(
    (a, b) => Number(b.is_dir) - Number(a.is_dir) || a.path.localeCompare(b.path, undefined, { numeric: true }),
  );
}

const listPage = (runId: string, path: string, token: string | undefined, signal: AbortSignal | undefined) =>
  call('artifacts.list_run', { run_id: runId, ...(path && { path }), ...(token && { page_token: token }) }, { signal });

/** Marks what is stale, each part at most once in its time: a run that logs each second would else be read each second as a whole. */
class Staleness {
  private readonly next = new Map<string, number>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly queries: QueryClient;
  private readonly runId: string;

  constructor(queries: QueryClient, runId: string) {
    this.queries = queries;
    this.runId = runId;
  }

  mark(part: string, paceMs: number): void {
    if (this.timers.has(part)) return;
    const wait = Math.max(0, (this.next.get(part) ?? 0) - Date.now());
    const refresh = () => {
      this.timers.delete(part);
      this.next.set(part, Date.now() + paceMs);
      void this.queries.invalidateQueries({ queryKey: runKey(this.runId, part) });
    };
    if (wait === 0) refresh();
    else this.timers.set(part, setTimeout(refresh, wait));
  }

  stop(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }
}

const OFTEN_MS = 1_000;
const SOMETIMES_MS = 4_000;
const SELDOM_MS = 10_000;

/** Keep what is shown of a run fresh. `size`: how many metrics it has; many are read less often. */
export function useRunNews(runId: string, experimentId: string, size: number): void {
  const queries = useQueryClient();
  const staleness = useMemo(() => new Staleness(queries, runId), [queries, runId]);
  useEffect(() => () => staleness.stop(), [staleness]);
  const follow = useCallback(
    ({ changes, reset }: News) => {
      const own = changes.filter(({ id }) => id === runId);
      const isRun = reset || own.some(({ kind }) => kind === 'RUN');
      const isMetrics = reset || own.some(({ kind }) => kind === 'METRICS');
      if (isRun || isMetrics) {
        staleness.mark('data', size > 300 ? SOMETIMES_MS : OFTEN_MS);
        staleness.mark('files', SOMETIMES_MS);
        staleness.mark('ledger', SELDOM_MS);
      }
      if (isRun) staleness.mark('control', OFTEN_MS);
      if (isMetrics) staleness.mark('trends', SOMETIMES_MS);
      const isOther = changes.some(
        ({ kind, id, experiment_id }) => id !== runId && kind !== 'JOB' && experiment_id === experimentId,
      );
      if (reset || isOther) staleness.mark('children', SOMETIMES_MS);
    },
    [staleness, runId, experimentId, size],
  );
  useNews(follow);
}
