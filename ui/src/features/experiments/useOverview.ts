/** All experiments with how much is in them, kept up to date. */

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import type { ExperimentOverview } from '@/api/calls';
import { call } from '@/api/client';
import { type News, useNews } from '@/api/live';

const PAGE = 10_000;
/** A sweep starts many runs in a second; the counts of all experiments need not follow each of them. */
const PACE_MS = 2000;

export const OVERVIEW = ['experiments', 'overview'] as const;

async function listOverview(trash: boolean, signal: AbortSignal): Promise<ExperimentOverview[]> {
  const found: ExperimentOverview[] = [];
  let page_token = '';
  do {
    const page = await call(
      'experiments.overview',
      { view_type: trash ? 'DELETED_ONLY' : 'ACTIVE_ONLY', max_results: PAGE, page_token },
      { signal },
    );
    found.push(...(page.experiments ?? []));
    page_token = page.next_page_token ?? '';
  } while (page_token);
  return found;
}

/** The active experiments, or those in the trash. */
export function useOverview(trash = false) {
  const queries = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useNews(
    useCallback(
      ({ changes, reset }: News) => {
        if (!reset && !changes.some(({ kind }) => kind === 'EXPERIMENT' || kind === 'RUN')) return;
        if (timer.current !== undefined) return;
        timer.current = setTimeout(() => {
          timer.current = undefined;
          void queries.invalidateQueries({ queryKey: OVERVIEW });
        }, PACE_MS);
      },
      [queries],
    ),
  );
  return useQuery({ queryKey: [...OVERVIEW, trash], queryFn: ({ signal }) => listOverview(trash, signal) });
}
