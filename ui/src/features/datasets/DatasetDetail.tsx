/** One dataset: its schema, profile and source as a run has written them, and the runs that used it. */

import { Button, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Dataset } from '@/api/calls';
import { call } from '@/api/client';
import { readColumn } from '@/api/columns';
import { CodeBlock } from '@/components/CodeBlock';
import { CopyButton } from '@/components/CopyButton';
import { Failure } from '@/components/Failure';
import pieces from '@/components/pieces.module.css';
import { RunLink } from '@/components/RunLink';
import { quoteText } from '@/features/runs/fields';
import { formatAge, formatCount } from '@/lib/format';
import classes from './DatasetsPage.module.css';
import { indent, readSchema, type UsedDataset } from './datasets';

const MOST_RUNS = 20;

interface Props {
  experimentId: string;
  dataset: UsedDataset;
}

interface UsingRun {
  runId: string;
  name: string;
  number: number;
  start: number;
}

export function DatasetDetail({ experimentId, dataset }: Props) {
  const { name, digest, contexts } = dataset;
  const filter = `dataset.name = ${quoteText(name)} AND dataset.digest = ${quoteText(digest)}`;
  const runs = useQuery({
    queryKey: ['datasets', experimentId, 'runs', name, digest],
    queryFn: ({ signal }) => listRuns(experimentId, filter, signal),
  });
  const first = runs.data?.runs[0]?.runId;
  const details = useQuery({
    queryKey: ['datasets', experimentId, 'details', name, digest],
    queryFn: ({ signal }) => getDataset(first ?? '', dataset, signal),
    enabled: first !== undefined,
  });
  return (
    <Stack gap="lg">
      <dl className={pieces.facts}>
        <dt>Digest</dt>
        <dd className="mono">
          {digest} <CopyButton text={digest} label="Copy the digest" size={20} />
        </dd>
        {contexts.length > 0 && (
          <>
            <dt>Used for</dt>
            <dd>{contexts.join(', ')}</dd>
          </>
        )}
        {details.data?.source_type && (
          <>
            <dt>Kind of source</dt>
            <dd>{details.data.source_type}</dd>
          </>
        )}
      </dl>
      {details.error && <Failure error={details.error} />}
      {details.data && <Details dataset={details.data} />}
      <Part
        title={
          runs.data
            ? `Used by ${formatCount(runs.data.matching)} ${runs.data.matching === 1 ? 'run' : 'runs'}`
            : 'Used by'
        }
      >
        {runs.error && <Failure error={runs.error} />}
        {!runs.data && !runs.error && <Skeleton height={80} />}
        {runs.data && <RunLines runs={runs.data.runs} experimentId={experimentId} />}
        <Button
          renderRoot={(props) => (
            <Link {...props} to="/experiments/$experimentId/runs" params={{ experimentId }} search={{ q: filter }} />
          )}
          size="xs"
          variant="default"
          mt="sm"
        >
          Show these runs in the table
        </Button>
      </Part>
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 className={classes.part}>{title}</h3>
      {children}
    </section>
  );
}

function Details({ dataset }: { dataset: Dataset }) {
  const columns = dataset.schema ? readSchema(dataset.schema) : undefined;
  return (
    <>
      {columns ? (
        <Part title={`Schema, ${formatCount(columns.length)} columns`}>
          <div className={classes.schema}>
            <table className={`${pieces.rows} ${classes.table}`} aria-label="Schema">
              <thead>
                <tr>
                  <th scope="col">Column</th>
                  <th scope="col">Type</th>
                </tr>
              </thead>
              <tbody>
                {columns.map((column, place) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have one name
                  <tr key={place}>
                    <td>{column.name}</td>
                    <td className="mono">{column.type}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Part>
      ) : (
        dataset.schema && (
          <Part title="Schema">
            <CodeBlock text={indent(dataset.schema)} label="Schema" maxHeight={240} />
          </Part>
        )
      )}
      {dataset.profile && (
        <Part title="Profile">
          <CodeBlock text={indent(dataset.profile)} label="Profile" maxHeight={240} />
        </Part>
      )}
      {dataset.source && (
        <Part title="Source">
          <CodeBlock text={indent(dataset.source)} label="Source" maxHeight={240} />
        </Part>
      )}
    </>
  );
}

function RunLines({ runs, experimentId }: { runs: readonly UsingRun[]; experimentId: string }) {
  if (runs.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        The runs that used it are in the trash.
      </Text>
    );
  }
  return (
    <ul className={classes.runs}>
      {runs.map((run) => (
        <li key={run.runId}>
          <RunLink run={run} experimentId={experimentId} />
          <span className="dim">{formatAge(run.start)}</span>
        </li>
      ))}
    </ul>
  );
}

async function listRuns(experimentId: string, filter: string, signal: AbortSignal) {
  const table = await call(
    'tables.runs',
    {
      experiment_ids: [experimentId],
      filter,
      select: ['run_id', 'run_name', 'number', 'start_time'],
      limit: MOST_RUNS,
      count: true,
    },
    { signal },
  );
  const [id, name, number, start] = (table.columns ?? []).map((column) => readColumn(column, table.rows));
  const runs = Array.from({ length: table.rows }, (_, row): UsingRun => {
    const runId = id?.text(row) ?? '';
    return { runId, name: name?.text(row) || runId, number: number?.number(row) ?? 0, start: start?.number(row) ?? 0 };
  });
  return { runs, matching: table.matching ?? runs.length };
}

/** What a run has written of the dataset that it used. */
async function getDataset(runId: string, { name, digest }: UsedDataset, signal: AbortSignal): Promise<Dataset | null> {
  const { run } = await call('runs.get', { run_id: runId }, { signal });
  const inputs = run.inputs.dataset_inputs ?? [];
  return inputs.find(({ dataset }) => dataset.name === name && dataset.digest === digest)?.dataset ?? null;
}
