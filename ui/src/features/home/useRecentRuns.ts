/** The runs that go on, and the latest ones, over all experiments. */

import { useQuery } from '@tanstack/react-query';
import type { ExperimentOverview } from '@/api/calls';
import { call } from '@/api/client';
import { readColumn } from '@/api/columns';
import { type Refresh, useRefresh } from '@/api/refresh';

/** A run in a list. Times are Unix milliseconds. */
export interface ListedRun {
  runId: string;
  name: string;
  number: number;
  state: string;
  user: string;
  experimentId: string;
  start: number | undefined;
  end: number | undefined;
}

const KEY = ['runs', 'home'] as const;
const COLUMNS = ['run_id', 'run_name', 'number', 'status', 'user_id', 'experiment_id', 'start_time', 'end_time'];
const MOST_EXPERIMENTS = 500;
const MOST_RUNNING = 50;
const MOST_RECENT = 12;
const FRESH: Refresh = {
  queryKey: KEY,
  paceMs: 1500,
  about: ({ kind }) => (kind === 'RUN' ? kind : undefined),
};

async function select(ids: string[], filter: string, limit: number, signal: AbortSignal): Promise<ListedRun[]> {
  if (ids.length === 0) return [];
  const table = await call(
    'tables.runs',
    { experiment_ids: ids, filter, order_by: ['start_time DESC'], select: COLUMNS, limit },
    { signal },
  );
  const columns = new Map((table.columns ?? []).map((column) => [column.name, readColumn(column, table.rows)]));
  const text = (name: string, row: number) => columns.get(name)?.text(row) ?? '';
  const number = (name: string, row: number) => {
    const column = columns.get(name);
    return column?.has(row) ? column.number(row) : undefined;
  };
  return Array.from({ length: table.rows }, (_, row) => ({
    runId: text('run_id', row),
    name: text('run_name', row) || text('run_id', row),
    number: number('number', row) ?? 0,
    state: text('status', row),
    user: text('user_id', row),
    experimentId: text('experiment_id', row),
    start: number('start_time', row),
    end: number('end_time', row),
  }));
}

/** Runs for the start page; `experiments` says where to look. */
export function useRecentRuns(experiments: readonly ExperimentOverview[] | undefined) {
  useRefresh(FRESH);
  const busy = (experiments ?? [])
    .filter(({ running }) => (running ?? 0) > 0)
    .map(({ experiment_id }) => experiment_id);
  const recent = sortByUse(experiments ?? [])
    .slice(0, MOST_EXPERIMENTS)
    .map(({ experiment_id }) => experiment_id);
  return {
    running: useQuery({
      queryKey: [...KEY, 'running', busy],
      queryFn: ({ signal }) =>
        select(busy.slice(0, MOST_EXPERIMENTS), "attributes.status = 'RUNNING'", MOST_RUNNING, signal),
      enabled: experiments !== undefined,
      placeholderData: (before) => before,
    }),
    latest: useQuery({
      queryKey: [...KEY, 'latest', recent],
      queryFn: ({ signal }) => select(recent, '', MOST_RECENT, signal),
      enabled: experiments !== undefined,
      placeholderData: (before) => before,
    }),
  };
}

/** Experiments, the one that was used last first. */
export function sortByUse(experiments: readonly ExperimentOverview[]): ExperimentOverview[] {
  return [...experiments].sort((a, b) => usedAt(b) - usedAt(a));
}

/** When an experiment was used last: its latest run, or its own last change; Unix milliseconds. */
export const usedAt = (experiment: ExperimentOverview): number =>
  Math.max(experiment.last_run_time ?? 0, experiment.last_update_time);
