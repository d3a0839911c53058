/** Axes of plots over the compared runs: numbers as they are or logarithmic, texts one beside the other. */

import { formatNumber, formatTime } from '@/lib/format';
import { compareNames } from './boxes';
import type { Field } from './fields';

/** An axis as ECharts takes it, and where each run stands on it (NaN: nowhere). */
export interface PlotAxis {
  option: object;
  values: Float64Array;
}

/** Make the axis of a field. */
export function makePlotAxis(field: Field, log: boolean, side: 'x' | 'y'): PlotAxis {
  const name = {
    name: field.label,
    nameLocation: 'middle',
    nameGap: side === 'x' ? 30 : 54,
    nameTruncate: { maxWidth: 320 },
  };
  if (!field.numeric) {
    const texts = field.texts();
    const choices = [...new Set(texts.filter((each) => each !== undefined))].sort(compareNames);
    const at = new Map(choices.map((text, place) => [text, place]));
    const axisLabel = { overflow: 'truncate', width: side === 'x' ? 120 : 90 };
    return {
      option: { ...name, type: 'category', data: choices, nameGap: side === 'x' ? 30 : 96, axisLabel },
      values: Float64Array.from(texts, (text) => (text === undefined ? Number.NaN : (at.get(text) ?? Number.NaN))),
    };
  }
  const isTime = field.name.endsWith('_time');
  const axisLabel = {
    formatter: (value: number) => (isTime ? formatTime(value).slice(0, 16) : formatNumber(value)),
    hideOverlap: true,
  };
  const numbers = field.numbers();
  return {
    option: {
      ...name,
      type: log ? 'log' : 'value',
      scale: true,
      axisLabel,
      nameGap: side === 'x' ? 30 : isTime ? 110 : 54,
    },
    values: numbers.map((each) => (Number.isFinite(each) && (!log || each > 0) ? each : Number.NaN)),
  };
}

/** Room around the plot for the labels of its axes. */
export const PLOT_GRID = {
  left: 24,
  right: 44,
  top: 28,
  bottom: 24,
  outerBoundsMode: 'same',
  outerBoundsContain: 'all',
} as const;
