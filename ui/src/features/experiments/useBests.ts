/** The best run, its line and the owner of each experiment: only of those in sight, block by block. */

import { useQueries, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import type { ExperimentBest } from '@/api/calls';
import { call } from '@/api/client';
import { float64 } from '@/api/columns';
import { type News, useNews } from '@/api/live';

/** What speaks for an experiment. `line`: the best run's metric. */
export interface Best extends ExperimentBest {
  line?: Float64Array;
}

const BUCKETS = 40;
/** A training logs many times in a second; the best of an experiment need not follow each. */
const PACE_MS = 5000;
const KEY = ['experiments', 'best'] as const;

/** Read them for blocks of experiments. */
export function useBests(blocks: readonly (readonly string[])[]): ReadonlyMap<string, Best> {
  useFreshness();
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
  const means = float64(chart.cells?.mean ?? new Uint8Array());
  const lines = new Map<string, Float64Array>();
  let from = 0;
  for (const { name, key, entries } of chart.series ?? []) {
    lines.set(`${name} ${key}`, means.slice(from, from + entries).filter(Number.isFinite));
    from += entries;
  }
  return experiments.map((each) => {
    const line = each.best && lines.get(`${each.best.run_id} ${each.best.key}`);
    return line ? { ...each, line } : each;
  });
}

/** What has changed is read again at an easy pace. */
function useFreshness(): void {
  const queries = useQueryClient();
  const waiting = useRef(new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useNews(
    useCallback(
      ({ changes, reset }: News) => {
        for (const { kind, id, experiment_id } of changes)
          if (kind === 'RUN' || kind === 'METRICS' || kind === 'EXPERIMENT')
            waiting.current.add(experiment_id || id || '');
        if (reset) waiting.current.add('');
        if (waiting.current.size === 0) return;
        timer.current ??= setTimeout(() => {
          const changed = waiting.current;
          waiting.current = new Set();
          timer.current = undefined;
          void queries.invalidateQueries({
            queryKey: KEY,
            predicate: ({ queryKey: [, , ids] }) =>
              changed.has('') || (Array.isArray(ids) && ids.some((id) => changed.has(id))),
          });
        }, PACE_MS);
      },
      [queries],
    ),
  );
}
