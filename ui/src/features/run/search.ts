/** The state of a run's page in its address. Its tab is part of the path. */

import { type ChartState, readChartState } from '@/lib/chartState';
import { compact, finite, flag, type Raw, text } from '@/lib/search';

export interface RunPageState extends ChartState {
  /** Step that images and tables are shown at. */
  step?: number;
  /** Filter of params and metrics on the overview, of keys on the media tab. */
  q?: string;
  /** Only params that differ from the best run. */
  diff?: true;
  /** The metric beside the system's. */
  beside?: string;
}

/** Read it from an address. */
export function readRunPage(raw: Raw): RunPageState {
  return {
    ...readChartState(raw),
    ...(compact({
      step: finite(raw.step),
      q: text(raw.q),
      diff: flag(raw.diff),
      beside: text(raw.beside),
    }) as RunPageState),
  };
}
