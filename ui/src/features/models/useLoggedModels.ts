/** The logged models of an experiment, and one of them, kept up to date. */

import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import type { LoggedModel } from '@/api/calls';
import { call } from '@/api/client';
import { type News, useNews } from '@/api/live';
import { quoteText } from '@/features/runs/fields';

const PAGE = 200;

/** Models whose name holds `query`, the newest first, page by page. */
export function useLoggedModels(experimentId: string, query: string) {
  const queries = useQueryClient();
  useNews(
    useCallback(
      ({ changes, reset }: News) => {
        const here = changes.some((change) => change.kind === 'MODEL' && change.experiment_id === experimentId);
        if (reset || here) void queries.invalidateQueries({ queryKey: ['models', experimentId] });
      },
      [experimentId, queries],
    ),
  );
  return useInfiniteQuery({
    queryKey: ['models', experimentId, query],
    queryFn: ({ signal, pageParam }) =>
      call(
        'logged_models.search',
        {
          experiment_ids: [experimentId],
          filter: query ? `name ILIKE ${quoteText(`%${query}%`)}` : '',
          order_by: [{ field_name: 'creation_timestamp', ascending: false }],
          max_results: PAGE,
          page_token: pageParam,
        },
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_page_token,
    placeholderData: (before) => before,
  });
}

/** One model. */
export function useLoggedModel(modelId: string) {
  const queries = useQueryClient();
  useNews(
    useCallback(
      ({ changes, reset }: News) => {
        if (reset || changes.some((change) => change.kind === 'MODEL' && change.id === modelId)) {
          void queries.invalidateQueries({ queryKey: ['model', modelId] });
        }
      },
      [modelId, queries],
    ),
  );
  return useQuery({
    queryKey: ['model', modelId],
    queryFn: async ({ signal }) => (await call('logged_models.get', { model_id: modelId }, { signal })).model,
  });
}

const STATES: Readonly<Record<string, string>> = {
  LOGGED_MODEL_PENDING: 'pending',
  LOGGED_MODEL_READY: 'ready',
  LOGGED_MODEL_UPLOAD_FAILED: 'upload failed',
};

/** How far a model's upload is, in words. */
export const stateOf = (model: LoggedModel): string => STATES[model.info.status] ?? 'unknown';

/** A metric of a model with what it was measured on, as the head of a column. */
export const metricName = (metric: { key: string; dataset_name?: string }): string =>
  metric.dataset_name ? `${metric.key} on ${metric.dataset_name}` : metric.key;
