/** What the caller has starred: one list for all pages, changed at once and put right if the server says no. */

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import type { Star } from '@/api/calls';
import { call } from '@/api/client';
import { takeStars } from '@/api/start';
import { notices } from '@/components/notices';

export type StarKind = 'run' | 'experiment' | 'model';

/** The key of the list in the cache. */
export const STARS = ['stars'] as const;

const PAGE = 1000;
const MOST = 10_000;
const NONE: readonly Star[] = [];

export interface Stars {
  /** Newest first; empty while they are not known. */
  stars: readonly Star[];
  has: (kind: StarKind, id: string) => boolean;
  /** Star a thing, or take its star back. */
  toggle: (kind: StarKind, id: string) => Promise<void>;
  error: unknown;
}

/** The caller's stars. */
export function useStars(): Stars {
  const queries = useQueryClient();
  const { data: stars = NONE, error } = useQuery({ queryKey: STARS, queryFn: ({ signal }) => listStars(signal) });
  const ids = useMemo(() => new Set(stars.map((star) => `${star.kind} ${star.id}`)), [stars]);
  const has = useCallback((kind: StarKind, id: string) => ids.has(`${kind} ${id}`), [ids]);
  const toggle = useCallback(
    async (kind: StarKind, id: string) => {
      const on = !has(kind, id);
      await queries.cancelQueries({ queryKey: STARS });
      queries.setQueryData<readonly Star[]>(STARS, (before = NONE) => turn(before, kind, id, on));
      try {
        await call(on ? 'views.star' : 'views.unstar', named(kind, id));
      } catch (failure) {
        const message = failure instanceof Error ? failure.message : String(failure);
        notices.show({ color: 'red', title: on ? 'Not starred' : 'The star is still there', message });
      }
      // The list has names and experiments that only the server knows.
      await queries.invalidateQueries({ queryKey: STARS });
    },
    [has, queries],
  );
  return { stars, has, toggle, error };
}

async function listStars(signal: AbortSignal): Promise<readonly Star[]> {
  const begun = await takeStars();
  if (begun) return begun;
  const found: Star[] = [];
  let page_token = '';
  do {
    const page = await call('views.stars', { max_results: PAGE, page_token }, { signal });
    found.push(...(page.stars ?? []));
    page_token = page.next_page_token ?? '';
  } while (page_token && found.length < MOST);
  return found;
}

function turn(before: readonly Star[], kind: StarKind, id: string, on: boolean): readonly Star[] {
  const others = before.filter((star) => star.kind !== kind || star.id !== id);
  return on ? [{ kind, id, name: '', lifecycle_stage: 'active', created_at: Date.now() }, ...others] : others;
}

function named(kind: StarKind, id: string) {
  if (kind === 'run') return { run_id: id };
  return kind === 'experiment' ? { experiment_id: id } : { model_id: id };
}
