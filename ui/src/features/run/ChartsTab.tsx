/** The charts of one run. */

import { useMemo } from 'react';
import { Empty } from '@/components/Empty';
import { ChartsPanel } from '@/features/charts/ChartsPanel';
import { isSystemMetric } from './best';
import { NO_GROUPS, useShown } from './shown';
import type { Address } from './useAddress';
import type { KnownRun } from './useRun';

export default function ChartsTab({ address, known, number }: { address: Address; known: KnownRun; number: number }) {
  const runs = useShown(known, number);
  const names = [...new Set(known.metrics.map(({ key }) => key))].filter((key) => !isSystemMetric(key)).sort();
  const shape = JSON.stringify(names);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape stands for the names, which are new with each value
  const keys = useMemo(() => names, [shape]);
  if (keys.length === 0)
    return <Empty title="No metrics yet">{'What the run logs with log_metric is drawn here, as it comes.'}</Empty>;
  return (
    <ChartsPanel
      runs={runs}
      groups={NO_GROUPS}
      experimentIds={[address.experimentId]}
      state={address.state}
      change={address.change}
      keys={keys}
    />
  );
}
