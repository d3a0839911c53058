/** Values of the lines near the mouse. Names are text, whatever people typed. */

import { useLayoutEffect, useRef } from 'react';
import { createPortal } from 'react-dom';
import classes from './ChartTooltip.module.css';

export interface TooltipRow {
  id: string;
  name: string;
  color: string;
  dash: readonly number[];
  value: string;
  /** Besides the value: what it was before it was smoothed, or what it stands for. */
  detail: string;
  isNearest: boolean;
}

export interface TooltipContent {
  /** Where the mouse is in the window, in pixels. */
  left: number;
  top: number;
  title: string;
  rows: readonly TooltipRow[];
  /** How many lines are not listed. */
  more: number;
}

const GAP = 16;

export function ChartTooltip({ left, top, title, rows, more }: TooltipContent) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const { offsetWidth: width, offsetHeight: height } = element;
    const x = left + GAP + width > window.innerWidth ? left - GAP - width : left + GAP;
    const y = Math.min(Math.max(top - height / 2, 4), window.innerHeight - height - 4);
    element.style.transform = `translate(${Math.round(Math.max(x, 4))}px, ${Math.round(y)}px)`;
  });
  return createPortal(
    <div ref={box} className={classes.tooltip} role="tooltip">
      <div className={classes.title}>{title}</div>
      {rows.map((row) => (
        <div key={row.id} className={row.isNearest ? classes.nearest : classes.row}>
          <LineMark color={row.color} dash={row.dash} />
          <span className={classes.name}>{row.name}</span>
          <span className={classes.value}>{row.value}</span>
          <span className={classes.detail}>{row.detail}</span>
        </div>
      ))}
      {more > 0 && <div className={classes.more}>and {more} more</div>}
    </div>,
    document.body,
  );
}

/** A short piece of a line, as it is drawn. */
export function LineMark({ color, dash, width = 18 }: { color: string; dash: readonly number[]; width?: number }) {
  return (
    <svg width={width} height={8} aria-hidden="true" style={{ flex: 'none', display: 'block' }}>
      <line x1={0} x2={width} y1={4} y2={4} stroke={color} strokeWidth={2.5} strokeDasharray={dash.join(' ')} />
    </svg>
  );
}
