/** A comparison of fewer than two runs: asks for another, and proposes the parent, the best and the one before. */

import { Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { call } from '@/api/client';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { rankMetrics } from '@/features/run/best';
import { metricField, quoteValue, type RunLine, selectRuns } from '@/features/run/useRun';
import { guessBetter } from '@/lib/better';
import { formatNumber } from '@/lib/format';
import { RunChoice, RunFinder } from './AddRun';

export function TooFew({ runId, add }: { runId: string | undefined; add: (runId: string) => void }) {
  if (runId === undefined) {
    return (
      <Empty title="No runs to compare">
        <Text c="dimmed">Choose two runs or more in the table of an experiment, then press Compare.</Text>
        <Button component={Link} to="/experiments" variant="default">
          Go to the experiments
        </Button>
      </Empty>
    );
  }
  return <Second runId={runId} add={add} />;
}

interface Proposal {
  title: string;
  run: RunLine;
  note?: string;
}

function Second({ runId, add }: { runId: string; add: (runId: string) => void }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['compare', 'proposals', runId],
    queryFn: ({ signal }) => propose(runId, signal),
  });
  if (error) {
    return (
      <Stack p="xl">
        <Failure error={error} retry={() => void refetch()} />
      </Stack>
    );
  }
  return (
    <Stack p="xl" gap="md" maw={560}>
      <Title order={2}>Compare with which run?</Title>
      {!data ? (
        <Skeleton height={120} />
      ) : (
        <>
          <Text c="dimmed">Only {data.name} is chosen; a comparison needs two runs at least.</Text>
          <Stack gap="sm">
            {data.proposals.map(({ title, run, note }) => (
              <Group key={title} gap="sm" wrap="nowrap">
                <Text size="sm" w={90} c="dimmed" style={{ flex: 'none' }}>
                  {title}
                </Text>
                <div style={{ flex: 1, minWidth: 0 }}>
                  <RunChoice run={run} note={note} choose={() => add(run.runId)} />
                </div>
              </Group>
            ))}
          </Stack>
          <div>
            <Text size="sm" fw={600} mb="xs">
              Or another one
            </Text>
            <RunFinder experimentIds={[data.experimentId]} taken={[runId]} add={add} />
          </div>
        </>
      )}
    </Stack>
  );
}

/** What a run may be compared with: its parent, the best by its most telling metric, the one started before it. */
async function propose(runId: string, signal: AbortSignal) {
  const { run } = await call('runs.get', { run_id: runId }, { signal });
  const { experiment_id: experimentId, run_name: name, start_time } = run.info;
  const parentId = run.data.tags?.find(({ key }) => key === 'mlflow.parentRunId')?.value;
  const metric = rankMetrics((run.data.metrics ?? []).map(({ key }) => key))[0];
  const order = metric && `${metricField(metric)} ${guessBetter(metric) === 'lower' ? 'ASC' : 'DESC'}`;
  const find = async (filter: string, by: string[], active: boolean) => {
    const [found] = await selectRuns(experimentId, filter, { limit: 1, order: by, metric, active, signal });
    return found;
  };
  const [parent, best, previous] = await Promise.all([
    parentId ? find(`run_id = ${quoteValue(parentId)}`, [], false) : undefined,
    order ? find(`run_id != ${quoteValue(runId)}`, [order], true) : undefined,
    find(`start_time <= ${Number(start_time)} AND run_id != ${quoteValue(runId)}`, ['start_time DESC'], true),
  ]);
  const proposals: Proposal[] = [];
  if (parent) proposals.push({ title: 'Parent', run: parent });
  if (best?.value !== undefined)
    proposals.push({ title: 'Best', run: best, note: `${metric} ${formatNumber(best.value)}` });
  if (previous) proposals.push({ title: 'Previous', run: previous });
  return { name, experimentId, proposals };
}
