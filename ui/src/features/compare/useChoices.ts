/** What the compared runs can be drawn by, and by what they are drawn if nobody has said so. */

import { useComputedColorScheme } from '@mantine/core';
import { useMemo } from 'react';
import { type Coloring, colorRuns, MOST_OWN_COLORS } from './coloring';
import { type Field, isAxis, rankMetrics, rankParams } from './fields';
import type { Comparison } from './useComparison';

export interface Choices {
  /** All fields that can be axes. */
  axes: readonly Field[];
  /** Those that are numbers. */
  numbers: readonly Field[];
  /** Metrics and params that tell runs apart, the most telling first. */
  metrics: readonly Field[];
  params: readonly Field[];
}

const SHOWN = new Set(['params', 'metrics', 'tags', 'attributes', 'datasets']);
const NO_AXES = new Set(['attributes.run_name', 'attributes.artifact_uri', 'tags.mlflow.runName', 'tags.mlflow.user']);

export function useChoices({ fields }: Comparison): Choices {
  return useMemo(() => {
    const axes = fields
      .filter((field) => SHOWN.has(field.section) && !NO_AXES.has(field.name) && isAxis(field))
      .sort((a, b) => order(a) - order(b));
    const metrics = rankMetrics(fields);
    return { axes, numbers: axes.filter(({ numeric }) => numeric), metrics, params: rankParams(fields, metrics[0]) };
  }, [fields]);
}

const order = ({ section, name }: Field): number =>
  section === 'params'
    ? 0
    : section === 'metrics'
      ? name.startsWith('metrics.')
        ? 1
        : 2
      : section === 'attributes'
        ? 3
        : 4;

/** The colours of the runs: by the field that was chosen; without one by themselves, and many runs by the most telling metric. */
export function useColoring({ runs, byName }: Comparison, chosen: string | undefined, { metrics }: Choices): Coloring {
  const dark = useComputedColorScheme('light') === 'dark';
  const name = chosen ?? (runs.length > MOST_OWN_COLORS ? metrics[0]?.name : undefined);
  const field = name === undefined || name === 'run' ? undefined : byName.get(name);
  return useMemo(() => colorRuns(runs, field, dark), [runs, field, dark]);
}
