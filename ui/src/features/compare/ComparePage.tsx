/** The comparison of runs: what differs, and charts over all of them. Its whole state is in the address. */

import { Alert, Badge, Button, Group, Skeleton, Stack, Tabs, Text } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useEffect, useMemo } from 'react';
import { ApiError } from '@/api/client';
import { Failure } from '@/components/Failure';
import { type Crumb, PageHeader } from '@/components/PageHeader';
import { useExperiment } from '@/features/experiments/useExperiment';
import { ShareButton } from '@/features/views/ShareButton';
import { useView } from '@/features/views/useViews';
import { AddRun } from './AddRun';
import styles from './ComparePage.module.css';
import { CopyAsPython } from './CopyAsPython';
import { DiffTab } from './DiffTab';
import type { RunActions } from './RunHead';
import { decodeComparison, encodeComparison, readComparison, TABS, type Tab } from './search';
import { type Change, moved } from './state';
import { TooFew } from './TooFew';
import { type Comparison, MOST_RUNS, useComparison } from './useComparison';

const LABELS: Readonly<Record<Tab, string>> = {
  diff: 'Differences',
  charts: 'Charts',
  parallel: 'Parallel',
  scatter: 'Scatter',
  box: 'Boxes',
  contour: 'Contour',
  importance: 'Importance',
  groups: 'Groups',
  media: 'Media',
};
const VIEWS = {
  charts: lazy(() => import('./ChartsTab').then(({ ChartsTab }) => ({ default: ChartsTab }))),
  parallel: lazy(() => import('./ParallelTab').then(({ ParallelTab }) => ({ default: ParallelTab }))),
  scatter: lazy(() => import('./ScatterTab').then(({ ScatterTab }) => ({ default: ScatterTab }))),
  box: lazy(() => import('./BoxTab').then(({ BoxTab }) => ({ default: BoxTab }))),
  contour: lazy(() => import('./ContourTab').then(({ ContourTab }) => ({ default: ContourTab }))),
  importance: lazy(() => import('./ImportanceTab').then(({ ImportanceTab }) => ({ default: ImportanceTab }))),
  groups: lazy(() => import('./GroupsTab').then(({ GroupsTab }) => ({ default: GroupsTab }))),
  media: lazy(() => import('./MediaTab').then(({ MediaTab }) => ({ default: MediaTab }))),
} as const;

const route = getRouteApi('/compare-runs');
const NONE: readonly string[] = [];

export function ComparePage() {
  const { view } = route.useSearch();
  return view === undefined ? <ComparedRuns /> : <StoredComparison viewId={view} />;
}

/** Brings what a short address names into the address. */
function StoredComparison({ viewId }: { viewId: string }) {
  const navigate = route.useNavigate();
  const { data, error, refetch } = useView(viewId);
  useEffect(() => {
    if (data) void navigate({ search: decodeComparison(data.body ?? ''), replace: true });
  }, [data, navigate]);
  if (!error) return <Waiting />;
  return (
    <div style={{ padding: 24 }}>
      <Failure error={error} title="What this address names cannot be read" retry={() => void refetch()} />
    </div>
  );
}

function ComparedRuns() {
  const state = route.useSearch();
  const navigate = route.useNavigate();
  const asked = useMemo(() => [...new Set(state.runs ?? NONE)], [state.runs]);
  const runIds = useMemo(() => asked.slice(0, MOST_RUNS), [asked]);
  const change: Change = useCallback(
    (patch, how = 'push') => {
      const search = (before: typeof state) => readComparison({ ...before, ...patch });
      void navigate({ search, replace: how === 'replace', resetScroll: false });
    },
    [navigate],
  );
  const found = useComparison(runIds);
  const { comparison, error } = found;
  const actions: RunActions = useMemo(
    () => ({
      move: (from, to) => change({ runs: moved(asked, from, to) }),
      remove: (runId) =>
        change({ runs: asked.filter((each) => each !== runId), ...(state.base === runId && { base: undefined }) }),
      setBase: (runId) => change({ base: runId }),
    }),
    [asked, state.base, change],
  );
  const add = (runId: string) => change({ runs: [...asked, runId] });
  useDocumentTitle(`Compare ${runIds.length} runs · headrace`);
  const experimentIds = useMemo(
    () => [...new Set(comparison?.runs.map(({ experimentId }) => experimentId) ?? state.experiments ?? NONE)],
    [comparison, state.experiments],
  );
  const crumbs = useCrumbs(experimentIds);
  if (runIds.length < 2) {
    return (
      <div className={styles.page}>
        <PageHeader crumbs={crumbs} live={false} />
        <TooFew runId={runIds[0]} add={add} />
      </div>
    );
  }
  return (
    <div className={styles.page}>
      <PageHeader
        crumbs={crumbs}
        badge={`${runIds.length} runs`}
        actions={
          <>
            <AddRun experimentIds={experimentIds} taken={asked} add={add} />
            <CopyAsPython runIds={runIds} experimentIds={experimentIds} />
            <ShareButton stored={{ body: encodeComparison(state), page: 'compare-runs' }} />
          </>
        }
      />
      {asked.length > MOST_RUNS && <TooMany count={asked.length} experimentId={experimentIds[0]} />}
      {error && <Broken error={error} runIds={runIds} retry={() => void found.refetch()} remove={actions.remove} />}
      {comparison ? (
        <Views comparison={comparison} state={state} change={change} actions={actions} />
      ) : (
        !error && <Waiting />
      )}
    </div>
  );
}

