/** The compared runs: who they are and what they have, kept up to date. One request serves all tabs. */

import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import type { RunDifference } from '@/api/calls';
import { call } from '@/api/client';
import { readColumn } from '@/api/columns';
import { type News, useNews } from '@/api/live';
import { type Field, placesOf, readFields } from './fields';

/** The server compares so many runs at once. */
export const MOST_RUNS = 500;
/** Values of running runs are read again at most this often, in milliseconds. */
const PACE_MS = 3000;

/** A run that is compared. */
export interface ComparedRun {
  runId: string;
  name: string;
  /** Its place in the order of creation, which its colour comes from. */
  number: number;
  experimentId: string;
  running: boolean;
  startTime: number;
  status: string;
}

/** Everything about the compared runs, in the order asked for. */
export interface Comparison {
  runs: readonly ComparedRun[];
  fields: readonly Field[];
  byName: ReadonlyMap<string, Field>;
  difference: RunDifference;
  /** Where each run stands in the arrays of `difference`. */
  places: readonly number[];
}

interface Loaded {
  difference: RunDifference;
  runs: ReadonlyMap<string, ComparedRun>;
}

/** The comparison of runs; nothing is asked for with fewer than two. While it is read again for fewer runs, the old answer serves. */
export function useComparison(runIds: readonly string[]) {
  const sorted = useMemo(() => [...runIds].sort(), [runIds]);
  const queryKey = useMemo(() => ['compare', sorted] as const, [sorted]);
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) => load(sorted, signal),
    enabled: sorted.length >= 2,
    placeholderData: keepPreviousData,
  });
  useFollow(queryKey, sorted);
  const { data } = query;
  const comparison = useMemo(() => data && arrange(data, runIds), [data, runIds]);
  return { ...query, comparison };
}

async function load(runIds: readonly string[], signal: AbortSignal): Promise<Loaded> {
  const difference = await call('tables.compare', { run_ids: [...runIds] }, { signal });
  const row = difference.rows.find(({ section, key }) => section === 'attributes' && key === 'experiment_id');
  const runs = await loadRuns(row?.texts ?? [], runIds, signal);
  return { difference, runs };
}

/** What the heads of runs need, by id. Deleted runs are found as well. */
export async function loadRuns(
  experimentIds: readonly string[],
  runIds: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, ComparedRun>> {
  const select = ['run_id', 'run_name', 'number', 'experiment_id', 'status', 'start_time'];
  const table = await call(
    'tables.runs',
    {
      experiment_ids: [...experimentIds],
      filter: inRuns(runIds),
      run_view_type: 'ALL',
      select,
      limit: Math.max(1, runIds.length),
    },
    { signal },
  );
  const columns = new Map((table.columns ?? []).map((column) => [column.name, readColumn(column, table.rows)]));
  const text = (name: string, row: number) => columns.get(name)?.text(row) ?? '';
  const found = new Map<string, ComparedRun>();
  for (let row = 0; row < table.rows; row += 1) {
    const runId = text('run_id', row);
    const status = text('status', row);
    found.set(runId, {
      runId,
      name: text('run_name', row) || runId.slice(0, 8),
      number: columns.get('number')?.number(row) ?? 0,
      experimentId: text('experiment_id', row),
      running: status === 'RUNNING',
      startTime: columns.get('start_time')?.number(row) ?? 0,
      status,
    });
  }
  return found;
}

/** A clause of the search language that only these runs match. Ids have no quotes in them; what has cannot be one. */
export const inRuns = (runIds: readonly string[]): string =>
  `run_id IN (${runIds.map((id) => `'${id.replaceAll("'", '')}'`).join(', ')})`;

function arrange({ difference, runs }: Loaded, runIds: readonly string[]): Comparison | undefined {
  const places = placesOf(difference.run_ids, runIds);
  if (!places) return undefined;
  const fields = readFields(difference, places);
  return {
    runs: runIds.flatMap((id) => runs.get(id) ?? []),
    fields,
    byName: new Map(fields.map((field) => [field.name, field])),
    difference,
    places,
  };
}

/** Read again when one of the runs changes, but not more often than `PACE_MS`. */
function useFollow(queryKey: readonly ['compare', readonly string[]], runIds: readonly string[]): void {
  const queries = useQueryClient();
  const ids = useMemo(() => new Set(runIds), [runIds]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useNews(
    useCallback(
      ({ changes, reset }: News) => {
        const concerns =
          reset ||
          changes.some(({ kind, id }) => (kind === 'RUN' || kind === 'METRICS') && id !== undefined && ids.has(id));
        if (!concerns || timer.current !== undefined) return;
        const age = Date.now() - (queries.getQueryState(queryKey)?.dataUpdatedAt ?? 0);
        timer.current = setTimeout(
          () => {
            timer.current = undefined;
            void queries.invalidateQueries({ queryKey, exact: true });
          },
          Math.max(0, PACE_MS - age),
        );
      },
      [ids, queries, queryKey],
    ),
  );
}
