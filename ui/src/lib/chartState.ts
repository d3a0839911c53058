/** How charts are drawn, as it stands in an address: shared by the runs, run and compare pages. */

import { compact, finite, flag, oneOf, type Raw, range, text, texts } from './search';

export interface ChartState {
  /** `step` if left out; `metric:KEY` puts a metric there. */
  x?: string;
  /** Smoothing, 0 to 0.999 for `ema` (time aware), window of points for `window`. */
  smooth?: number;
  smoother?: 'window';
  logx?: true;
  logy?: true;
  /** Range of x that is shown. */
  zoom?: [number, number];
  /** Least to greatest of each bucket as a band; off if false stands there. */
  band?: false;
  /** Charts that are shown first. */
  pinned?: string[];
  /** Prefixes of keys whose section is folded. */
  folded?: string[];
  /** Only charts whose key holds this. */
  find?: string;
  /** The chart in full screen. */
  full?: string;
}

/** Read it from an address. */
export function readChartState(raw: Raw): ChartState {
  return compact({
    x: text(raw.x),
    smooth: finite(raw.smooth, 0, 1000),
    smoother: oneOf(raw.smoother, ['window']),
    logx: flag(raw.logx),
    logy: flag(raw.logy),
    zoom: range(raw.zoom),
    band: raw.band === false ? (false as const) : undefined,
    pinned: texts(raw.pinned),
    folded: texts(raw.folded),
    find: text(raw.find),
    full: text(raw.full),
  }) as ChartState;
}