interface ViewsProps {
  comparison: Comparison;
  state: ReturnType<typeof readComparison>;
  change: Change;
  actions: RunActions;
}

function Views({ comparison, state, change, actions }: ViewsProps) {
  const tab = state.tab ?? 'diff';
  const choose = (value: string | null) => {
    const next = TABS.find((each) => each === value);
    if (next) change({ tab: next === 'diff' ? undefined : next });
  };
  const View = tab === 'diff' ? undefined : VIEWS[tab];
  return (
    <Tabs value={tab} onChange={choose} keepMounted={false} className={styles.panel}>
      <Tabs.List className={styles.tabs} style={{ flexWrap: 'nowrap' }}>
        {TABS.map((name) => (
          <Tabs.Tab key={name} value={name} style={{ flex: 'none' }}>
            {LABELS[name]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value={tab} className={styles.panel}>
        <Suspense fallback={<Waiting />}>
          {View ? (
            <View comparison={comparison} state={state} change={change} />
          ) : (
            <DiffTab comparison={comparison} state={state} change={change} actions={actions} />
          )}
        </Suspense>
      </Tabs.Panel>
    </Tabs>
  );
}

function useCrumbs(experimentIds: readonly string[]): Crumb[] {
  const only = experimentIds.length === 1 ? experimentIds[0] : undefined;
  const { data } = useExperiment(only);
  const crumbs: Crumb[] = [{ label: 'Experiments', link: { to: '/experiments' } }];
  if (only !== undefined) {
    const link = { to: '/experiments/$experimentId/runs', params: { experimentId: only } } as const;
    crumbs.push({ label: data?.name ?? `Experiment ${only}`, link });
  } else if (experimentIds.length > 1) {
    crumbs[0] = { label: `${experimentIds.length} experiments`, link: { to: '/experiments' } };
  }
  return [...crumbs, { label: 'Compare' }];
}

const Waiting = () => (
  <Stack p="lg" gap="sm" role="status" aria-label="Loading">
    {[...Array(12).keys()].map((row) => (
      <Skeleton key={row} height={22} radius={4} />
    ))}
  </Stack>
);

function TooMany({ count, experimentId }: { count: number; experimentId: string | undefined }) {
  return (
    <Alert color="yellow" variant="light" mx="lg" mb="sm" p="sm">
      <Group gap="sm">
        <Text size="sm">
          This address names {count} runs. A comparison takes {MOST_RUNS}; the first {MOST_RUNS} are shown. More runs
          can be looked at in groups.
        </Text>
        {experimentId !== undefined && (
          <Button
            size="xs"
            variant="default"
            renderRoot={(props) => <Link {...props} to="/experiments/$experimentId/runs" params={{ experimentId }} />}
          >
            Group them in the table of runs
          </Button>
        )}
      </Group>
    </Alert>
  );
}

interface BrokenProps {
  error: Error;
  runIds: readonly string[];
  retry: () => void;
  remove: (runId: string) => void;
}

/** Names the run that is not there or cannot be one, if it is that, and offers to go on without it. */
function Broken({ error, runIds, retry, remove }: BrokenProps) {
  const missing =
    error instanceof ApiError && (error.status === 404 || error.status === 400)
      ? runIds.find((id) => error.message.includes(id))
      : undefined;
  return (
    <Stack px="lg" py="sm" gap="sm">
      <Failure error={error} title="The runs could not be compared" retry={missing ? undefined : retry} />
      {missing !== undefined && (
        <Group gap="sm">
          <Badge variant="light" color="gray" className="mono" style={{ textTransform: 'none' }}>
            {missing}
          </Badge>
          <Button size="xs" onClick={() => remove(missing)}>
            Compare without it
          </Button>
        </Group>
      )}
    </Stack>
  );
}
