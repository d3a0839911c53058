/** Parallel coordinates: an axis for each field, a line for each run. Dragging along an axis brushes it. */

import { useElementSize } from '@mantine/hooks';
import { memo, type PointerEvent, type Ref, useMemo, useRef, useState } from 'react';
import { formatNumber } from '@/lib/format';
import { highlight, useHighlight } from '@/lib/highlight';
import { AxisHead } from './AxisHead';
import { type Axis, showValue } from './axes';
import type { Brush, Brushes } from './brush';
import type { Coloring } from './coloring';
import styles from './ParallelPlot.module.css';
import type { ComparedRun } from './useComparison';

/** What can be done with the axes. `done` is false while the mouse still moves. */
export interface AxisActions {
  brush(name: string, brush: Brush | undefined, done: boolean): void;
  move(from: number, to: number): void;
  remove(name: string): void;
  toggleLog(name: string): void;
  toggleInverted(name: string): void;
}

interface Props {
  axes: readonly Axis[];
  runs: readonly ComparedRun[];
  coloring: Coloring;
  /** Of each run, whether all brushes hold it. */
  within: readonly boolean[];
  brushes: Brushes;
  actions: AxisActions;
  height: number;
  ref: Ref<SVGSVGElement>;
}

const MARGIN = 76;
const TOP = 10;
/** Runs without a value pass below the axis. */
const LANE = 26;
const ZONE = 14;
const NEAR = 10;

interface Drag {
  axis: Axis;
  kind: 'new' | 'move' | 'low' | 'high';
  startShare: number;
  low: number;
  high: number;
  moved: boolean;
}

