/** All experiments with how much is in them, kept up to date. */

import { useQuery } from '@tanstack/react-query';
import type { ExperimentOverview } from '@/api/calls';
import { call } from '@/api/client';
import { type Refresh, useRefresh } from '@/api/refresh';

const PAGE = 10_000;
export const OVERVIEW = ['experiments', 'overview'] as const;
/** A sweep starts many runs in a second; the counts of all experiments need not follow each of them. */
const FRESH: Refresh = {
  queryKey: OVERVIEW,
  paceMs: 2000,
  about: ({ kind }) => (kind === 'EXPERIMENT' || kind === 'RUN' ? kind : undefined),
};

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
  useRefresh(FRESH);
  return useQuery({ queryKey: [...OVERVIEW, trash], queryFn: ({ signal }) => listOverview(trash, signal) });
}
