/** Brings the state of a view into the address: of the one that a short link names, or of the team's default on a plain address. */

import { useEffect, useRef } from 'react';
import type { View } from '@/api/calls';
import type { Workspace } from '@/features/runs/search';
import { decodeView, isPlain, NO_VIEW } from './body';
import { useView } from './useViews';

interface Args {
  experimentId: string;
  state: Workspace;
  apply: (state: Workspace, how?: 'push' | 'replace') => void;
  views: readonly View[];
}

/** Returns the view that the page is built on, as it is stored; `undefined` if there is none or it is not known yet. */
export function useViewInAddress({ experimentId, state, apply, views }: Args) {
  const named = state.view === NO_VIEW ? undefined : state.view;
  const team = views.find((view) => view.is_default)?.view_id;
  // Once for each experiment and view: who then clears the page, or goes back to it, wants it clear.
  const settled = useRef(new Set<string>());
  const plain = isPlain(state);
  const wanted = named ?? (plain && state.view === undefined && !settled.current.has(experimentId) ? team : undefined);
  const view = useView(wanted);

  useEffect(() => {
    const mark = `${experimentId} ${named ?? ''}`;
    if (!plain) {
      settled.current.add(experimentId);
      if (named) settled.current.add(mark);
      return;
    }
    if (!view.data || view.data.view_id !== wanted || settled.current.has(named ? mark : experimentId)) return;
    settled.current.add(experimentId);
    settled.current.add(`${experimentId} ${view.data.view_id}`);
    const stored = decodeView(view.data.body ?? '');
    if (!isPlain(stored) || named === undefined) apply({ ...stored, view: view.data.view_id }, 'replace');
  }, [experimentId, named, plain, wanted, view.data, apply]);

  return { named, view: named ? view.data : undefined, error: named ? view.error : null };
}
