/** The names of all metrics of experiments. They are read again only when there are more or fewer of them. */

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef } from 'react';
import { call } from '@/api/client';
import { type News, useNews } from '@/api/live';

/** So many names the server gives at once; an experiment with more shows the first. */
const MOST_KEYS = 50_000;
const PACE_MS = 5000;

/** Names in their order; `undefined` while they are not known. Asks only if `isWanted`. */
export function useMetricKeys(experimentIds: readonly string[], isWanted: boolean) {
  const queries = useQueryClient();
  const name = experimentIds.join(' ');
  const query = useQuery({
    queryKey: ['keys', 'metric', name],
    enabled: isWanted && experimentIds.length > 0,
    queryFn: async ({ signal }) => {
      const answer = await call(
        'tables.keys',
        { experiment_ids: name.split(' '), kinds: ['metric'], order: 'name', limit: MOST_KEYS },
        { signal },
      );
      return (answer.keys ?? []).map(({ key }) => key);
    },
  });
  const check = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const follow = useCallback(
    ({ changes, reset }: News) => {
      if (!isWanted || check.current !== undefined) return;
      const ids = new Set(name.split(' '));
      if (
        !reset &&
        !changes.some(({ kind, experiment_id: id }) => kind === 'METRICS' && id !== undefined && ids.has(id))
      )
        return;
      check.current = setTimeout(() => {
        check.current = undefined;
        const key = ['keys', 'metric', name];
        const before = queries.getQueryData<string[]>(key);
        call('tables.keys', { experiment_ids: [...ids], kinds: ['metric'], limit: 1 })
          .then(({ total }) => {
            if (before === undefined || before.length !== Math.min(total, MOST_KEYS))
              void queries.invalidateQueries({ queryKey: key });
          })
          .catch(() => undefined); // the next news will try again
      }, PACE_MS);
    },
    [queries, name, isWanted],
  );
  useNews(follow);
  return query;
}
