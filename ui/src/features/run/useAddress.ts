/** Where the page of a run is: the parts of its address, and how they are changed. Three routes lead to it. */

import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { type RunPageState, readRunPage } from './search';

/** Names of the tabs as they stand in addresses; the first four of them are MLflow's. */
export const TABS = {
  overview: 'Overview',
  'model-metrics': 'Charts',
  'system-metrics': 'System',
  media: 'Media',
  artifacts: 'Artifacts',
  source: 'Source',
} as const;
export type Tab = keyof typeof TABS;

export const isTab = (name: string): name is Tab => name in TABS;

export interface Address {
  experimentId: string;
  runId: string;
  tab: Tab;
  /** Behind the tab: the file that is shown. */
  path: string;
  state: RunPageState;
  /** Change the state; `replace` while something is dragged. */
  change: (patch: Partial<RunPageState>, how?: 'push' | 'replace') => void;
  /** Show a file or folder on the artifacts tab. */
  openFile: (path: string) => void;
}

/** The address of the run's page. */
export function useAddress(): Address {
  const params = useParams({ strict: false });
  const raw = useSearch({ strict: false });
  const navigate = useNavigate();
  const state = useMemo(() => readRunPage({ ...raw }), [raw]);
  const { experimentId = '', runId = '', tab = '', _splat: path = '' } = params;
  const change = useCallback(
    (patch: Partial<RunPageState>, how: 'push' | 'replace' = 'push') => {
      void navigate({
        to: '.',
        search: (before) => readRunPage({ ...before, ...patch }),
        replace: how === 'replace',
        resetScroll: false,
      });
    },
    [navigate],
  );
  const openFile = useCallback(
    (file: string) => {
      void navigate({
        to: '/experiments/$experimentId/runs/$runId/$tab/$',
        params: { experimentId, runId, tab: 'artifacts', _splat: file },
        search: {},
        resetScroll: false,
      });
    },
    [navigate, experimentId, runId],
  );
  // Old clients of MLflow print `artifactPath`.
  const named = tab === 'artifactPath' ? 'artifacts' : tab;
  return { experimentId, runId, tab: isTab(named) ? named : 'overview', path, state, change, openFile };
}
