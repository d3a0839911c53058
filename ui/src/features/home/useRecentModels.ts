/** The logged models that changed last, over the experiments that were used last. */

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import type { LoggedModel } from '@/api/calls';
import { call } from '@/api/client';
import { type News, useNews } from '@/api/live';

const KEY = ['models', 'home'] as const;
const MOST_MODELS = 6;
const PACE_MS = 1500;

/** Models of some experiments, the one that changed last first; `undefined` until it is known. */
export function useRecentModels(experimentIds: readonly string[]): readonly LoggedModel[] | undefined {
  const queries = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useNews(
    useCallback(
      ({ changes, reset }: News) => {
        if (timer.current !== undefined || (!reset && !changes.some(({ kind }) => kind === 'MODEL'))) return;
        timer.current = setTimeout(() => {
          timer.current = undefined;
          void queries.invalidateQueries({ queryKey: KEY });
        }, PACE_MS);
      },
      [queries],
    ),
  );
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
