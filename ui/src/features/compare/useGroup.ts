/** Which of the compared runs a group has; the server decides what a clause matches. */

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { ApiError, call } from '@/api/client';
import { readColumn } from '@/api/columns';
import type { GroupChoice } from './groups';
import { type ComparedRun, inRuns } from './useComparison';

const NONE: readonly number[] = [];

/** The places of a group's runs, and what is wrong with its clause. */
export function useGroup(choice: GroupChoice | undefined, runs: readonly ComparedRun[]) {
  const clause = choice?.kind === 'clause' ? choice.clause : undefined;
  const sorted = useMemo(() => runs.map(({ runId }) => runId).sort(), [runs]);
  const found = useQuery({
    queryKey: ['compare', 'group', clause, sorted],
    enabled: clause !== undefined && runs.length > 0,
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: ({ signal }) => findMembers(clause ?? '', runs, sorted, signal),
  });
  const places = useMemo(() => {
    if (!choice) return NONE;
    const ids = choice.kind === 'runs' ? new Set(choice.runIds) : found.data;
    return runs.flatMap(({ runId }, place) => (ids?.has(runId) ? [place] : []));
  }, [choice, found.data, runs]);
  return { places, error: clause !== undefined && found.error ? found.error.message.split('\n')[0] : undefined };
}

async function findMembers(
  clause: string,
  runs: readonly ComparedRun[],
  sorted: readonly string[],
  signal: AbortSignal,
): Promise<Set<string>> {
  const experiment_ids = [...new Set(runs.map(({ experimentId }) => experimentId))];
  const ask = (filter: string, limit: number) =>
    call('tables.runs', { experiment_ids, filter, run_view_type: 'ALL', select: ['run_id'], limit }, { signal });
  try {
    const table = await ask(`(${clause}) AND ${inRuns(sorted)}`, sorted.length);
    const [ids] = (table.columns ?? []).map((column) => readColumn(column, table.rows));
    return new Set(Array.from({ length: table.rows }, (_, row) => ids?.text(row) ?? ''));
  } catch (error) {
    // What is wrong is said of the clause as it was typed, and with its own columns.
    if (error instanceof ApiError && error.status === 400) await ask(clause, 1);
    throw error;
  }
}
