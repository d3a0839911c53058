/** Which colour each compared run has: its own, or by the value of a field. */

import { markColor, noColor } from '@/charts/palettes';
import type { Legend } from '@/components/ColorLegend';
import { runStyle } from '@/lib/runColor';
import { extent } from '@/lib/statistics';
import { makeBins } from './boxes';
import type { Field } from './fields';
import type { ComparedRun } from './useComparison';

/** More runs than these cannot be told apart by their own colours: the value of a field is shown instead. */
export const MOST_OWN_COLORS = 24;
const MOST_CHOICES = 8;
const SYMBOLS = ['circle', 'triangle', 'rect', 'diamond', 'pin', 'arrow', 'roundRect', 'emptyCircle'] as const;

/** The colours of all runs, and what explains them. */
export interface Coloring {
  color(place: number): string;
  /** ECharts' name of a shape, so that colour is not alone. */
  symbol(place: number): string;
  legend: Legend;
}

/** Colour runs by a field, or by themselves without one. */
export function colorRuns(runs: readonly ComparedRun[], field: Field | undefined, dark: boolean): Coloring {
  if (!field) {
    return {
      color: (place) => runStyle(runs[place]?.number ?? 0, dark).color,
      // The same as the dash of the run's line.
      symbol: (place) => SYMBOLS[Math.floor((runs[place]?.number ?? 0) / 8) % 3] ?? 'circle',
      legend: { kind: 'own' },
    };
  }
  return field.numeric ? byNumber(field, dark) : byChoice(field, dark);
}

function byNumber(field: Field, dark: boolean): Coloring {
  const numbers = field.numbers();
  const range = extent(numbers);
  const [low, high] = range ?? [0, 0];
  return {
    color(place) {
      const value = numbers[place] ?? Number.NaN;
      if (!Number.isFinite(value)) return noColor(dark);
      return markColor(high > low ? (value - low) / (high - low) : 0.5, dark);
    },
    symbol: () => 'circle',
    legend: range ? { kind: 'scale', label: field.label, low, high } : makeEmpty(field),
  };
}

function byChoice(field: Field, dark: boolean): Coloring {
  const bins = makeBins({ numeric: false, texts: field.texts(), numbers: [] });
  const kept = bins.toSorted((a, b) => b.places.length - a.places.length).slice(0, MOST_CHOICES);
  const order = bins.filter((bin) => kept.includes(bin));
  const at = new Map<number, number>();
  order.forEach(({ places }, choice) => {
    for (const place of places) at.set(place, choice);
  });
  const colorOf = (choice: number | undefined) => (choice === undefined ? noColor(dark) : runStyle(choice, dark).color);
  return {
    color: (place) => colorOf(at.get(place)),
    symbol: (place) => SYMBOLS[at.get(place) ?? 0] ?? 'circle',
    legend: order.length
      ? {
          kind: 'choices',
          label: field.label,
          items: order.map(({ name, places }, choice) => ({ name, color: colorOf(choice), count: places.length })),
        }
      : makeEmpty(field),
  };
}

const makeEmpty = (field: Field): Legend => ({
  kind: 'none',
  label: field.label,
  lacks: field.texts().some((text) => text !== undefined) ? 'number' : 'value',
});
