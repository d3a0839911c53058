/** Axes of parallel coordinates: where a run's value lies between foot and head, and what a place there means. */

import { formatTime } from '@/lib/format';
import { extent } from '@/lib/statistics';
import { makeTicks } from '@/lib/ticks';
import { compareNames } from './boxes';
import type { Brush } from './brush';
import { roundFor } from './brush';
import type { Field } from './fields';

/** How an axis is drawn. */
export interface AxisView {
  log: boolean;
  inverted: boolean;
}

export interface AxisTick {
  share: number;
  label: string;
}

/** One axis. Shares go from 0 at its foot to 1 at its head. */
export interface Axis {
  field: Field;
  log: boolean;
  inverted: boolean;
  ticks: readonly AxisTick[];
  /** Texts from foot to head; empty on an axis of numbers. */
  choices: readonly string[];
  /** Of each run; NaN where it has no place: no value, or none above 0 on a logarithmic axis. */
  shares: Float64Array;
  /** What lies between two shares. */
  brushBetween(from: number, to: number): Brush | undefined;
  /** The parts of the axis that a brush covers. */
  partsOf(brush: Brush): readonly (readonly [number, number])[];
}

/** Build the axis of a field. Numbers are on a scale; texts stand evenly, sorted. */
export function makeAxis(field: Field, view: AxisView): Axis {
  return field.numeric ? numberAxis(field, view) : choiceAxis(field, view);
}

/** Whether values can stand on a logarithmic axis. */
export const canBeLog = (field: Field): boolean => field.numeric && field.numbers().some((each) => each > 0);

function numberAxis(field: Field, { log, inverted }: AxisView): Axis {
  const numbers = field.numbers();
  const isLog = log && canBeLog(field);
  const forward = (value: number) => (isLog ? Math.log10(value) : value);
  const scaled = numbers.map((each) => (isLog && each <= 0 ? Number.NaN : forward(each)));
  const [low, high] = widen(extent(scaled) ?? [0, 1]);
  const turn = (share: number) => (inverted ? 1 - share : share);
  const shareOf = (value: number) => turn((forward(value) - low) / (high - low));
  const valueAt = (share: number) => {
    const at = low + turn(Math.min(1, Math.max(0, share))) * (high - low);
    return isLog ? 10 ** at : at;
  };
  const isTime = field.name.endsWith('_time');
  const [from, to] = [isLog ? 10 ** low : low, isLog ? 10 ** high : high];
  const ticks = makeTicks(
    isTime ? 'time' : field.name.endsWith('.duration') ? 'duration' : 'number',
    isLog,
    from,
    to,
    6,
  );
  return {
    field,
    log: isLog,
    inverted,
    choices: [],
    shares: scaled.map((each) => (Number.isFinite(each) ? turn((each - low) / (high - low)) : Number.NaN)),
    ticks: ticks.values.map((value, place) => ({ share: shareOf(value), label: ticks.labels[place] ?? '' })),
    brushBetween(one, other) {
      const [a, b] = [valueAt(one), valueAt(other)].sort((x, y) => x - y);
      if (a === undefined || b === undefined) return undefined;
      // A number near 0 on a wide axis needs no more digits than its neighbours.
      const length = isLog ? b : to - from;
      return { kind: 'range', from: roundFor(a, length), to: roundFor(b, length) };
    },
    partsOf(brush) {
      if (brush.kind !== 'range') return [];
      const ends = [brush.from, brush.to].map((each) => (isLog && each <= 0 ? turn(0) : shareOf(each)));
      const [a = 0, b = 0] = ends.map((each) => Math.min(1.02, Math.max(-0.02, each))).sort((x, y) => x - y);
      return [[a, b]];
    },
  };
}

function widen([low, high]: readonly [number, number]): [number, number] {
  return low === high ? [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2] : [low, high];
}

function choiceAxis(field: Field, { inverted }: AxisView): Axis {
  const texts = field.texts();
  const found = [...new Set(texts.filter((each) => each !== undefined))].sort(compareNames);
  const choices = inverted ? found.toReversed() : found;
  const at = new Map(choices.map((text, place) => [text, (place + 0.5) / choices.length]));
  const half = 0.5 / Math.max(1, choices.length);
  return {
    field,
    log: false,
    inverted,
    choices,
    shares: Float64Array.from(texts, (text) => (text === undefined ? Number.NaN : (at.get(text) ?? Number.NaN))),
    ticks: choices.map((label) => ({ share: at.get(label) ?? 0, label })),
    brushBetween(one, other) {
      const [a, b] = one < other ? [one, other] : [other, one];
      const within = choices.filter((text) => {
        const share = at.get(text) ?? 0;
        return share >= a && share <= b;
      });
      return within.length > 0 ? { kind: 'choice', texts: within } : undefined;
    },
    partsOf(brush) {
      if (brush.kind !== 'choice') return [];
      const parts: [number, number][] = [];
      for (const text of choices) {
        if (!brush.texts.includes(text)) continue;
        const share = at.get(text) ?? 0;
        const last = parts.at(-1);
        if (last && Math.abs(last[1] - (share - half)) < 1e-9) last[1] = share + half;
        else parts.push([share - half, share + half]);
      }
      return parts;
    },
  };
}

/** A value as an axis or a table says it. */
export function showValue(field: Field, place: number, formatNumber: (value: number) => string): string {
  const text = field.texts()[place];
  if (text === undefined) return '';
  if (!field.numeric) return text;
  const value = field.numbers()[place] ?? Number.NaN;
  return field.name.endsWith('_time') ? formatTime(value) : formatNumber(value);
}
