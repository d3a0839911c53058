/** The state of the comparison in its address; `runs` and `experiments` are MLflow's. */

import { type ChartState, readChartState } from '@/lib/chartState';
import { compact, flag, oneOf, type Raw, text, texts } from '@/lib/search';

export const TABS = ['diff', 'charts', 'parallel', 'scatter', 'box', 'contour', 'groups', 'media'] as const;
export type Tab = (typeof TABS)[number];

export interface Comparison extends ChartState {
  runs?: string[];
  experiments?: string[];
  /** `diff` if left out. */
  tab?: Tab;
  /** Show rows that are the same in all runs as well. */
  all?: true;
  /** Runs as rows. */
  transposed?: true;
  /** The run that the others are compared with; the first if left out. */
  base?: string;
  /** Fields on the axes: `params.lr`, `metrics.loss`. */
  axes?: string[];
  color?: string;
  size?: string;
  /** Brushed ranges of the parallel axes, one text for each: `metrics.loss:0.1..0.4`. */
  brush?: string[];
  /** Group A, group B: clauses of the search language, or lists of run ids separated by commas. */
  a?: string;
  b?: string;
  q?: string;
}

/** Read it from an address. */
export function readComparison(raw: Raw): Comparison {
  return {
    ...readChartState(raw),
    ...(compact({
      runs: texts(raw.runs),
      experiments: texts(raw.experiments),
      tab: oneOf(raw.tab, TABS),
      all: flag(raw.all),
      transposed: flag(raw.transposed),
      base: text(raw.base),
      axes: texts(raw.axes),
      color: text(raw.color),
      size: text(raw.size),
      brush: texts(raw.brush),
      a: text(raw.a),
      b: text(raw.b),
      q: text(raw.q),
    }) as Comparison),
  };
}
