/** The start: what runs now, what was worked on last, what is starred; on an empty server the first steps. */

import { Button, Skeleton, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Box, CircleDotDashed, FlaskConical } from 'lucide-react';
import { type ReactNode, useEffect, useMemo, useState } from 'react';
import type { ExperimentOverview, LoggedModel } from '@/api/calls';
import { Failure } from '@/components/Failure';
import { PageHeader } from '@/components/PageHeader';
import { RunLink } from '@/components/RunLink';
import { RunStateBadge } from '@/components/RunStateBadge';
import { Snippet } from '@/features/experiments/Snippet';
import { useOverview } from '@/features/experiments/useOverview';
import { ModelState } from '@/features/models/ModelState';
import { StarLink } from '@/features/stars/StarLink';
import { useStars } from '@/features/stars/useStars';
import { formatAge, formatCount, formatDuration, formatTime } from '@/lib/format';
import classes from './HomePage.module.css';
import { useRecentModels } from './useRecentModels';
import { type ListedRun, sortByUse, usedAt, useRecentRuns } from './useRecentRuns';

const MOST_EXPERIMENTS = 8;
/** Models are looked for in so many experiments. */
const MOST_SEARCHED = 200;
const NONE: readonly ExperimentOverview[] = [];
const count = (number: number, thing: string): string => `${formatCount(number)} ${thing}${number === 1 ? '' : 's'}`;

export function HomePage() {
  const { data: experiments, error, refetch, isPending } = useOverview();
  const { running, latest } = useRecentRuns(experiments);
  const { stars } = useStars();
  const recent = useMemo(
    () =>
      sortByUse(experiments ?? NONE)
        .slice(0, MOST_SEARCHED)
        .map(({ experiment_id }) => experiment_id),
    [experiments],
  );
  const models = useRecentModels(recent);
  const names = new Map(experiments?.map(({ experiment_id, name }) => [experiment_id, name]));
  const runs = experiments?.reduce((sum, each) => sum + (each.runs ?? 0), 0) ?? 0;
  const shownStars = stars.filter((star) => star.name !== '' && star.lifecycle_stage !== 'gone');
  const isNew = experiments !== undefined && runs === 0 && experiments.length <= 1;
  return (
    <>
      <PageHeader
        crumbs={[{ label: 'Home' }]}
        badge={experiments && !isNew ? `${count(experiments.length, 'experiment')}, ${count(runs, 'run')}` : undefined}
      />
      {error && (
        <div className={classes.whole}>
          <Failure error={error} retry={() => void refetch()} title="The experiments cannot be read" />
        </div>
      )}
      {isPending && <Waiting />}
      {isNew && <FirstSteps />}
      {experiments !== undefined && !isNew && (
        <div className={classes.grid}>
          <div className={classes.column}>
            <Section title="Running now" number={running.data?.length}>
              <RunList
                runs={running.data}
                error={running.error}
                names={names}
                empty="Nothing runs now. A run shows here as soon as it starts."
              />
            </Section>
            <Section title="Latest runs">
              <RunList
                runs={latest.data?.filter(({ state }) => state !== 'RUNNING')}
                error={latest.error}
                names={names}
                empty="No run has ended yet."
              />
            </Section>
          </div>
          <div className={classes.column}>
            <Section title="Recent experiments" more={<Link to="/experiments">All experiments</Link>}>
              <ul className={classes.list}>
                {sortByUse(experiments)
                  .slice(0, MOST_EXPERIMENTS)
                  .map((each) => (
                    <ExperimentLine key={each.experiment_id} experiment={each} />
                  ))}
              </ul>
            </Section>
            {models !== undefined && models.length > 0 && (
              <Section title="Recent models">
                <ul className={classes.list}>
                  {models.map((model) => (
                    <ModelLine
                      key={model.info.model_id}
                      model={model}
                      experiment={names.get(model.info.experiment_id)}
                    />
                  ))}
                </ul>
              </Section>
            )}
            <Section title="Starred">
              {shownStars.length === 0 ? (
                <Text size="sm" c="dimmed" py="sm">
                  A star beside an experiment, a run or a model brings it here, and into the bar at the left.
                </Text>
              ) : (
                <ul className={classes.list}>
                  {shownStars.map((star) => (
                    <li key={`${star.kind} ${star.id}`} className={classes.line}>
                      <StarLink star={star} className={classes.star} />
                      <span className={classes.side}>
                        {star.kind === 'experiment' ? '' : (names.get(star.experiment_id ?? '') ?? '')}
                      </span>
                    </li>
                  ))}
                </ul>
              )}
            </Section>
          </div>
        </div>
      )}
    </>
  );
}

interface SectionProps {
  title: string;
  number?: number | undefined;
  more?: ReactNode;
  children: ReactNode;
}

