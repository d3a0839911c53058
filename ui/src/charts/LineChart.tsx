/** A chart of lines: cursor and highlight in step with all others on the page, zoom by dragging, values in a tooltip. */

import { useEffect, useRef, useState } from 'react';
import { useDark } from '@/lib/dark';
import { formatDuration, formatNumber, formatTime } from '@/lib/format';
import { highlight } from '@/lib/highlight';
import type { AxisKind } from '@/lib/ticks';
import { ChartTooltip, type TooltipContent } from './ChartTooltip';
import { cursor } from './cursor';
import classes from './LineChart.module.css';
import { type Hit, hitsAt, nearestHits, type PlotLine, type Range } from './line';
import { LinePlot, type PlotInput } from './linePlot';

interface Props {
  lines: readonly PlotLine[];
  /** What the chart shows, for those who cannot see it. */
  label: string;
  /** What x is called: "Step". */
  xName: string;
  kind?: AxisKind;
  logX?: boolean;
  logY?: boolean;
  zoom?: Range | undefined;
  bands?: boolean;
  /** Choose y so that outliers lie beyond the edge. */
  clip?: boolean;
  height: number;
  /** A range of x was chosen, or given up (double click). */
  onZoom?: ((range: Range | undefined) => void) | undefined;
}

const SHOWN = 8;

/** A value of x in words. */
export function formatX(kind: AxisKind, x: number): string {
  if (kind === 'time') return formatTime(x);
  return kind === 'duration' ? formatDuration(x) : formatNumber(x);
}

export function LineChart(props: Props) {
  const { lines, label, kind = 'number', logX = false, logY = false, zoom, bands = true, clip = false, height } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<LinePlot | undefined>(undefined);
  const latest = useRef(props);
  const mouse = useRef<{ left: number; top: number } | null>(null);
  const [tip, setTip] = useState<TooltipContent | null>(null);
  const dark = useDark();
  const input: PlotInput = { lines, kind, logX, logY, zoom, bands, clip };
  const drawn = useRef(input);
  useEffect(() => {
    latest.current = props;
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: what the axes are cannot change in a plot; all else is updated below
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    drawn.current = input;
    const made = new LinePlot(element, Math.max(element.clientWidth, 60), height, input, {
      zoom: (range) => latest.current.onZoom?.(range),
      move: (at) => {
        mouse.current = at;
        setTip(pointAt(made, at, latest.current));
      },
    });
    plot.current = made;
    made.light(highlight.get());
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.resize(element.clientWidth, latest.current.height);
    });
    observer.observe(element);
    const unlight = highlight.watch((id) => made.light(id));
    const unpoint = cursor.watch((x) => made.point(x));
    return () => {
      observer.disconnect();
      unlight();
      unpoint();
      made.destroy();
      plot.current = undefined;
    };
  }, [logX, logY]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the input is made of these
  useEffect(() => {
    const before = drawn.current;
    drawn.current = input;
    if (
      before.lines === lines &&
      before.kind === kind &&
      before.zoom === zoom &&
      before.bands === bands &&
      before.clip === clip
    )
      return;
    plot.current?.update(input);
    if (!mouse.current) return;
    // The plot has its new scales once its own task is done.
    queueMicrotask(() => {
      if (plot.current) setTip(pointAt(plot.current, mouse.current, latest.current));
    });
  }, [lines, kind, zoom, bands, clip, logX, logY]);
  useEffect(() => plot.current?.resize(host.current?.clientWidth || 60, height), [height]);
  const wasDark = useRef(dark);
  useEffect(() => {
    if (wasDark.current !== dark) plot.current?.recolor();
    wasDark.current = dark;
  }, [dark]);

  return (
    <>
      <div ref={host} className={classes.chart} style={{ height }} role="img" aria-label={label} />
      {tip && <ChartTooltip {...tip} />}
    </>
  );
}

/** Light the line under the mouse, put the cursor there, and say what the tooltip shows. */
function pointAt(plot: LinePlot, at: { left: number; top: number } | null, props: Props): TooltipContent | null {
  if (!at) {
    highlight.set(null);
    cursor.set(null);
    return null;
  }
  const { x, reach } = plot.readX(at.left, 24);
  const toY = plot.readY();
  const off = (y: number) => {
    const distance = Math.abs(toY(y) - at.top);
    return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
  };
  const hits = nearestHits(hitsAt(props.lines, x, reach), off);
  const [first] = hits;
  highlight.set(first && Number.isFinite(first.y) ? first.line.id : null);
  cursor.set(first ? first.x : x);
  if (!first) return null;
  const { left, top } = plot.bounds();
  const shown = hits.slice(0, SHOWN).sort((a, b) => b.y - a.y || 0);
  return {
    left: left + at.left,
    top: top + at.top,
    title: `${props.xName} ${formatX(props.kind ?? 'number', first.x)}`,
    rows: shown.map((hit) => describeHit(hit, hit === first)),
    more: hits.length - shown.length,
  };
}

function describeHit({ line, index, y }: Hit, isNearest: boolean): TooltipContent['rows'][number] {
  const raw = line.raw?.[index];
  const missing = line.marks.find((mark) => mark.x === line.x[index]);
  const value = Number.isNaN(y) && missing ? { nan: 'NaN', up: '∞', down: '-∞' }[missing.kind] : formatNumber(y);
  const detail = raw !== undefined ? `raw ${formatNumber(raw)}` : (line.detail?.(index) ?? '');
  return { id: line.id, name: line.name, color: line.color, dash: line.dash, value, detail, isNearest };
}
