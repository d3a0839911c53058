/** The logged models that changed last, over the experiments that were used last. */

import { useQuery } from '@tanstack/react-query';
import type { LoggedModel } from '@/api/calls';
import { call } from '@/api/client';
import { type Refresh, useRefresh } from '@/api/refresh';

const KEY = ['models', 'home'] as const;
const MOST_MODELS = 6;
const FRESH: Refresh = {
  queryKey: KEY,
  paceMs: 1500,
  about: ({ kind }) => (kind === 'MODEL' ? kind : undefined),
};

/** Models of some experiments, the one that changed last first; `undefined` until it is known. */
export function useRecentModels(experimentIds: readonly string[]): readonly LoggedModel[] | undefined {
  useRefresh(FRESH);
  const { data } = useQuery({
    queryKey: [...KEY, experimentIds],
    queryFn: async ({ signal }) => {
      const page = await call(
        'logged_models.search',
        {
          experiment_ids: [...experimentIds],
          order_by: [{ field_name: 'last_updated_timestamp', ascending: false }],
          max_results: MOST_MODELS,
        },
        { signal },
      );
      return page.models ?? [];
    },
    enabled: experimentIds.length > 0,
    placeholderData: (before) => before,
  });
  return data;
}
