/** The state of the comparison in its address; `runs` and `experiments` are MLflow's. */

import { type ChartState, readChartState } from '@/lib/chartState';
import { compact, finite, flag, oneOf, type Raw, text, texts } from '@/lib/search';

export const TABS = [
  'diff',
  'charts',
  'parallel',
  'scatter',
  'box',
  'contour',
  'importance',
  'groups',
  'media',
] as const;
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
  /** What metrics of the difference are looked at by; the last value if left out. */
  stat?: 'min' | 'max' | 'best';
  /** Metrics of which the other side is better than their names say. */
  flipped?: string[];
  /** Fields on the parallel axes: `params.lr`, `metrics.loss`. */
  axes?: string[];
  /** Parallel axes that stand on their heads. */
  inverted?: string[];
  /** Fields whose scale is logarithmic where it would not be by itself, or the other way. */
  logs?: string[];
  /** Fields of scatter, box and contour plots. */
  xf?: string;
  yf?: string;
  zf?: string;
  /** Field that runs are coloured by; `run` is each run's own colour. */
  color?: string;
  size?: string;
  /** Draw the Pareto front of the scatter plot. */
  pareto?: true;
  /** The metric whose dependence on params is asked for. */
  target?: string;
  /** Brushed ranges of the parallel axes, one text for each: `metrics.loss:0.1..0.4`, `params.model=["CNN"]`. */
  brush?: string[];
  /** Group A, group B: clauses of the search language, or lists of run ids separated by commas. */
  a?: string;
  b?: string;
  /** Groups as curves instead of a table. */
  curves?: true;
  /** Only rows whose key or texts hold this. */
  q?: string;
  /** The stored state that all this is read from: what was too long for an address. */
  view?: string;
  /** Key of the media, and the step they are shown at. */
  media?: string;
  step?: number;
}

/** The state as the text that is stored. */
export function encodeComparison({ view: _, ...state }: Comparison): string {
  return JSON.stringify(state);
}

/** The state that a stored text describes; an empty one if it is of something else. */
export function decodeComparison(body: string): Comparison {
  try {
    const raw: unknown = JSON.parse(body);
    return typeof raw === 'object' && raw !== null ? readComparison({ ...raw, view: undefined }) : {};
  } catch {
    return {};
  }
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
      stat: oneOf(raw.stat, ['min', 'max', 'best']),
      flipped: texts(raw.flipped),
      axes: texts(raw.axes),
      inverted: texts(raw.inverted),
      logs: texts(raw.logs),
      xf: text(raw.xf),
      yf: text(raw.yf),
      zf: text(raw.zf),
      color: text(raw.color),
      size: text(raw.size),
      pareto: flag(raw.pareto),
      target: text(raw.target),
      brush: texts(raw.brush),
      a: text(raw.a),
      b: text(raw.b),
      curves: flag(raw.curves),
      q: text(raw.q),
      view: text(raw.view),
      media: text(raw.media),
      step: finite(raw.step),
    }) as Comparison),
  };
}
