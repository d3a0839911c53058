/** What all cards of a panel have in common, and the lines of one of them as they are drawn. */

import { useMemo, useRef } from 'react';
import type { PlotLine, Range } from '@/charts/line';
import type { ChartState } from '@/lib/chartState';
import { type LineStyle, runStyle } from '@/lib/runColor';
import type { AxisKind } from '@/lib/ticks';
import { drawLine, type Smoothing } from './drawn';
import type { ChartFeed, KeyState, View } from './feed';
import { groupId, type LineId, type RunGroup, type ShownRun } from './shown';
import { useKeyState } from './useChartFeed';

/** How a line is named and drawn. */
export interface LineName {
  name: string;
  style: LineStyle;
  /** The run, if it is one. */
  runId?: string;
}

export type ChangeState = (patch: Partial<ChartState>, how?: 'push' | 'replace') => void;

/** What the cards of a panel share. A new object at each change. */
export interface Panel {
  feed: ChartFeed | undefined;
  lines: readonly LineId[];
  names: ReadonlyMap<string, LineName>;
  state: ChartState;
  axis: Axis;
  smoothing: Omit<Smoothing, 'span'>;
  change: ChangeState;
  onOpenRun?: ((runId: string) => void) | undefined;
  /** Metrics whose outliers are left out. Not a part of the address: it is for a look. */
  clipped: ReadonlySet<string>;
  clip: (metric: string) => void;
  /** What of x is shown in each chart that is not zoomed; each its own if left out. */
  whole?: Range | undefined;
  /** The whole ranges of x of metrics, as far as they have been seen. */
  spans: Map<string, number>;
}

/** What x is. */
export interface Axis {
  x: View['x'];
  xKey: string;
  kind: AxisKind;
  name: string;
}

/** Read the axis from an address. */
export function readAxis(x: string | undefined): Axis {
  if (x === 'time') return { x, xKey: '', kind: 'time', name: 'Time' };
  if (x === 'relative') return { x, xKey: '', kind: 'duration', name: 'Time since start' };
  if (x?.startsWith('metric:')) {
    const xKey = x.slice('metric:'.length);
    return { x: 'metric', xKey, kind: 'number', name: xKey };
  }
  return { x: 'step', xKey: '', kind: 'step', name: 'Step' };
}

/** The smoothing that an address asks for. */
export function readSmoothing(state: ChartState): Omit<Smoothing, 'span'> {
  if (state.smoother === 'window') return { kind: 'window', amount: Math.round(state.smooth ?? 0) };
  return { kind: 'ema', amount: Math.min(state.smooth ?? 0, 0.999) };
}

/** The range that is asked for: a little more than is shown, so that lines reach the edge; and what smoothing needs to begin with. */
export function padRange(zoom: Range, { kind, amount }: Omit<Smoothing, 'span'>): Range {
  const width = zoom[1] - zoom[0];
  const past = kind === 'ema' && amount > 0 ? Math.min(width, (width / 400) * (Math.log(0.05) / Math.log(amount))) : 0;
  return [zoom[0] - Math.max(width * 0.02, past), zoom[1] + width * 0.02];
}

/** Names and styles by the ids of lines. */
export function nameLines(
  runs: readonly ShownRun[],
  groups: readonly RunGroup[],
  dark: boolean,
): Map<string, LineName> {
  const names = new Map<string, LineName>();
  const styleOf = ({ number, color }: { number: number; color?: string | undefined }): LineStyle =>
    color === undefined ? runStyle(number, dark) : { color, dash: [] };
  for (const run of runs) names.set(run.runId, { name: run.name, style: styleOf(run), runId: run.runId });
  for (const group of groups) {
    const label = `${group.name} (${group.runIds.length} ${group.runIds.length === 1 ? 'run' : 'runs'})`;
    names.set(groupId(group), { name: label, style: styleOf(group) });
  }
  return names;
}

/** The lines of a metric as they are drawn. Those of before stay until others have come. */
export function useDrawnLines(
  panel: Panel,
  feed: ChartFeed | undefined,
  metric: string,
): { lines: PlotLine[]; isLoading: boolean; error: unknown } {
  const state = useKeyState(feed, metric);
  const held = useRef<{ metric: string; state: KeyState }>({ metric, state });
  const kept = held.current;
  const isEmpty = state.lines.length === 0 && state.isLoading && state.error === undefined;
  const shown = isEmpty && kept.metric === metric ? kept.state : state;
  held.current = { metric, state: shown };
  const { names, smoothing, spans, state: view } = panel;
  const isZoomed = view.zoom !== undefined;
  const lines = useMemo(() => {
    const span = noteSpan(spans, `${view.x ?? ''} ${metric}`, shown, isZoomed);
    return shown.lines.flatMap(({ id, data }) => {
      const line = names.get(id);
      return line ? [drawLine(id, line.name, line.style, data, { ...smoothing, span })] : [];
    });
  }, [shown, names, smoothing, spans, view.x, isZoomed, metric]);
  return { lines, isLoading: shown.isLoading, error: state.error };
}

function noteSpan(spans: Map<string, number>, name: string, { lines }: KeyState, isZoomed: boolean): number {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const { data } of lines) {
    min = Math.min(min, data.x[0] ?? min);
    max = Math.max(max, data.x[data.x.length - 1] ?? max);
  }
  const seen = min < max ? max - min : 0;
  if (isZoomed) return spans.get(name) ?? seen;
  spans.set(name, seen);
  return seen;
}
