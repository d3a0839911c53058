/** The logged models of an experiment: newest first, with the metrics and params that most of them have. */

import { Button, Skeleton, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import type { LoggedModel } from '@/api/calls';
import { CodeBlock } from '@/components/CodeBlock';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { PageHeader } from '@/components/PageHeader';
import pieces from '@/components/pieces.module.css';
import { SearchBox } from '@/components/SearchBox';
import { useExperiment } from '@/features/experiments/useExperiment';
import { StarButton } from '@/features/stars/StarButton';
import { ShareButton } from '@/features/views/ShareButton';
import { formatAge, formatCount, formatNumber, formatTime } from '@/lib/format';
import { useKeys } from '@/lib/keys';
import { ModelState } from './ModelState';
import classes from './models.module.css';
import { metricName, useLoggedModels } from './useLoggedModels';

const route = getRouteApi('/experiments/$experimentId/models');
const MOST_METRICS = 4;
const MOST_PARAMS = 3;

interface Order {
  by: string;
  falling: boolean;
}

export function LoggedModelsPage() {
  const { experimentId } = route.useParams();
  const { data: experiment } = useExperiment(experimentId);
  const [typed, setTyped] = useState('');
  const [query] = useDebouncedValue(typed.trim(), 200);
  const filter = useRef<HTMLInputElement>(null);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useLoggedModels(experimentId, query);
  const models = useMemo(() => data?.pages.flatMap((page) => page.models ?? []), [data]);
  useKeys({ '/': { label: 'Filter models', run: () => filter.current?.focus() } });
  const name = experiment?.name ?? `Experiment ${experimentId}`;
  return (
    <>
      <PageHeader
        crumbs={[
          { label: 'Experiments', link: { to: '/experiments' } },
          { label: name, link: { to: '/experiments/$experimentId/runs', params: { experimentId } } },
          { label: 'Logged models' },
        ]}
        badge={models ? badgeOf(models.length, hasNextPage) : undefined}
        actions={<ShareButton />}
      />
      <div className={pieces.tools}>
        <SearchBox
          ref={filter}
          w={300}
          label="Filter models by name"
          placeholder="Name"
          value={typed}
          onChange={setTyped}
        />
      </div>
      {error && (
        <div className={classes.page}>
          <Failure error={error} retry={() => void refetch()} title="The models cannot be read" />
        </div>
      )}
      {!models && !error && <Skeleton height={240} mx="lg" />}
      {models && models.length > 0 && <ModelTable experimentId={experimentId} models={models} />}
      {models?.length === 0 && <NoModels query={query} />}
      {hasNextPage && (
        <Button size="xs" variant="default" m="lg" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Older models
        </Button>
      )}
    </>
  );
}

const badgeOf = (number: number, hasMore: boolean): string =>
  hasMore ? `${formatCount(number)} models or more` : `${formatCount(number)} ${number === 1 ? 'model' : 'models'}`;

function NoModels({ query }: { query: string }) {
  if (query) return <Empty title="No model matches">{`None has "${query}" in its name.`}</Empty>;
  return (
    <Empty title="No logged models yet">
      <Stack gap="sm">
        <Text c="dimmed">Logging a model with MLflow 3 makes one, with the metrics that are measured on it:</Text>
        <CodeBlock text={'mlflow.sklearn.log_model(model, name="classifier")\n'} label="Logging a model in Python" />
      </Stack>
    </Empty>
  );
}

function ModelTable({ experimentId, models }: { experimentId: string; models: readonly LoggedModel[] }) {
  const [order, setOrder] = useState<Order>({ by: 'created', falling: true });
  const metrics = useMemo(
    () => commonest(models, ({ data }) => (data.metrics ?? []).map(metricName), MOST_METRICS),
    [models],
  );
  const params = useMemo(() => differing(models), [models]);
  const sorted = useMemo(() => sortModels(models, order), [models, order]);
  const head = (label: string, by: string, className?: string) => (
    <th
      scope="col"
      className={className}
      title={label}
      aria-sort={order.by === by ? (order.falling ? 'descending' : 'ascending') : undefined}
    >
      <button
        type="button"
        className={`${pieces.bare} ${classes.sort}`}
        onClick={() => setOrder({ by, falling: order.by === by ? !order.falling : by !== 'name' })}
      >
        <span className="ellipsis">{label}</span>
        {order.by === by && (order.falling ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden />)}
      </button>
    </th>
  );
  return (
    <div className={classes.scroll}>
      <table className={`${pieces.rows} ${classes.table}`} aria-label="Logged models">
        <thead>
          <tr>
            {head('Name', 'name')}
            <th scope="col">State</th>
            <th scope="col">Type</th>
            <th scope="col">Source run</th>
            {metrics.map((each) => head(each, `metric ${each}`, 'number'))}
            {params.map((each) => (
              <th key={each} scope="col" title={each}>
                <span className="ellipsis">{each}</span>
              </th>
            ))}
            {head('Created', 'created')}
          </tr>
        </thead>
        <tbody>
          {sorted.map((model) => (
            <ModelRow
              key={model.info.model_id}
              model={model}
              experimentId={experimentId}
              metrics={metrics}
              params={params}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  model: LoggedModel;
  experimentId: string;
  metrics: readonly string[];
  params: readonly string[];
}

function ModelRow({ model, experimentId, metrics, params }: RowProps) {
  const { info, data } = model;
  return (
    <tr>
      <td>
        <span className={classes.name}>
          <StarButton kind="model" id={info.model_id} size={14} />
          <Link
            to="/experiments/$experimentId/models/$modelId"
            params={{ experimentId, modelId: info.model_id }}
            className="ellipsis"
            title={info.name}
          >
            {info.name || info.model_id}
          </Link>
        </span>
      </td>
      <td>
        <ModelState model={model} />
      </td>
      <td>{info.model_type}</td>
      <td>
        {info.source_run_id && (
          <Link
            to="/experiments/$experimentId/runs/$runId"
            params={{ experimentId, runId: info.source_run_id }}
            className="mono"
            title={info.source_run_id}
          >
            {info.source_run_id.slice(0, 8)}
          </Link>
        )}
      </td>
      {metrics.map((name) => {
        const metric = data.metrics?.find((each) => metricName(each) === name);
        return (
          <td key={name} className="number" title={metric ? String(metric.value) : undefined}>
            {formatNumber(metric?.value)}
          </td>
        );
      })}
      {params.map((key) => {
        const value = data.params?.find((each) => each.key === key)?.value;
        return (
          <td key={key} title={value}>
            <span className={classes.value}>{value}</span>
          </td>
        );
      })}
      <td className="dim" title={formatTime(info.creation_timestamp_ms)}>
        {formatAge(info.creation_timestamp_ms)}
      </td>
    </tr>
  );
}

/** The names that most models have, `most` at the most, in the order of their frequency. */
function commonest(
  models: readonly LoggedModel[],
  names: (model: LoggedModel) => readonly string[],
  most: number,
): string[] {
  const counts = new Map<string, number>();
  for (const model of models) for (const name of new Set(names(model))) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || a.localeCompare(b))
    .slice(0, most)
    .map(([name]) => name);
}

/** Params that are not the same in all models. */
function differing(models: readonly LoggedModel[]): string[] {
  const keys = commonest(models, ({ data }) => (data.params ?? []).map(({ key }) => key), Number.POSITIVE_INFINITY);
  const value = (model: LoggedModel, key: string) => model.data.params?.find((each) => each.key === key)?.value;
  return keys.filter((key) => new Set(models.map((model) => value(model, key))).size > 1).slice(0, MOST_PARAMS);
}

function sortModels(models: readonly LoggedModel[], { by, falling }: Order): LoggedModel[] {
  const turn = falling ? -1 : 1;
  const compare = (a: LoggedModel, b: LoggedModel): number => {
    if (by === 'name') return turn * a.info.name.localeCompare(b.info.name, undefined, { numeric: true });
    if (by === 'created') return turn * (a.info.creation_timestamp_ms - b.info.creation_timestamp_ms);
    const [one, other] = [a, b].map((model) => {
      const metric = model.data.metrics?.find((each) => `metric ${metricName(each)}` === by);
      return metric === undefined ? Number.NaN : Number(metric.value);
    });
    // What has no number stands last in both directions.
    if (one === undefined || Number.isNaN(one)) return other === undefined || Number.isNaN(other) ? 0 : 1;
    return other === undefined || Number.isNaN(other) ? -1 : turn * (one - other);
  };
  return [...models].sort(compare);
}
