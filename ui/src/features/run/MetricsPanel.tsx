/** The metrics of a run: last value, least and greatest, and their course over time. Those in view are read. */

import { Anchor, HoverCard, Text, useComputedColorScheme } from '@mantine/core';
import { keepPreviousData, useQueries } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import type { Metric } from '@/api/calls';
import { call } from '@/api/client';
import { Sparkline } from '@/charts/Sparkline';
import { quoteText } from '@/features/runs/fields';
import { guessBetter } from '@/lib/better';
import { formatCount, formatNumber, formatTime } from '@/lib/format';
import { runStyle } from '@/lib/runColor';
import { isSystemMetric } from './best';
import { Key } from './Key';
import { Panel } from './Panel';
import { RowList } from './RowList';
import styles from './RunPage.module.css';
import { chunkMetrics, readSteps, readTrends, type Steps, stepColumns, type Trend } from './trends';

interface Props {
  runId: string;
  experimentId: string;
  metrics: readonly Metric[];
  number: number;
  query: string;
  openSystem: () => void;
  openChart: (key: string) => void;
}

const TREND_BUCKETS = 100;

/** What is known of a metric besides its latest value. */
interface Course extends Trend {
  steps: Steps;
}

export function MetricsPanel({ runId, experimentId, metrics, number, query, openSystem, openChart }: Props) {
  const [range, setRange] = useState<[number, number]>([0, 14]);
  const dark = useComputedColorScheme('light') === 'dark';
  const { color } = runStyle(number, dark);
  const wanted = query.toLowerCase();
  const [own, systems] = useMemo(() => {
    const sorted = [...metrics].sort(
      (a, b) =>
        a.key.localeCompare(b.key, undefined, { numeric: true }) || nameOfSource(a).localeCompare(nameOfSource(b)),
    );
    return [sorted.filter(({ key }) => !isSystemMetric(key)), sorted.filter(({ key }) => isSystemMetric(key)).length];
  }, [metrics]);
  const shown = useMemo(() => own.filter(({ key }) => !wanted || key.toLowerCase().includes(wanted)), [own, wanted]);
  const trends = useTrends(
    { runId, experimentId },
    own,
    useMemo(() => shown.slice(range[0], range[1] + 1).map(({ key }) => key), [shown, range]),
  );
  const onRange = useCallback((first: number, last: number) => setRange([first, last]), []);
  return (
    <Panel
      title="Metrics"
      note={shown.length === own.length ? formatCount(own.length) : `${shown.length} of ${own.length}`}
      flush
      actions={
        systems > 0 ? (
          <Anchor component="button" type="button" size="xs" onClick={openSystem}>
            {systems} {systems === 1 ? 'system metric' : 'system metrics'}
          </Anchor>
        ) : undefined
      }
    >
      {shown.length === 0 ? (
        <Text size="sm" c="dimmed" p="md">
          {own.length === 0 ? 'No metrics yet.' : 'No metric matches.'}
        </Text>
      ) : (
        <RowList
          label="Metrics"
          count={shown.length}
          columns={styles.metric ?? ''}
          maxHeight={420}
          onRange={onRange}
          rowKey={(row) => `${shown[row]?.key} ${shown[row] ? nameOfSource(shown[row]) : ''}`}
          head={
            <>
              <th scope="col">Metric</th>
              {['Last', 'Step', 'Min', 'Max'].map((name) => (
                <th key={name} scope="col" className="number">
                  {name}
                </th>
              ))}
              <th
                scope="col"
                className="number"
                title="The step of the best value, as far as the name says which that is"
              >
                Best at
              </th>
              <th scope="col">Trend</th>
            </>
          }
          row={(row) => {
            const metric = shown[row];
            if (!metric) return null;
            return (
              <Row metric={metric} trend={trends.get(metric.key)} color={color} open={() => openChart(metric.key)} />
            );
          }}
        />
      )}
    </Panel>
  );
}

interface RowProps {
  metric: Metric;
  trend: Course | undefined;
  color: string;
  open: () => void;
}

