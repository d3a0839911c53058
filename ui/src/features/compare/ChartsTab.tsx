/** The curves of the compared runs. */

import { useMemo } from 'react';
import { ChartsPanel } from '@/features/charts/ChartsPanel';
import type { TabProps } from './state';
import type { Comparison } from './useComparison';

const NO_GROUPS: readonly never[] = [];

export function ChartsTab({ comparison, state, change }: TabProps & { comparison: Comparison }) {
  const { runs, difference } = comparison;
  const experimentIds = useMemo(() => [...new Set(runs.map(({ experimentId }) => experimentId))], [runs]);
  // The same list as long as the names are: values change while runs are running.
  const names = JSON.stringify(difference.metrics.map(({ key }) => key));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the names stand for the metrics
  const keys = useMemo(() => difference.metrics.map(({ key }) => key), [names]);
  return (
    <div style={{ flex: 1, minHeight: 0, overflow: 'auto', padding: '8px 16px' }}>
      <ChartsPanel
        runs={runs}
        groups={NO_GROUPS}
        experimentIds={experimentIds}
        state={state}
        change={change}
        keys={keys}
      />
    </div>
  );
}
