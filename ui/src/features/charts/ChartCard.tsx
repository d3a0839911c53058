/** The chart of one metric: its title, what can be done with it, and its own error if it has one. */

import { ActionIcon, Button, Text } from '@mantine/core';
import { Ellipsis, Maximize2 } from 'lucide-react';
import { memo } from 'react';
import { LineChart } from '@/charts/LineChart';
import type { PlotLine } from '@/charts/line';
import { FailureFacts } from '@/components/Failure';
import { late } from '@/components/Late';
import { isLogY } from '@/lib/chartState';
import { formatCount } from '@/lib/format';
import classes from './charts.module.css';
import { type Panel, useDrawnLines } from './panel';

const Items = late(async () => (await import('./later/CardItems')).CardItems);

interface Props {
  metric: string;
  /** What of the name stands in the section's head already. */
  prefix: string;
  height: number;
  panel: Panel;
}

const HEAD = 32;

export const ChartCard = memo(function ChartCard({ metric, prefix, height, panel }: Props) {
  const { lines, isLoading, error } = useDrawnLines(panel, panel.feed, metric);
  const title = prefix && metric.startsWith(`${prefix}/`) ? metric.slice(prefix.length + 1) : metric;
  const open = () => panel.change({ full: metric });
  return (
    <article className={classes.card} style={{ height }} aria-label={metric} aria-busy={isLoading}>
      <header className={classes.head}>
        <h2 className={classes.title} title={metric}>
          {title}
        </h2>
        <span className={classes.tools}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={24}
            aria-label={`Show ${metric} in full screen`}
            title="Full screen"
            onClick={open}
          >
            <Maximize2 size={14} aria-hidden />
          </ActionIcon>
          <CardMenu metric={metric} panel={panel} lines={lines} />
        </span>
      </header>
      <ChartBody
        metric={metric}
        panel={panel}
        lines={lines}
        isLoading={isLoading}
        error={error}
        height={height - HEAD - 2}
        retry={() => panel.feed?.retry(metric)}
      />
    </article>
  );
});

interface BodyProps {
  metric: string;
  panel: Panel;
  lines: readonly PlotLine[];
  isLoading: boolean;
  error: unknown;
  height: number;
  retry: () => void;
}

/** The drawing, or why there is none. */
export function ChartBody({ metric, panel, lines, isLoading, error, height, retry }: BodyProps) {
  const { state, axis, change } = panel;
  if (error !== undefined && lines.length === 0) {
    return (
      <div className={classes.notice} style={{ height }} role="alert">
        <Text size="sm" c="var(--hr-bad)" lineClamp={4} title={readMessage(error)}>
          {readMessage(error)}
        </Text>
        <FailureFacts error={error} />
        <Button size="compact-xs" variant="default" onClick={retry}>
          Try again
        </Button>
      </div>
    );
  }
  if (lines.length === 0) {
    const where = state.zoom ? 'in this range' : 'in the shown runs';
    return (
      <div className={isLoading ? classes.waiting : classes.notice} style={{ height }}>
        {!isLoading && <Text size="sm" c="dimmed">{`No points ${where}`}</Text>}
        {!isLoading && state.zoom && (
          <Button size="compact-xs" variant="default" onClick={() => change({ zoom: undefined })}>
            Show all
          </Button>
        )}
      </div>
    );
  }
  return (
    <LineChart
      lines={lines}
      label={`${metric} over ${axis.name.toLowerCase()}: ${formatCount(lines.length)} ${lines.length === 1 ? 'line' : 'lines'}`}
      xName={axis.name}
      kind={axis.kind}
      logX={(state.logx ?? false) && axis.kind !== 'time'}
      logY={isLogY(state, metric)}
      zoom={state.zoom ?? panel.whole}
      bands={state.band !== false}
      clip={panel.clipped.has(metric)}
      height={height}
      onZoom={(zoom) => {
        if (zoom || state.zoom) change({ zoom: zoom ? [zoom[0], zoom[1]] : undefined });
      }}
    />
  );
}

const readMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Everything that can be done with one chart. */
export function CardMenu({ metric, panel, lines }: { metric: string; panel: Panel; lines: readonly PlotLine[] }) {
  return (
    <Items
      metric={metric}
      panel={panel}
      lines={lines}
      button={
        <ActionIcon variant="subtle" color="gray" size={24} aria-label={`More for ${metric}`}>
          <Ellipsis size={16} aria-hidden />
        </ActionIcon>
      }
    />
  );
}
