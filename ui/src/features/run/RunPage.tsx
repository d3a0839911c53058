/** The page of one run: its head, its tabs, and what stands above them if it is deleted, lost or failed. */

import { Alert, Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { Link, useNavigate } from '@tanstack/react-router';
import { CircleAlert, CircleHelp, Trash2 } from 'lucide-react';
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import type { RunControl } from '@/api/calls';
import { ApiError } from '@/api/client';
import { Failure } from '@/components/Failure';
import { PageHeader } from '@/components/PageHeader';
import { useExperiment } from '@/features/experiments/useExperiment';
import { StarButton } from '@/features/stars/StarButton';
import { ShareButton } from '@/features/views/ShareButton';
import { formatTime } from '@/lib/format';
import { rankMetrics } from './best';
import { Facts } from './Facts';
import { MissingRun } from './MissingRun';
import { Overview } from './Overview';
import { RunMenu } from './RunMenu';
import styles from './RunPage.module.css';
import { RunTitle } from './RunTitle';
import { StopButton } from './StopButton';
import { type Address, TABS, type Tab, useAddress } from './useAddress';
import { type KnownRun, useControl, useRun, useRunNews, useRunNumber } from './useRun';
import { type RunEdits, useRunEdits } from './useRunEdits';

const ChartsTab = lazy(() => import('./ChartsTab'));
const SystemTab = lazy(() => import('./SystemTab'));
const MediaTab = lazy(() => import('./MediaTab'));
const ArtifactsTab = lazy(() => import('./ArtifactsTab'));
const SourceTab = lazy(() => import('./SourceTab'));

/** Tabs that scroll in themselves. */
const FILLING: ReadonlySet<Tab> = new Set(['model-metrics', 'system-metrics']);

export function RunPage() {
  const address = useAddress();
  const { runId, experimentId, tab } = address;
  const run = useRun(runId);
  const known = run.data;
  // Links may name another experiment than the run is in; it may have been moved.
  const home = known?.run.info.experiment_id;
  const navigate = useNavigate();
  useEffect(() => {
    if (home === undefined || home === experimentId) return;
    void navigate({
      to: '/experiments/$experimentId/runs/$runId/$tab/$',
      params: { experimentId: home, runId, tab, _splat: address.path },
      replace: true,
    });
  }, [home, experimentId, runId, tab, address.path, navigate]);
  useRunNews(runId, experimentId, known?.metrics.length ?? 0);
  useDocumentTitle(known ? `${known.run.info.run_name} · headrace` : 'headrace');
  if (!known) {
    if (run.error instanceof ApiError && run.error.status === 404)
      return <MissingRun runId={runId} experimentId={experimentId} />;
    if (run.error) {
      return (
        <Stack p="xl">
          <Failure title="The run could not be read" error={run.error} retry={() => void run.refetch()} />
        </Stack>
      );
    }
    return <Waiting />;
  }
  return <Page address={address} known={known} />;
}

function Page({ address, known }: { address: Address; known: KnownRun }) {
  const { runId, experimentId, tab } = address;
  const { info } = known.run;
  const { data: control } = useControl(runId);
  const number = useRunNumber(runId, info.experiment_id);
  const edits = useRunEdits(runId);
  const [renaming, setRenaming] = useState(false);
  const navigate = useNavigate();
  const metrics = useMemo(() => rankMetrics([...new Set(known.metrics.map(({ key }) => key))]), [known.metrics]);
  const experiment = useExperiment(experimentId);
  const openTab = useCallback(
    (next: Tab, find?: string) => {
      const search = find ? { find } : {};
      if (next === 'overview')
        void navigate({ to: '/experiments/$experimentId/runs/$runId', params: { experimentId, runId } });
      else
        void navigate({
          to: '/experiments/$experimentId/runs/$runId/$tab',
          params: { experimentId, runId, tab: next },
          search,
        });
    },
    [navigate, experimentId, runId],
  );
  const actions = (
    <>
      {control && info.lifecycle_stage !== 'deleted' && <StopButton control={control} edits={edits} />}
      <StarButton kind="run" id={runId} />
      <ShareButton />
      <RunMenu known={known} tab={tab} metrics={metrics} edits={edits} rename={() => setRenaming(true)} />
    </>
  );
  return (
    <div className={styles.page}>
      <PageHeader
        crumbs={[
          {
            label: experiment.data?.name ?? 'Experiment',
            link: { to: '/experiments/$experimentId/runs', params: { experimentId } },
          },
          { label: info.run_name || runId },
        ]}
        actions={actions}
      />
      {renaming && <RunTitle name={info.run_name} save={edits.rename} done={() => setRenaming(false)} />}
      <Facts known={known} control={control} number={number} openSource={() => openTab('source')} />
      <Banners known={known} control={control} edits={edits} />
      <nav className={styles.tabs} aria-label="Parts of the run">
        {Object.entries(TABS).map(([name, label]) => (
          <TabLink
            key={name}
            name={name}
            label={label}
            current={name === tab}
            experimentId={experimentId}
            runId={runId}
          />
        ))}
      </nav>
      <div className={styles.body} data-fill={FILLING.has(tab) || undefined}>
        <Suspense fallback={<Lines count={6} />}>
          <TabBody address={address} known={known} control={control} number={number} edits={edits} openTab={openTab} />
        </Suspense>
      </div>
    </div>
  );
}

interface BodyProps {
  address: Address;
  known: KnownRun;
  control: RunControl | undefined;
  number: number;
  edits: RunEdits;
  openTab: (tab: Tab, find?: string) => void;
}

function TabBody({ address, known, control, number, edits, openTab }: BodyProps): ReactNode {
  switch (address.tab) {
    case 'model-metrics':
      return <ChartsTab address={address} known={known} number={number} />;
    case 'system-metrics':
      return <SystemTab address={address} known={known} number={number} />;
    case 'media':
      return <MediaTab address={address} known={known} />;
    case 'artifacts':
      return <ArtifactsTab address={address} />;
    case 'source':
      return <SourceTab address={address} known={known} />;
    default:
      return (
        <Overview address={address} known={known} control={control} number={number} edits={edits} openTab={openTab} />
      );
  }
}

interface TabProps {
  name: string;
  label: string;
  current: boolean;
  experimentId: string;
  runId: string;
}

function TabLink({ name, label, current, experimentId, runId }: TabProps) {
  const common = {
    className: styles.tab,
    'data-label': label,
    'aria-current': current ? ('page' as const) : undefined,
  };
  if (name === 'overview') {
    return (
      <Link
        {...common}
        to="/experiments/$experimentId/runs/$runId"
        params={{ experimentId, runId }}
        activeOptions={{ exact: true }}
      >
        {label}
      </Link>
    );
  }
  return (
    <Link {...common} to="/experiments/$experimentId/runs/$runId/$tab" params={{ experimentId, runId, tab: name }}>
      {label}
    </Link>
  );
}

function Banners({ known, control, edits }: { known: KnownRun; control: RunControl | undefined; edits: RunEdits }) {
  const { info } = known.run;
  const error = ['mlflow.error', 'headrace.error', 'error'].map((key) => known.tags.get(key)).find(Boolean);
  return (
    <>
      {info.lifecycle_stage === 'deleted' && (
        <Alert
          className={styles.banner}
          variant="default"
          color="gray"
          icon={<Trash2 size={18} aria-hidden />}
          title="This run is in the trash"
        >
          <Group justify="space-between">
            <Text size="sm">Lists do not show it. It can be restored until a clean-up removes it for good.</Text>
            <Button size="xs" variant="default" onClick={() => void edits.restore()}>
              Restore
            </Button>
          </Group>
        </Alert>
      )}
      {control?.state === 'LOST' && control.lease && (
        <Alert
          className={styles.banner}
          variant="default"
          color="yellow"
          icon={<CircleHelp size={18} aria-hidden color="var(--hr-warn)" />}
          title="No sign of life from this run"
        >
          <Text size="sm">
            Its last sign of life came {formatTime(control.lease.until - control.lease.length_ms)}. The process may have
            been killed, or cannot reach the server; if it comes back, it goes on.
          </Text>
        </Alert>
      )}
      {info.status === 'FAILED' && error && (
        <Alert
          className={styles.banner}
          variant="default"
          color="red"
          icon={<CircleAlert size={18} aria-hidden color="var(--hr-bad)" />}
          title="The run failed"
        >
          <Text size="sm" className="mono" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {error}
          </Text>
        </Alert>
      )}
    </>
  );
}

function Waiting() {
  return (
    <div className={styles.page} aria-busy="true">
      <Stack p="lg" gap="md">
        <Skeleton height={22} width={380} />
        <Skeleton height={14} width={520} />
      </Stack>
      <div className={styles.body}>
        <Lines count={12} />
      </div>
    </div>
  );
}

function Lines({ count }: { count: number }) {
  const places = Array.from({ length: count }, (_, place) => place);
  return (
    <Stack gap="sm" aria-busy="true">
      {places.map((place) => (
        <Skeleton key={place} height={16} />
      ))}
    </Stack>
  );
}
