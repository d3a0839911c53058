/** One experiment, kept up to date. */

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { call } from '@/api/client';
import { type News, useNews } from '@/api/live';
import { takeExperiment } from '@/api/start';

/** The key of one experiment in the cache. */
export const experimentKey = (experimentId: string) => ['experiments', 'one', experimentId] as const;

/** An experiment by its id; nothing is asked for without one. */
export function useExperiment(experimentId: string | undefined) {
  const queries = useQueryClient();
  useNews(
    useCallback(
      ({ changes, reset }: News) => {
        if (experimentId === undefined) return;
        if (reset || changes.some((change) => change.kind === 'EXPERIMENT' && change.id === experimentId)) {
          void queries.invalidateQueries({ queryKey: experimentKey(experimentId) });
        }
      },
      [experimentId, queries],
    ),
  );
  return useQuery({
    queryKey: experimentKey(experimentId ?? ''),
    queryFn: async ({ signal }) =>
      (await takeExperiment(experimentId ?? '')) ??
      (await call('experiments.get', { experiment_id: experimentId ?? '' }, { signal })).experiment,
    enabled: experimentId !== undefined,
  });
}
