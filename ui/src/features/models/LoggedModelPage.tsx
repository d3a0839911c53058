/** One logged model: what it is, what was measured on it, its files, and how to load it. */

import { Skeleton, Text } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { LoggedModel, LoggedModelMetric } from '@/api/calls';
import { ApiError } from '@/api/client';
import { CodeBlock } from '@/components/CodeBlock';
import { CopyButton } from '@/components/CopyButton';
import { Failure } from '@/components/Failure';
import { Markdown } from '@/components/Markdown';
import { PageHeader } from '@/components/PageHeader';
import pieces from '@/components/pieces.module.css';
import { useExperiment } from '@/features/experiments/useExperiment';
import { StarButton } from '@/features/stars/StarButton';
import { ShareButton } from '@/features/views/ShareButton';
import { formatNumber, formatTime } from '@/lib/format';
import { ModelFiles } from './ModelFiles';
import { ModelState } from './ModelState';
import classes from './models.module.css';
import { useLoggedModel } from './useLoggedModels';

const route = getRouteApi('/experiments/$experimentId/models/$modelId');
const NOTE_TAG = 'mlflow.note.content';

export function LoggedModelPage() {
  const { experimentId, modelId } = route.useParams();
  const { data: experiment } = useExperiment(experimentId);
  const { data: model, error, refetch } = useLoggedModel(modelId);
  const missing = error instanceof ApiError && error.status === 404;
  return (
    <>
      <PageHeader
        crumbs={[
          { label: 'Experiments', link: { to: '/experiments' } },
          {
            label: experiment?.name ?? `Experiment ${experimentId}`,
            link: { to: '/experiments/$experimentId/runs', params: { experimentId } },
          },
          { label: 'Logged models', link: { to: '/experiments/$experimentId/models', params: { experimentId } } },
          { label: model?.info.name || modelId },
        ]}
        actions={
          <>
            <StarButton kind="model" id={modelId} />
            <ShareButton />
          </>
        }
      />
      {error && !model && (
        <div className={classes.page}>
          <Failure
            error={error}
            retry={() => void refetch()}
            title={missing ? `There is no model ${modelId}` : 'The model cannot be read'}
          />
        </div>
      )}
      {!model && !error && <Skeleton height={320} mx="lg" />}
      {model && <Page model={model} />}
    </>
  );
}

function Page({ model }: { model: LoggedModel }) {
  const { info, data } = model;
  const note = info.tags?.find(({ key }) => key === NOTE_TAG)?.value;
  const tags = (info.tags ?? []).filter(({ key }) => !key.startsWith('mlflow.'));
  return (
    <div className={classes.columns}>
      <div className={classes.column}>
        <Section title="Model">
          <Facts model={model} />
        </Section>
        {note && (
          <Section title="Note">
            <Markdown source={note} />
          </Section>
        )}
        {tags.length > 0 && (
          <Section title="Tags">
            {tags.map(({ key, value }) => (
              <span key={key} className={classes.tag}>
                {value ? `${key}: ${value}` : key}
              </span>
            ))}
          </Section>
        )}
        <Section title="Load it">
          <CodeBlock text={loadingCode(info.model_id)} label="Loading the model in Python" />
        </Section>
        <Section title="Params">
          <Pairs pairs={data.params ?? []} empty="It has no params." />
        </Section>
      </div>
      <div className={classes.column}>
        <Section title="Metrics">
          <Metrics metrics={data.metrics ?? []} experimentId={info.experiment_id} />
        </Section>
        <Section title="Files">
          <ModelFiles modelId={info.model_id} />
        </Section>
      </div>
    </div>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={classes.section}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Facts({ model }: { model: LoggedModel }) {
  const { info } = model;
  const experimentId = info.experiment_id;
  return (
    <dl className={pieces.facts}>
      <dt>State</dt>
      <dd>
        <ModelState model={model} />
        {info.status_message && <div className="dim">{info.status_message}</div>}
      </dd>
      <dt>ID</dt>
      <dd className="mono">
        {info.model_id} <CopyButton text={info.model_id} label="Copy the model's id" size={20} />
      </dd>
      {info.model_type && (
        <>
          <dt>Type</dt>
          <dd>{info.model_type}</dd>
        </>
      )}
      {info.source_run_id && (
        <>
          <dt>Source run</dt>
          <dd>
            <Link
              to="/experiments/$experimentId/runs/$runId"
              params={{ experimentId, runId: info.source_run_id }}
              className="mono"
            >
              {info.source_run_id}
            </Link>
          </dd>
        </>
      )}
      <dt>Created</dt>
      <dd>{formatTime(info.creation_timestamp_ms)}</dd>
      <dt>Changed</dt>
      <dd>{formatTime(info.last_updated_timestamp_ms)}</dd>
      <dt>Files at</dt>
      <dd className="mono">{info.artifact_uri}</dd>
      {info.registrations && info.registrations.length > 0 && (
        <>
          <dt>Registered as</dt>
          <dd>{info.registrations.map(({ name, version }) => `${name} version ${version}`).join(', ')}</dd>
        </>
      )}
    </dl>
  );
}

function loadingCode(modelId: string): string {
  return `import mlflow\n\nmodel = mlflow.pyfunc.load_model(${JSON.stringify(`models:/${modelId}`)})\n`;
}

function Pairs({ pairs, empty }: { pairs: readonly { key: string; value?: string }[]; empty: string }) {
  if (pairs.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {empty}
      </Text>
    );
  }
  return (
    <table className={`${pieces.rows} ${classes.table}`}>
      <thead className="visually-hidden">
        <tr>
          <th scope="col">Key</th>
          <th scope="col">Value</th>
        </tr>
      </thead>
      <tbody>
        {pairs.map(({ key, value }) => (
          <tr key={key}>
            <td>{key}</td>
            <td className={classes.wrap}>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Metrics({ metrics, experimentId }: { metrics: readonly LoggedModelMetric[]; experimentId: string }) {
  if (metrics.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing was measured on it.
      </Text>
    );
  }
  return (
    <table className={`${pieces.rows} ${classes.table}`}>
      <thead>
        <tr>
          <th scope="col">Metric</th>
          <th scope="col" className="number">
            Value
          </th>
          <th scope="col" className="number">
            Step
          </th>
          <th scope="col">On</th>
          <th scope="col">By run</th>
        </tr>
      </thead>
      <tbody>
        {metrics.map((metric) => (
          <tr key={`${metric.key} ${metric.dataset_name} ${metric.dataset_digest} ${metric.run_id}`}>
            <td>{metric.key}</td>
            <td className="number" title={String(metric.value)}>
              {formatNumber(metric.value)}
            </td>
            <td className="number">{metric.step}</td>
            <td title={metric.dataset_digest}>{metric.dataset_name}</td>
            <td>
              <Link
                to="/experiments/$experimentId/runs/$runId"
                params={{ experimentId, runId: metric.run_id }}
                className="mono"
              >
                {metric.run_id.slice(0, 8)}
              </Link>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