function Section({ title, number, more, children }: SectionProps) {
  return (
    <section className={classes.section}>
      <div className={classes.title}>
        <h2>
          {title}
          {number ? <span className="dim"> {formatCount(number)}</span> : null}
        </h2>
        {more}
      </div>
      {children}
    </section>
  );
}

interface RunListProps {
  runs: readonly ListedRun[] | undefined;
  error: Error | null;
  names: ReadonlyMap<string, string>;
  empty: string;
}

function RunList({ runs, error, names, empty }: RunListProps) {
  const now = useNow(runs?.some(({ state }) => state === 'RUNNING') ?? false);
  if (error && !runs) return <Failure error={error} />;
  if (!runs) return <Skeleton height={96} radius={4} mt="sm" />;
  if (runs.length === 0) {
    return (
      <Text size="sm" c="dimmed" py="sm">
        {empty}
      </Text>
    );
  }
  return (
    <ul className={classes.list}>
      {runs.map((run) => (
        <li key={run.runId} className={classes.line}>
          <RunLink run={run} experimentId={run.experimentId} />
          <Link
            to="/experiments/$experimentId/runs"
            params={{ experimentId: run.experimentId }}
            className={classes.side}
            title={names.get(run.experimentId)}
          >
            {names.get(run.experimentId) ?? run.experimentId}
          </Link>
          <span className={classes.state}>
            <RunStateBadge state={run.state} compact={run.state !== 'RUNNING'} />
          </span>
          <span className={classes.time} title={run.start === undefined ? undefined : formatTime(run.start)}>
            {timeOf(run, now)}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** How long a run goes on, or when it began. */
function timeOf({ state, start }: ListedRun, now: number): string {
  if (start === undefined) return '';
  return state === 'RUNNING'
    ? formatDuration(Math.max(0, Math.round((now - start) / 1000) * 1000))
    : formatAge(start, now);
}

/** The time, each second while something runs, else each half minute. */
function useNow(fast: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), fast ? 1000 : 30_000);
    return () => clearInterval(timer);
  }, [fast]);
  return now;
}

function ExperimentLine({ experiment }: { experiment: ExperimentOverview }) {
  return (
    <li className={classes.line}>
      <FlaskConical size={15} aria-hidden color="var(--hr-dim)" />
      <Link
        to="/experiments/$experimentId/runs"
        params={{ experimentId: experiment.experiment_id }}
        className="ellipsis"
        title={experiment.name}
      >
        {experiment.name}
      </Link>
      <span className={classes.count}>{count(experiment.runs ?? 0, 'run')}</span>
      {(experiment.running ?? 0) > 0 && (
        <span className={classes.running} title={`${experiment.running} running`}>
          <CircleDotDashed size={13} aria-hidden />
          {formatCount(experiment.running ?? 0)}
          <span className="visually-hidden"> running</span>
        </span>
      )}
      <span className={classes.time} title={formatTime(usedAt(experiment))}>
        {formatAge(usedAt(experiment))}
      </span>
    </li>
  );
}

function ModelLine({ model, experiment }: { model: LoggedModel; experiment: string | undefined }) {
  const { model_id, experiment_id, name, last_updated_timestamp_ms } = model.info;
  return (
    <li className={classes.line}>
      <Box size={15} aria-hidden color="var(--hr-dim)" />
      <Link
        to="/experiments/$experimentId/models/$modelId"
        params={{ experimentId: experiment_id, modelId: model_id }}
        className="ellipsis"
        title={name || model_id}
      >
        {name || model_id}
      </Link>
      <span className={classes.side} title={experiment}>
        {experiment ?? experiment_id}
      </span>
      <span className={classes.state}>
        <ModelState model={model} />
      </span>
      <span className={classes.time} title={formatTime(last_updated_timestamp_ms)}>
        {formatAge(last_updated_timestamp_ms)}
      </span>
    </li>
  );
}

function FirstSteps() {
  return (
    <Stack className={classes.first} gap="md">
      <h2>Nothing is logged here yet</h2>
      <Text size="sm">
        Any program that logs with MLflow can log here: it only needs this server's address. In Python, after{' '}
        <span className="mono">pip install mlflow</span>:
      </Text>
      <Snippet />
      <Text size="sm" c="dimmed">
        The run shows here as soon as it starts. To look around with data, run{' '}
        <span className="mono">headrace demo</span>.
      </Text>
      <div>
        <Button component={Link} to="/experiments" variant="default" size="xs">
          Go to the experiments
        </Button>
      </div>
    </Stack>
  );
}

function Waiting() {
  return (
    <div className={classes.grid} role="status" aria-label="Loading">
      <Skeleton height={220} />
      <Skeleton height={220} />
    </div>
  );
}
