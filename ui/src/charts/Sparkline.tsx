/** A line without axes, as small as a word. Says nothing to screen readers: the values stand beside it. */

import { memo } from 'react';

interface Props {
  values: ArrayLike<number>;
  color: string;
  width: number;
  height: number;
}

/** The `d` of a path through values that are evenly spaced; gaps where they are no numbers. A single value is a short stroke. */
export function sparkPath(values: ArrayLike<number>, width: number, height: number): string {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] ?? Number.NaN;
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (min > max) return '';
  const scale = max > min ? (height - 2) / (max / 2 - min / 2) / 2 : 0;
  const step = values.length > 1 ? (width - 2) / (values.length - 1) : 0;
  const points: string[] = [];
  let isDrawing = false;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] ?? Number.NaN;
    if (!Number.isFinite(value)) {
      isDrawing = false;
      continue;
    }
    const x = 1 + i * step;
    const y = scale ? height - 1 - (value - min) * scale : height / 2;
    points.push(`${isDrawing ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`);
    const next = values[i + 1];
    if (!isDrawing && (next === undefined || !Number.isFinite(next))) points.push('h1.5');
    isDrawing = true;
  }
  return points.join('');
}

export const Sparkline = memo(function Sparkline({ values, color, width, height }: Props) {
  return (
    <svg width={width} height={height} aria-hidden="true" style={{ display: 'block', flex: 'none' }}>
      <path
        d={sparkPath(values, width, height)}
        fill="none"
        stroke={color}
        strokeWidth={1.4}
        strokeLinejoin="round"
        strokeLinecap="round"
      />
    </svg>
  );
});
