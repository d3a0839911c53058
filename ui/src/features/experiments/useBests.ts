/** The best run, its line and the owner of each experiment: only of those in sight, block by block. */

import { useQueries } from '@tanstack/react-query';
import type { ExperimentBest } from '@/api/calls';
import { call } from '@/api/client';
import { readLines } from '@/api/columns';
import { type Refresh, useRefresh } from '@/api/refresh';

/** What speaks for an experiment. `line`: the best run's metric. */
export interface Best extends ExperimentBest {
  line?: Float64Array;
}

const BUCKETS = 40;
const KEY = ['experiments', 'best'] as const;
/** A training logs many times in a second; the best of an experiment need not follow each. */
const FRESH: Refresh = {
  queryKey: KEY,
  paceMs: 5000,
  about: ({ kind, id, experiment_id }) =>
    kind === 'RUN' || kind === 'METRICS' || kind === 'EXPERIMENT' ? experiment_id || id : undefined,
  holds: ([, , ids], changed) => Array.isArray(ids) && ids.some((id) => changed.has(id)),
};

/** Read them for blocks of experiments. */
export function useBests(blocks: readonly (readonly string[])[]): ReadonlyMap<string, Best> {
  useRefresh(FRESH);
  return useQueries({
    queries: blocks.map((ids) => ({
      queryKey: [...KEY, ids],
      queryFn: ({ signal }: { signal: AbortSignal }) => readBests(ids, signal),
      structuralSharing: false,
      staleTime: 30_000,
    })),
    combine: joinBests,
  });
}

const joinBests = (results: readonly { data: readonly Best[] | undefined }[]): ReadonlyMap<string, Best> =>
  new Map(results.flatMap(({ data }) => data ?? []).map((each) => [each.experiment_id, each]));

async function readBests(ids: readonly string[], signal: AbortSignal): Promise<Best[]> {
  const { experiments } = await call('experiments.best', { experiment_ids: [...ids] }, { signal });
  const bests = experiments.flatMap(({ best }) => (best ? [best] : []));
  if (bests.length === 0) return experiments;
  const chart = await call(
    'series.chart',
    { run_ids: bests.map(({ run_id }) => run_id), keys: [...new Set(bests.map(({ key }) => key))], buckets: BUCKETS },
    { signal },
  );
  const lines = new Map(readLines(chart).map(({ run, key, means }) => [`${run} ${key}`, means]));
  return experiments.map((each) => {
    const line = each.best && lines.get(`${each.best.run_id} ${each.best.key}`);
    return line ? { ...each, line } : each;
  });
}
