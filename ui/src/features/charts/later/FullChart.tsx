/** One chart in full screen, with finer buckets and the values of its lines; the arrow keys lead to the next. */

import { ActionIcon, Group, Modal, Text } from '@mantine/core';
import { useViewportSize } from '@mantine/hooks';
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useEffect, useMemo } from 'react';
import { LineMark } from '@/charts/ChartTooltip';
import type { PlotLine } from '@/charts/line';
import { formatNumber } from '@/lib/format';
import { highlight, useHighlight } from '@/lib/highlight';
import { useKeys } from '@/lib/keys';
import { CardMenu, ChartBody } from '../ChartCard';
import classes from '../charts.module.css';
import type { View } from '../feed';
import { type Panel, useDrawnLines } from '../panel';
import { useChartFeed } from '../useChartFeed';

interface Props {
  metric: string;
  /** All charts of the panel, in their order. */
  metrics: readonly string[];
  panel: Panel;
  view: View;
  /** Say which feed wants to hear of news; none when the chart is closed. */
  attach: (feed: Panel['feed']) => void;
}

const BUCKETS = 1500;
/** With more lines than this, half of them do. */
const MANY = 24;
const HEAD = 96;

export function FullChart({ metric, metrics, panel, view, attach }: Props) {
  const isMany = panel.lines.length > MANY;
  const fine = useMemo((): View => {
    return isMany ? { ...view, buckets: BUCKETS / 2 } : { ...view, buckets: BUCKETS, precision: 'double' };
  }, [view, isMany]);
  const feed = useChartFeed(fine, panel.lines);
  useEffect(() => {
    attach(feed);
    return () => attach(undefined);
  }, [feed, attach]);
  const { lines, isLoading, error } = useDrawnLines(panel, feed, metric);
  const { height: window } = useViewportSize();
  const height = Math.max(window - HEAD, 240);
  const place = metrics.indexOf(metric);
  const go = (by: number) => {
    const next = metrics[(place + by + metrics.length) % metrics.length];
    if (next !== undefined && next !== metric) panel.change({ full: next }, 'replace');
  };
  const close = () => panel.change({ full: undefined });
  useKeys({
    ArrowLeft: { run: () => go(-1), label: 'Chart before this', inDialog: true },
    ArrowRight: { run: () => go(1), label: 'Next chart', inDialog: true },
  });
  return (
    <Modal.Root opened fullScreen onClose={close} transitionProps={{ duration: 0 }} padding="md">
      <Modal.Content>
        <Modal.Body>
          <Group justify="space-between" wrap="nowrap" h={44}>
            <Modal.Title fw={600} className="ellipsis" title={metric}>
              {metric}
            </Modal.Title>
            <Group gap="xs" wrap="nowrap">
              {place >= 0 && (
                <Text size="sm" c="dimmed" className="number" mr={6} style={{ whiteSpace: 'nowrap' }}>
                  {place + 1} of {metrics.length}
                </Text>
              )}
              <ActionIcon variant="subtle" color="gray" aria-label="Chart before this" onClick={() => go(-1)}>
                <ChevronLeft size={18} aria-hidden />
              </ActionIcon>
              <ActionIcon variant="subtle" color="gray" aria-label="Next chart" onClick={() => go(1)}>
                <ChevronRight size={18} aria-hidden />
              </ActionIcon>
              <CardMenu metric={metric} panel={panel} lines={lines} />
              <Modal.CloseButton aria-label="Close full screen" />
            </Group>
          </Group>
          <div className={classes.full}>
            <ChartBody
              metric={metric}
              panel={panel}
              lines={lines}
              isLoading={isLoading}
              error={error}
              height={height}
              retry={() => feed?.retry(metric)}
            />
            <Legend lines={lines} panel={panel} height={height} />
          </div>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

/** Last, least and greatest value of each line: the chart for those who cannot see it. */
function Legend({ lines, panel, height }: { lines: readonly PlotLine[]; panel: Panel; height: number }) {
  const lit = useHighlight();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse must be able to scroll it
    <section className={classes.legend} style={{ height }} aria-label="Lines" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{lines.length === 1 ? '1 line' : `${lines.length} lines`}</th>
            <th scope="col">last</th>
            <th scope="col">min</th>
            <th scope="col">max</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => {
            const { last, min, max } = summarize(line);
            const runId = panel.names.get(line.id)?.runId;
            const open = panel.onOpenRun;
            return (
              <tr
                key={line.id}
                data-lit={lit === line.id}
                onPointerEnter={() => highlight.set(line.id)}
                onPointerLeave={() => highlight.set(null)}
              >
                <td title={line.name}>
                  <Group gap={6} wrap="nowrap">
                    <LineMark color={line.color} dash={line.dash} />
                    {runId && open ? (
                      <button
                        type="button"
                        className="ellipsis"
                        style={{ all: 'unset', cursor: 'pointer', color: 'var(--hr-accent)' }}
                        onClick={() => open(runId)}
                      >
                        {line.name}
                      </button>
                    ) : (
                      <span className="ellipsis">{line.name}</span>
                    )}
                  </Group>
                </td>
                <td title={String(last)}>{formatNumber(last)}</td>
                <td title={String(min)}>{formatNumber(min)}</td>
                <td title={String(max)}>{formatNumber(max)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function summarize({ y, raw, low, high }: PlotLine): {
  last: number | undefined;
  min: number | undefined;
  max: number | undefined;
} {
  const values = raw ?? y;
  let min: number | undefined;
  let max: number | undefined;
  let last: number | undefined;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] ?? Number.NaN;
    if (!Number.isFinite(value)) continue;
    const least = low?.[i] ?? value;
    const greatest = high?.[i] ?? value;
    if (min === undefined || least < min) min = least;
    if (max === undefined || greatest > max) max = greatest;
    last = value;
  }
  return { last, min, max };
}
