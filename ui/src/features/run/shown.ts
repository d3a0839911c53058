/** The run as the charts want it. */

import { useMemo } from 'react';
import type { RunGroup, ShownRun } from '@/features/charts/shown';
import type { KnownRun } from './useRun';

export const NO_GROUPS: readonly RunGroup[] = [];

/** The one run; the same list as long as nothing of it has changed that charts show. */
export function useShown(known: KnownRun, number: number): readonly ShownRun[] {
  const { run_id: runId, run_name: name, experiment_id: experimentId, status, start_time } = known.run.info;
  return useMemo(
    () => [{ runId, name, number, experimentId, running: status === 'RUNNING', startTime: Number(start_time) }],
    [runId, name, number, experimentId, status, start_time],
  );
}