export function ParallelPlot({ axes, runs, coloring, within, brushes, actions, height, ref: drawing }: Props) {
  const { ref, width } = useElementSize();
  const drag = useRef<Drag>(undefined);
  const [tip, setTip] = useState<{ place: number; x: number; y: number }>();
  const lit = useHighlight();
  const bottom = height - TOP - LANE;
  const x = (at: number) => (axes.length < 2 ? width / 2 : MARGIN + (at * (width - 2 * MARGIN)) / (axes.length - 1));
  const y = (share: number) => (Number.isNaN(share) ? bottom + LANE - 4 : bottom - share * (bottom - TOP));
  // biome-ignore lint/correctness/useExhaustiveDependencies: x and y follow from the sizes
  const paths = useMemo(
    () =>
      runs.map((_, place) =>
        axes.map(({ shares }, at) => `${x(at).toFixed(1)} ${y(shares[place] ?? Number.NaN).toFixed(1)}`).join('L'),
      ),
    [axes, runs, width, height],
  );

  const shareAt = (event: PointerEvent<SVGElement>) => {
    const box =
      event.currentTarget.ownerSVGElement?.getBoundingClientRect() ?? event.currentTarget.getBoundingClientRect();
    return (bottom - (event.clientY - box.top)) / (bottom - TOP);
  };
  const start = (axis: Axis, event: PointerEvent<SVGRectElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const share = shareAt(event);
    const edge = 6 / (bottom - TOP);
    const brush = brushes.get(axis.field.name);
    const part = brush?.kind === 'range' ? axis.partsOf(brush)[0] : undefined;
    const [low, high] = part ?? [share, share];
    const isIn = part !== undefined && share >= low - edge && share <= high + edge;
    const kind = !isIn ? 'new' : Math.abs(share - high) < edge ? 'high' : Math.abs(share - low) < edge ? 'low' : 'move';
    drag.current = { axis, kind, startShare: share, low: isIn ? low : share, high: isIn ? high : share, moved: false };
    setTip(undefined);
  };
  const move = (event: PointerEvent<SVGRectElement>, done: boolean) => {
    const held = drag.current;
    if (!held) return;
    const share = shareAt(event);
    held.moved ||= Math.abs(share - held.startShare) * (bottom - TOP) > 3;
    if (done) drag.current = undefined;
    if (!held.moved) {
      if (done) actions.brush(held.axis.field.name, undefined, true);
      return;
    }
    const way = share - held.startShare;
    const low = held.kind === 'high' || held.kind === 'new' ? held.low : held.low + way;
    const high = held.kind === 'low' ? held.high : held.high + way;
    actions.brush(held.axis.field.name, held.axis.brushBetween(low, high), done);
  };
  const point = (event: PointerEvent<SVGSVGElement>) => {
    if (drag.current || axes.length < 2) return;
    const box = event.currentTarget.getBoundingClientRect();
    const at = { x: event.clientX - box.left, y: event.clientY - box.top };
    const place = nearestLine(axes, within, at, x, y);
    highlight.set(place === undefined ? null : (runs[place]?.runId ?? null));
    setTip(place === undefined ? undefined : { place, ...at });
  };
  const leave = () => {
    highlight.set(null);
    setTip(undefined);
  };
  const litPlace = runs.findIndex(({ runId }) => runId === lit);
  const tipRun = tip && runs[tip.place];
  const headWidth = axes.length < 2 ? width : (width - 2 * MARGIN) / (axes.length - 1);
  return (
    <div ref={ref} className={styles.plot}>
      <div className={styles.heads}>
        {width > 0 &&
          axes.map((axis, at) => (
            <AxisHead
              key={axis.field.name}
              axis={axis}
              at={at}
              count={axes.length}
              left={x(at)}
              width={Math.min(headWidth, 2 * MARGIN) - 6}
              brush={brushes.get(axis.field.name)}
              actions={actions}
            />
          ))}
      </div>
      <svg
        ref={drawing}
        className={styles.svg}
        width={width}
        height={height}
        role="img"
        aria-label={`Parallel coordinates of ${runs.length} runs over ${axes.map(({ field }) => field.label).join(', ')}`}
        onPointerMove={point}
        onPointerLeave={leave}
      >
        {width > 0 && (
          <>
            <g opacity={litPlace >= 0 ? 0.4 : 1}>
              <Lines paths={paths} within={within} coloring={coloring} runs={runs} />
            </g>
            {litPlace >= 0 && paths[litPlace] && (
              <path
                d={`M${paths[litPlace]}`}
                className={styles.line}
                stroke={coloring.color(litPlace)}
                strokeWidth={3.5}
              />
            )}
            {axes.map((axis, at) => (
              <g key={axis.field.name} transform={`translate(${x(at)} 0)`}>
                <text className={styles.name} data-file="only" y={TOP - 14} textAnchor="middle">
                  {axis.field.label}
                </text>
                <line className={styles.axis} y1={TOP} y2={bottom} />
                {axis.ticks.map(({ share, label }) => (
                  <g key={`${label} ${share}`} transform={`translate(0 ${y(share)})`}>
                    <line className={styles.axis} x2={-4} />
                    <text className={styles.tick} x={-7} dy="0.35em" textAnchor="end">
                      {shorten(label)}
                    </text>
                  </g>
                ))}
                {axis.shares.some(Number.isNaN) && (
                  <text className={styles.none} x={-7} y={bottom + LANE - 4} dy="0.35em" textAnchor="end">
                    {axis.field.numbers().some((each) => Math.abs(each) === Number.POSITIVE_INFINITY)
                      ? 'none, ∞'
                      : 'none'}
                  </text>
                )}
                {partsOf(axis, brushes).map(([low, high]) => (
                  <rect
                    key={low}
                    className={styles.brush}
                    x={-8}
                    width={16}
                    y={y(high)}
                    height={Math.max(2, y(low) - y(high))}
                  />
                ))}
                <rect
                  className={styles.zone}
                  data-file="no"
                  x={-ZONE}
                  width={2 * ZONE}
                  y={TOP - 4}
                  height={bottom - TOP + 8}
                  onPointerDown={(event) => start(axis, event)}
                  onPointerMove={(event) => move(event, false)}
                  onPointerUp={(event) => move(event, true)}
                />
              </g>
            ))}
          </>
        )}
      </svg>
      {tip && tipRun && (
        <div className={styles.tip} style={tipPlace(tip, width)}>
          <strong>{tipRun.name}</strong>
          {axes.map(({ field }) => (
            <div key={field.name} style={{ display: 'flex', gap: 12, justifyContent: 'space-between' }}>
              <span className="dim ellipsis">{field.label}</span>
              <span>{showValue(field, tip.place, formatNumber) || 'none'}</span>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

const shorten = (label: string): string => (label.length > 12 ? `${label.slice(0, 11)}…` : label);

const tipPlace = ({ x, y }: { x: number; y: number }, width: number) =>
  x > width / 2 ? { right: width - x + 14, top: y + 20 } : { left: x + 14, top: y + 20 };

function partsOf(axis: Axis, brushes: Brushes): readonly (readonly [number, number])[] {
  const brush = brushes.get(axis.field.name);
  return brush ? axis.partsOf(brush) : [];
}

interface LinesProps {
  paths: readonly string[];
  within: readonly boolean[];
  coloring: Coloring;
  runs: readonly ComparedRun[];
}

/** All lines; those that no brush leaves out are on top. They do not change while the mouse moves. */
const Lines = memo(function Lines({ paths, within, coloring, runs }: LinesProps) {
  const order = paths.map((_, place) => place).sort((a, b) => Number(within[a] ?? true) - Number(within[b] ?? true));
  const strength = paths.length > 200 ? 0.45 : paths.length > 60 ? 0.6 : 0.85;
  return (
    <g>
      {order.map((place) => (
        <path
          key={runs[place]?.runId ?? place}
          d={`M${paths[place] ?? ''}`}
          className={styles.line}
          stroke={within[place] ? coloring.color(place) : 'var(--hr-line)'}
          strokeWidth={within[place] ? 1.5 : 1}
          strokeOpacity={within[place] ? strength : 0.7}
        />
      ))}
    </g>
  );
});

/** The line next to a point, among those within the brushes; `undefined` if none is near. */
function nearestLine(
  axes: readonly Axis[],
  within: readonly boolean[],
  at: { x: number; y: number },
  x: (at: number) => number,
  y: (share: number) => number,
): number | undefined {
  const right = Math.min(
    axes.length - 1,
    Math.max(
      1,
      axes.findIndex((_, place) => x(place) >= at.x),
    ),
  );
  const last = at.x > x(axes.length - 1) ? axes.length - 1 : right;
  const part = Math.min(1, Math.max(0, (at.x - x(last - 1)) / (x(last) - x(last - 1) || 1)));
  let least = NEAR;
  let found: number | undefined;
  within.forEach((is, place) => {
    if (!is) return;
    const [from, to] = [y(axes[last - 1]?.shares[place] ?? Number.NaN), y(axes[last]?.shares[place] ?? Number.NaN)];
    const distance = Math.abs(from + (to - from) * part - at.y);
    if (distance < least) {
      least = distance;
      found = place;
    }
  });
  return found;
}