function Row({ metric, trend, color, open }: RowProps) {
  const source = nameOfSource(metric);
  const last = Number(metric.value);
  const isBad = Number.isNaN(last);
  const since = trend?.steps.nan;
  const better = guessBetter(metric.key);
  const best = better && trend?.steps[better === 'lower' ? 'min' : 'max'];
  // The last value is read more often than the course: it may have gone beyond.
  const [min, max] =
    trend && trend.points > 0
      ? isBad
        ? [trend.min, trend.max]
        : [least(trend.min, last), -least(-trend.max, -last)]
      : [];
  return (
    <>
      <th scope="row" className={styles.key}>
        <HoverCard openDelay={350} position="bottom-start" width={300} shadow="md">
          <HoverCard.Target>
            <button
              type="button"
              className={styles.valueButton}
              style={{ fontFamily: 'inherit' }}
              onClick={open}
              aria-label={`Chart of ${metric.key}`}
            >
              <Key name={metric.key} />
              {source && <span className="dim"> · {source}</span>}
            </button>
          </HoverCard.Target>
          <HoverCard.Dropdown p="sm">
            <Details metric={metric} trend={trend} />
          </HoverCard.Dropdown>
        </HoverCard>
      </th>
      <td
        className="number"
        title={`${metric.value}${isBad && since !== undefined ? ` since step ${formatCount(since)}` : ''}`}
        style={isBad ? { color: 'var(--hr-bad)' } : undefined}
      >
        {formatNumber(metric.value)}
      </td>
      <td className="number dim">{formatCount(Number(metric.step ?? 0))}</td>
      <td className="number" title={min === undefined ? undefined : String(min)}>
        {formatNumber(min)}
      </td>
      <td className="number" title={max === undefined ? undefined : String(max)}>
        {formatNumber(max)}
      </td>
      <td className="number dim">{best === undefined ? '' : formatCount(best)}</td>
      <td>{trend && trend.points > 1 && <Sparkline values={trend.values} color={color} width={96} height={20} />}</td>
    </>
  );
}

const least = (known: number, last: number): number => (known < last ? known : last);

/** What is exact of one metric: its least and greatest value with their steps, how many points it has. */
function Details({ metric, trend }: { metric: Metric; trend: Course | undefined }) {
  const at = (step: number | undefined) => (step === undefined ? '' : ` at step ${formatCount(step)}`);
  return (
    <div style={{ fontSize: 12.5, overflowWrap: 'anywhere' }}>
      <strong>{metric.key}</strong>
      <div>
        last {String(metric.value)}
        {at(Number(metric.step ?? 0))}
      </div>
      <div className="dim">{formatTime(Number(metric.timestamp))}</div>
      {trend && (
        <>
          {!Number.isNaN(trend.min) && (
            <>
              <div>
                min {trend.min}
                {at(trend.steps.min)}
              </div>
              <div>
                max {trend.max}
                {at(trend.steps.max)}
              </div>
            </>
          )}
          <div>
            {formatCount(trend.points)} {trend.points === 1 ? 'point' : 'points'}
            {trend.nans > 0 && `, ${formatCount(trend.nans)} of them NaN, the first${at(trend.steps.nan)}`}
          </div>
        </>
      )}
    </div>
  );
}

/** What a metric was measured on, if that was said. */
const nameOfSource = (metric: Metric): string =>
  metric.dataset_name ?? (metric.model_id ? `model ${metric.model_id.slice(0, 10)}` : '');

interface Where {
  runId: string;
  experimentId: string;
}

/** The course of the metrics in view, by chunks, so that scrolling asks once for each. */
function useTrends(
  { runId, experimentId }: Where,
  metrics: readonly Metric[],
  visible: readonly string[],
): ReadonlyMap<string, Course> {
  const wanted = useMemo(() => {
    const seen = new Set(visible);
    return chunkMetrics(metrics).filter(({ keys }) => keys.some((key) => seen.has(key)));
  }, [metrics, visible]);
  return useQueries({
    queries: wanted.map(({ keys, x }) => ({
      queryKey: ['run', runId, 'trends', x, keys],
      placeholderData: keepPreviousData,
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Map<string, Course>> => {
        const question = { experiment_ids: [experimentId], filter: `run_id = ${quoteText(runId)}`, limit: 1 };
        const [chart, table] = await Promise.all([
          call('series.chart', { run_ids: [runId], keys, x, buckets: TREND_BUCKETS }, { signal }),
          call('tables.runs', { ...question, run_view_type: 'ALL', select: stepColumns(keys) }, { signal }),
        ]);
        const steps = readSteps(table, keys);
        return new Map([...readTrends(chart)].map(([key, trend]) => [key, { ...trend, steps: steps.get(key) ?? {} }]));
      },
    })),
    combine: joinTrends,
  });
}

const joinTrends = (answers: readonly { data: Map<string, Course> | undefined }[]): Map<string, Course> =>
  new Map(answers.flatMap(({ data }) => (data ? [...data] : [])));
