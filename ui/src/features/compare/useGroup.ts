/** Which of the compared runs a group has; the server decides what a clause matches. */

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call } from '@/api/client';
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
    queryFn: async ({ signal }) => {
      const experiment_ids = [...new Set(runs.map(({ experimentId }) => experimentId))];
      const filter = `(${clause}) AND ${inRuns(sorted)}`;
      const request = { experiment_ids, filter, run_view_type: 'ALL', select: ['run_id'], limit: sorted.length } as const;
      const table = await call('tables.runs', { ...request, select: [...request.select] }, { signal });
      const [ids] = (table.columns ?? []).map((column) => readColumn(column, table.rows));
      return new Set(Array.from({ length: table.rows }, (_, row) => ids?.text(row) ?? ''));
    },
  });
  const places = useMemo(() => {
    if (!choice) return NONE;
    const ids = choice.kind === 'runs' ? new Set(choice.runIds) : found.data;
    return runs.flatMap(({ runId }, place) => (ids?.has(runId) ? [place] : []));
  }, [choice, found.data, runs]);
  return { places, error: clause !== undefined && found.error ? found.error.message : undefined };
}
