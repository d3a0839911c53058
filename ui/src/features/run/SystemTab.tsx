/** What the machine did while the run went on, on the same time axis as a metric of choice. */

import { Group, Select, Stack, Text } from '@mantine/core';
import { useMemo } from 'react';
import type { Range } from '@/charts/line';
import { CodeBlock } from '@/components/CodeBlock';
import { Empty } from '@/components/Empty';
import { ChartsPanel } from '@/features/charts/ChartsPanel';
import type { ChartState } from '@/lib/chartState';
import { isSystemMetric, rankMetrics } from './best';
import styles from './RunPage.module.css';
import { NO_GROUPS, useShown } from './shown';
import type { Address } from './useAddress';
import type { KnownRun } from './useRun';
import { wholeRange } from './whole';

/** The charts' default is the step, which system metrics count by themselves: time is what they share with the others. */
const DEFAULT_X = 'relative';

export default function SystemTab({ address, known, number }: { address: Address; known: KnownRun; number: number }) {
  const { state, change, experimentId } = address;
  const runs = useShown(known, number);
  const shape = JSON.stringify([...new Set(known.metrics.map(({ key }) => key))].sort());
  const [systems, others] = useMemo(() => {
    const names: string[] = JSON.parse(shape);
    return [names.filter(isSystemMetric), rankMetrics(names)];
  }, [shape]);
  const beside = state.beside ?? others[0];
  const keys = useMemo(() => (beside === undefined ? systems : [beside, ...systems]), [beside, systems]);
  const charts: ChartState = useMemo(
    () => ({
      ...state,
      x: state.x ?? DEFAULT_X,
      ...(beside === undefined ? {} : { pinned: [beside, ...(state.pinned ?? [])] }),
    }),
    [state, beside],
  );
  const whole = useWhole(known, charts.x);
  if (systems.length === 0) {
    return (
      <Empty title="No system metrics">
        <Stack gap="xs">
          <Text c="dimmed">
            This run has not logged what its machine did. To have processors, memory, disk, network and GPUs sampled
            with the next runs:
          </Text>
          <CodeBlock
            text={'import headrace as hr\n\nhr.enable_system_metrics_logging()'}
            label="How to log system metrics"
          />
        </Stack>
      </Empty>
    );
  }
  const update = (patch: Partial<ChartState>, how?: 'push' | 'replace') => {
    const { pinned, ...rest } = patch;
    change({ ...rest, ...('pinned' in patch ? { pinned: pinned?.filter((key) => key !== beside) } : {}) }, how);
  };
  return (
    <div className={styles.fill} style={{ display: 'flex', flexDirection: 'column', gap: 8 }}>
      {others.length > 0 && (
        <Group gap="sm">
          <Text size="sm" c="dimmed" id="beside">
            Together with
          </Text>
          <Select
            size="xs"
            w={280}
            searchable
            allowDeselect={false}
            aria-labelledby="beside"
            data={others}
            limit={200}
            value={beside ?? null}
            onChange={(key) => change({ beside: key ?? undefined })}
          />
        </Group>
      )}
      <div className={styles.fill}>
        <ChartsPanel
          runs={runs}
          groups={NO_GROUPS}
          experimentIds={[experimentId]}
          state={charts}
          change={update}
          keys={keys}
          whole={whole}
        />
      </div>
    </div>
  );
}

/** The same object as long as it is the same: charts are drawn anew for another. */
function useWhole(known: KnownRun, x: string | undefined): Range | undefined {
  const [from, to] = wholeRange(known.run.info, known.metrics, x ?? DEFAULT_X) ?? [];
  return useMemo(() => (from === undefined || to === undefined ? undefined : [from, to]), [from, to]);
}
