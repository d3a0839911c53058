/** The saved views of an experiment, and what can be done with them. */

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import type { SaveView, View } from '@/api/calls';
import { call } from '@/api/client';
import { type News, useNews } from '@/api/live';
import { takeViews } from '@/api/start';

const NONE: readonly View[] = [];

export const viewsKey = (experimentId: string) => ['views', experimentId] as const;
const viewKey = (viewId: string) => ['view', viewId] as const;

/** The views of an experiment without their bodies, by name. News of others' changes is followed. */
export function useViews(experimentId: string): { views: readonly View[]; error: unknown; isLoaded: boolean } {
  const queries = useQueryClient();
  const {
    data = NONE,
    error,
    isSuccess,
  } = useQuery({
    queryKey: viewsKey(experimentId),
    queryFn: async ({ signal }) =>
      (await takeViews(experimentId)) ??
      (await call('views.list', { experiment_id: experimentId }, { signal })).views ??
      NONE,
  });
  useNews(
    useCallback(
      ({ changes, reset }: News) => {
        const touched = changes.filter((change) => change.kind === 'VIEW');
        if (!reset && touched.length === 0) return;
        void queries.invalidateQueries({ queryKey: viewsKey(experimentId) });
        for (const { id } of touched) void queries.invalidateQueries({ queryKey: id ? viewKey(id) : ['view'] });
      },
      [experimentId, queries],
    ),
  );
  return { views: data, error, isLoaded: isSuccess };
}

/** A view with its body; nothing is asked for without an id. */
export function useView(viewId: string | undefined) {
  return useQuery({
    queryKey: viewKey(viewId ?? ''),
    queryFn: async ({ signal }) => (await call('views.get', { view_id: viewId ?? '' }, { signal })).view,
    enabled: viewId !== undefined,
  });
}

/** Changes of views; each resolves when the list is up to date, and rejects with the server's words. */
export function useViewChanges(experimentId: string) {
  const queries = useQueryClient();
  const refresh = useCallback(
    async (view?: View) => {
      if (view) queries.setQueryData(viewKey(view.view_id), view);
      await queries.invalidateQueries({ queryKey: viewsKey(experimentId) });
    },
    [experimentId, queries],
  );
  return {
    save: async (request: SaveView): Promise<View> => {
      const { view } = await call('views.save', request);
      await refresh(view);
      return view;
    },
    remove: async (viewId: string): Promise<void> => {
      await call('views.delete', { view_id: viewId });
      queries.removeQueries({ queryKey: viewKey(viewId) });
      await refresh();
    },
    setDefault: async (viewId: string, isDefault: boolean): Promise<void> => {
      const { view } = await call('views.set_default', { view_id: viewId, is_default: isDefault });
      await refresh(view);
    },
  };
}
