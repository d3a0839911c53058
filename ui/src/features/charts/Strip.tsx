/** Many values of one metric as dots on a line: one drawing for all, since an element for each of 500 runs and of 20 metrics would take a second. */

import { memo, type PointerEvent, useMemo } from 'react';
import { formatNumber } from '@/lib/format';
import { highlight, useHighlight } from '@/lib/highlight';
import classes from './charts.module.css';
import type { Panel } from './panel';

/** A value of a line. */
export interface Cell {
  id: string;
  value: number;
}

interface Props {
  metric: string;
  cells: readonly Cell[];
  names: Panel['names'];
  /** What lies at the left and at the right end. */
  min: number;
  max: number;
}

/** How far from a dot it is still pointed at, in pixels. */
const REACH = 12;

/** Where a value lies, in percent. */
export const placeOf = (value: number, min: number, max: number): number =>
  max > min ? ((value - min) / (max - min)) * 100 : 50;

/** The dots of a colour as one path: lines of no length with round ends. */
export function drawDots(cells: readonly Cell[], names: Props['names'], min: number, max: number): Map<string, string> {
  const paths = new Map<string, string>();
  for (const { id, value } of cells) {
    const color = names.get(id)?.style.color;
    if (color === undefined || !Number.isFinite(value)) continue;
    paths.set(color, `${paths.get(color) ?? ''}M${placeOf(value, min, max).toFixed(2)} 5h0`);
  }
  return paths;
}

/** The cell that is nearest to a place in percent; `undefined` if none is within reach. */
export function nearestCell(
  cells: readonly Cell[],
  { min, max }: { min: number; max: number },
  at: number,
  reach: number,
): Cell | undefined {
  let found: Cell | undefined;
  let least = reach;
  for (const cell of cells) {
    const distance = Math.abs(placeOf(cell.value, min, max) - at);
    if (distance <= least) [found, least] = [cell, distance];
  }
  return found;
}

export const Strip = memo(function Strip({ metric, cells, names, min, max }: Props) {
  const paths = useMemo(() => [...drawDots(cells, names, min, max)], [cells, names, min, max]);
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const percent = 100 / Math.max(1, box.width);
    const hit = nearestCell(cells, { min, max }, (event.clientX - box.left) * percent, REACH * percent);
    highlight.set(hit?.id ?? null);
    const name = hit && names.get(hit.id)?.name;
    const title = event.currentTarget.querySelector('title');
    if (title) title.textContent = hit ? `${name ?? hit.id}: ${metric} ${formatNumber(hit.value)}` : '';
  };
  return (
    <svg
      className={classes.strip}
      viewBox="0 0 100 10"
      preserveAspectRatio="none"
      aria-hidden
      onPointerMove={point}
      onPointerLeave={() => highlight.set(null)}
    >
      <title> </title>
      <path d="M0 5h100" stroke="var(--hr-line)" strokeWidth={1} />
      {paths.map(([color, d]) => (
        <path key={color} d={d} stroke={color} strokeWidth={7} />
      ))}
      <Lit cells={cells} names={names} min={min} max={max} />
    </svg>
  );
});

/** The dot that is pointed at, once more and larger. */
function Lit({ cells, names, min, max }: Omit<Props, 'metric'>) {
  const lit = useHighlight();
  const cell = lit === null ? undefined : cells.find(({ id }) => id === lit);
  const color = cell && names.get(cell.id)?.style.color;
  if (!cell || color === undefined || !Number.isFinite(cell.value)) return null;
  const d = `M${placeOf(cell.value, min, max).toFixed(2)} 5h0`;
  return (
    <>
      <path d={d} stroke="var(--mantine-color-body)" strokeWidth={15} />
      <path d={d} stroke={color} strokeWidth={12} />
    </>
  );
}
