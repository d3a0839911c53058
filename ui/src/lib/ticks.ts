/** Where an axis is marked, and with which words: numbers, powers of ten, durations and times. */

/** Values, ascending, and a label for each; an empty label marks a line without words. */
export interface Ticks {
  values: number[];
  labels: string[];
}

/** What x is: a plain number, a whole number, milliseconds since a start, or Unix milliseconds. */
export type AxisKind = 'number' | 'step' | 'duration' | 'time';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DURATIONS = [1, 2, 5, 10, 20, 50, 100, 200, 500]
  .concat([1, 2, 5, 10, 15, 30].map((s) => s * SECOND))
  .concat([1, 2, 5, 10, 15, 30].map((m) => m * MINUTE))
  .concat([1, 2, 3, 6, 12].map((h) => h * HOUR))
  .concat([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map((d) => d * DAY));
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The least 1, 2, 2.5 or 5 times a power of ten that is not below `least`. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 2.5, 5, 10].find((each) => each * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** Ticks for a range of x or y, at most about `most` of them. */
export function makeTicks(kind: AxisKind, log: boolean, min: number, max: number, most: number): Ticks {
  if (!Number.isFinite(min) || !Number.isFinite(max) || max <= min) return { values: [], labels: [] };
  if (log && min > 0) return logTicks(kind, min, max, most);
  if (kind === 'duration') return durationTicks(min, max, most);
  if (kind === 'time') return timeTicks(min, max, most);
  return linearTicks(min, max, most, kind === 'step' ? 1 : 0);
}

function linearTicks(min: number, max: number, most: number, least = 0): Ticks {
  const nice = niceStep((max - min) / Math.max(most, 1));
  const step = nice === 2.5 && least === 1 ? 5 : Math.max(nice, least);
  const values = multiples(step, min, max);
  const size = Math.max(Math.abs(min), Math.abs(max));
  return { values, labels: values.map((value) => labelNumber(value, step, size)) };
}

function multiples(step: number, min: number, max: number): number[] {
  const values: number[] = [];
  const first = Math.ceil(min / step - 1e-9);
  const whole = 10 ** decimalsOf(step);
  for (let k = first; k * step <= max + step * 1e-9 && values.length < 1000; k += 1) {
    // Dividing keeps 0.3 from becoming 0.30000000000000004.
    values.push(step < 1 ? (k * Math.round(step * whole)) / whole || 0 : k * step);
  }
  return step < 1e-9 ? values.map((_, i) => (first + i) * step) : values;
}

/** A number on an axis whose ticks are `step` apart and reach up to `size`. */
export function labelNumber(value: number, step: number, size: number): string {
  if (value === 0) return '0';
  if (size >= 1e15 || size < 1e-3) return shorten(value.toExponential(digitsBetween(step, value)));
  for (const [unit, letter] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (size >= unit * (letter === 'k' ? 100 : 1)) return `${withDecimals(value / unit, step / unit)}${letter}`;
  }
  const [whole = '', decimals] = withDecimals(value, step).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return decimals ? `${grouped}.${decimals}` : grouped;
}

const shorten = (text: string): string =>
  text
    .replace(/(\.\d*?)0+e/, '$1e')
    .replace('.e', 'e')
    .replace('e+', 'e');
const digitsBetween = (step: number, value: number): number =>
  Math.min(
    Math.max(
      Math.floor(Math.log10(Math.abs(value))) - Math.floor(Math.log10(step) + 1e-9) + (isQuarter(step) ? 1 : 0),
      0,
    ),
    15,
  );
const isQuarter = (step: number): boolean => Math.abs(step / 10 ** Math.floor(Math.log10(step) + 1e-9) - 2.5) < 1e-6;

/** So many decimals tell multiples of a step apart: 0.25 has two. */
function decimalsOf(step: number): number {
  return Math.min(Math.max((isQuarter(step) ? 1 : 0) - Math.floor(Math.log10(step) + 1e-9), 0), 12);
}

function withDecimals(value: number, step: number): string {
  return value.toFixed(decimalsOf(step));
}

function logTicks(kind: AxisKind, min: number, max: number, most: number): Ticks {
  const low = Math.ceil(Math.log10(min) - 1e-9);
  const high = Math.floor(Math.log10(max) + 1e-9);
  if (high - low < 1) {
    const linear = kind === 'duration' ? durationTicks(min, max, most) : linearTicks(min, max, most);
    if (linear.values.length > 1)
      return {
        values: linear.values.filter((v) => v > 0),
        labels: linear.labels.filter((_, i) => (linear.values[i] ?? 0) > 0),
      };
  }
  const every = Math.max(1, Math.ceil((high - low + 1) / Math.max(most, 1)));
  const between = every === 1 && (high - low + 1) * 3 <= most * 1.5 ? [1, 2, 5] : [1];
  const values: number[] = [];
  for (let power = low - 1; power <= high; power += 1) {
    if (((power % every) + every) % every !== 0) continue;
    for (const factor of between) {
      const value = Number(`${factor}e${power}`);
      if (value >= min * (1 - 1e-9) && value <= max * (1 + 1e-9)) values.push(value);
    }
  }
  const label = kind === 'duration' ? (v: number) => labelDuration(v, v) : labelPower;
  return { values, labels: values.map(label) };
}

/** A tick of a logarithmic axis: plain from 0.001 to 99,999, else short. */
function labelPower(value: number): string {
  if (value >= 1e-3 && value < 1e15) return labelNumber(value, 10 ** Math.floor(Math.log10(value) + 1e-9), value);
  return shorten(value.toExponential(0));
}

function durationTicks(min: number, max: number, most: number): Ticks {
  const least = (max - min) / Math.max(most, 1);
  if (least < 1) {
    const { values } = linearTicks(min, max, most);
    return { values, labels: values.map((value) => (value === 0 ? '0' : `${Number(value.toPrecision(6))}ms`)) };
  }
  const step = DURATIONS.find((each) => each >= least * (1 - 1e-9)) ?? niceStep(least / DAY) * DAY;
  const values = multiples(step, min, max);
  return { values, labels: values.map((value) => labelDuration(value, step)) };
}

/** A duration in at most two units, such as "1h 30m"; nothing smaller than `step` is named. */
export function labelDuration(ms: number, step: number): string {
  if (ms === 0) return '0';
  const sign = ms < 0 ? '-' : '';
  const size = Math.abs(ms);
  if (size < SECOND) return `${sign}${Number(size.toPrecision(4))}ms`;
  if (size < MINUTE) return `${sign}${Number((size / SECOND).toFixed(step < SECOND ? 3 : 0))}s`;
  const units = [
    [DAY, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'm'],
    [SECOND, 's'],
  ] as const;
  const first = units.findIndex(([unit]) => size >= unit);
  const [unit, letter] = units[first] ?? units[0];
  const whole = Math.floor(size / unit + 1e-9);
  const [nextUnit, nextLetter] = units[first + 1] ?? [1, 'ms'];
  const rest = Math.round((size - whole * unit) / nextUnit);
  return `${sign}${whole}${letter}${rest && step < unit ? ` ${rest}${nextLetter}` : ''}`;
}

function timeTicks(min: number, max: number, most: number): Ticks {
  const least = (max - min) / Math.max(most, 1);
  if (least <= 12 * HOUR) {
    const step = DURATIONS.find((each) => each >= least * (1 - 1e-9)) ?? 12 * HOUR;
    return clockTicks(min, max, Math.max(step, 1));
  }
  if (least <= 16 * DAY) return dayTicks(min, max, [1, 2, 4, 8, 16].find((each) => each * DAY >= least) ?? 16);
  const months = [1, 2, 3, 6, 12].find((each) => each * 30 * DAY >= least * 0.95);
  return monthTicks(min, max, months ?? 12 * niceStep(least / (365 * DAY)));
}

/** Ticks within days: at whole steps since the local midnight, so that a change of the clock shifts nothing. */
function clockTicks(min: number, max: number, step: number): Ticks {
  const values: number[] = [];
  const day = new Date(min);
  day.setHours(0, 0, 0, 0);
  while (day.getTime() <= max && values.length < 1000) {
    const start = day.getTime();
    const next = new Date(start);
    next.setDate(next.getDate() + 1);
    const from = Math.max(0, Math.ceil((min - start) / step));
    for (let k = from; start + k * step < next.getTime() && start + k * step <= max && values.length < 1000; k += 1) {
      values.push(start + k * step);
    }
    day.setTime(next.getTime());
  }
  const labels = values.map((value) => {
    const at = new Date(value);
    if (at.getHours() + at.getMinutes() + at.getSeconds() + at.getMilliseconds() === 0) return labelDay(at);
    const minutes = `${two(at.getHours())}:${two(at.getMinutes())}`;
    if (step >= MINUTE) return minutes;
    const seconds = `${minutes}:${two(at.getSeconds())}`;
    return step >= SECOND ? seconds : `${seconds}.${String(at.getMilliseconds()).padStart(3, '0')}`;
  });
  return { values, labels };
}

function dayTicks(min: number, max: number, days: number): Ticks {
  const at = new Date(min);
  at.setHours(0, 0, 0, 0);
  const values: number[] = [];
  while (at.getTime() <= max && values.length < 1000) {
    if ((at.getDate() - 1) % days === 0 && at.getTime() >= min && (days < 4 || at.getDate() < 30))
      values.push(at.getTime());
    at.setDate(at.getDate() + 1);
  }
  return { values, labels: values.map((value) => labelDay(new Date(value))) };
}

function monthTicks(min: number, max: number, months: number): Ticks {
  const at = new Date(new Date(min).getFullYear(), 0, 1);
  const values: number[] = [];
  for (let count = 0; at.getTime() <= max && count < 2000; count += 1) {
    if (at.getTime() >= min) values.push(at.getTime());
    at.setMonth(at.getMonth() + months);
  }
  return {
    values,
    labels: values.map((value) => {
      const month = new Date(value).getMonth();
      return month === 0 ? String(new Date(value).getFullYear()) : (MONTHS[month] ?? '');
    }),
  };
}

const labelDay = (at: Date): string => `${MONTHS[at.getMonth()]} ${at.getDate()}`;
const two = (value: number): string => String(value).padStart(2, '0');
