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
  /** Charts whose y axis is (`true`) or is not logarithmic whatever `logy` says. */
  ylog?: Record<string, boolean>;
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
    ylog: readChoices(raw.ylog),
    zoom: range(raw.zoom),
    band: raw.band === false ? (false as const) : undefined,
    pinned: texts(raw.pinned),
    folded: texts(raw.folded),
    find: text(raw.find),
    full: text(raw.full),
  }) as ChartState;
}

function readChoices(value: unknown): Record<string, boolean> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const found = Object.entries(value).filter((entry): entry is [string, boolean] => typeof entry[1] === 'boolean');
  return found.length ? Object.fromEntries(found) : undefined;
}

/** Whether the y axis of a chart is logarithmic. */
export function isLogY({ logy, ylog }: ChartState, metric: string): boolean {
  const own = ylog && Object.hasOwn(ylog, metric) ? ylog[metric] : undefined;
  return own ?? logy ?? false;
}

/** What turns the y axis of one chart. A chart that is as all of them are has no entry. */
export function turnLogY(state: ChartState, metric: string): Pick<Partial<ChartState>, 'ylog'> {
  const others = Object.entries(state.ylog ?? {}).filter(([each]) => each !== metric);
  const next = !isLogY(state, metric);
  if (next !== (state.logy ?? false)) others.push([metric, next]);
  return { ylog: others.length ? Object.fromEntries(others) : undefined };
}

/** What turns the y axes of all charts, those that were turned by themselves too. */
export const turnAllLogY = ({ logy }: ChartState): Pick<Partial<ChartState>, 'logy' | 'ylog'> => ({
  logy: logy ? undefined : true,
  ylog: undefined,
});
