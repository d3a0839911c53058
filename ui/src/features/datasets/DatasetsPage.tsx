/** The datasets that runs of an experiment have used; one that is opened shows its schema, its source and its runs. */

import { Button, Drawer, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Database } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { call } from '@/api/client';
import { useRefresh } from '@/api/refresh';
import { CodeBlock } from '@/components/CodeBlock';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { PageHeader } from '@/components/PageHeader';
import pieces from '@/components/pieces.module.css';
import { SearchBox } from '@/components/SearchBox';
import { useExperiment } from '@/features/experiments/useExperiment';
import { ShareButton } from '@/features/views/ShareButton';
import { formatCount } from '@/lib/format';
import { useKeys } from '@/lib/keys';
import { DatasetDetail } from './DatasetDetail';
import classes from './DatasetsPage.module.css';
import { joinContexts, type UsedDataset } from './datasets';

const route = getRouteApi('/experiments/$experimentId/datasets');
const PACE_MS = 3000;

export function DatasetsPage() {
  const { experimentId } = route.useParams();
  const { data: experiment } = useExperiment(experimentId);
  const { data, error, refetch } = useDatasets(experimentId);
  const [query, setQuery] = useState('');
  const [opened, open] = useState<UsedDataset>();
  const filter = useRef<HTMLInputElement>(null);
  useKeys({ '/': { label: 'Filter datasets', run: () => filter.current?.focus() } });
  const shown = useMemo(
    () => data?.filter(({ name, digest }) => `${name} ${digest}`.toLowerCase().includes(query.trim().toLowerCase())),
    [data, query],
  );
  return (
    <>
      <PageHeader
        crumbs={[
          { label: 'Experiments', link: { to: '/experiments' } },
          {
            label: experiment?.name ?? `Experiment ${experimentId}`,
            link: { to: '/experiments/$experimentId/runs', params: { experimentId } },
          },
          { label: 'Datasets' },
        ]}
        badge={data ? `${formatCount(data.length)} ${data.length === 1 ? 'dataset' : 'datasets'}` : undefined}
        actions={<ShareButton />}
      />
      <div className={pieces.tools}>
        <SearchBox
          ref={filter}
          w={300}
          label="Filter datasets"
          placeholder="Name or digest"
          value={query}
          onChange={setQuery}
        />
      </div>
      {error && !data && (
        <div className={classes.page}>
          <Failure error={error} retry={() => void refetch()} title="The datasets cannot be read" />
        </div>
      )}
      {!data && !error && <Skeleton height={200} mx="lg" />}
      {shown && shown.length > 0 && <DatasetTable datasets={shown} open={open} />}
      {data?.length === 0 && <NoDatasets />}
      {data && data.length > 0 && shown?.length === 0 && (
        <Empty title="No dataset matches">
          <Button size="xs" variant="default" onClick={() => setQuery('')}>
            Clear the filter
          </Button>
        </Empty>
      )}
      <Drawer
        opened={opened !== undefined}
        onClose={() => open(undefined)}
        position="right"
        size="min(680px, 90vw)"
        title={opened?.name}
        transitionProps={{ duration: 100 }}
      >
        {opened && <DatasetDetail experimentId={experimentId} dataset={opened} />}
      </Drawer>
    </>
  );
}

function useDatasets(experimentId: string) {
  useRefresh({
    queryKey: ['datasets', experimentId],
    paceMs: PACE_MS,
    about: ({ kind, experiment_id }) => (kind === 'RUN' && experiment_id === experimentId ? experiment_id : undefined),
  });
  return useQuery({
    queryKey: ['datasets', experimentId],
    queryFn: async ({ signal }) => {
      const { dataset_summaries = [] } = await call(
        'inputs.search_datasets',
        { experiment_ids: [experimentId] },
        { signal },
      );
      return joinContexts(dataset_summaries);
    },
  });
}

function DatasetTable({ datasets, open }: { datasets: readonly UsedDataset[]; open: (dataset: UsedDataset) => void }) {
  return (
    <div className={classes.page}>
      <table className={`${pieces.rows} ${classes.table}`} aria-label="Datasets">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Used for</th>
            <th scope="col">Digest</th>
          </tr>
        </thead>
        <tbody>
          {datasets.map((dataset) => (
            <tr key={`${dataset.name} ${dataset.digest}`}>
              <td>
                <button type="button" className={`${pieces.bare} ${classes.name}`} onClick={() => open(dataset)}>
                  <Database size={14} aria-hidden />
                  <span className="ellipsis">{dataset.name}</span>
                </button>
              </td>
              <td>{dataset.contexts.join(', ')}</td>
              <td className="mono">{dataset.digest}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function NoDatasets() {
  return (
    <Empty title="No run has named a dataset yet">
      <Stack gap="sm">
        <Text c="dimmed">A run says what it was trained or measured on like this:</Text>
        <CodeBlock
          text={
            'dataset = mlflow.data.from_pandas(frame, name="train.csv")\nmlflow.log_input(dataset, context="training")\n'
          }
          label="Naming a dataset in Python"
        />
      </Stack>
    </Empty>
  );
}
