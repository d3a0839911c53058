/** What is known of the compared runs as fields: params, metrics, tags, attributes. Axes, colours and groups are chosen among them. */

import type { DifferenceRow, MetricDifference, RunDifference } from '@/api/calls';
import { float64, hasBit, MISSING, uint32 } from '@/api/columns';
import { rankMetrics as rankKeys } from '@/features/run/best';
import { extent, finiteOf, mean } from '@/lib/statistics';
import { makeBins } from './boxes';

/** Sections of a comparison, in the order they are shown. */
export const SECTIONS = ['attributes', 'params', 'metrics', 'tags', 'source', 'packages', 'datasets'] as const;
export type Section = (typeof SECTIONS)[number];

/** What a metric is looked at by. */
export type Stat = 'last' | 'min' | 'max';

/** A field of all compared runs, in their order. */
export interface Field {
  /** `params.lr`, `metrics.loss`, `min(metrics.loss)`: as it stands in the address. */
  name: string;
  /** As people read it. */
  label: string;
  section: Section;
  /** Whether all its values are numbers. */
  numeric: boolean;
  differs: boolean;
  /** NaN where a run has none. */
  numbers(): Float64Array;
  /** `undefined` where a run has none. */
  texts(): readonly (string | undefined)[];
}

const DECIMAL = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/** The number that a param's text spells by the server's rule; NaN if it spells none. */
export function readNumber(text: string): number {
  if (DECIMAL.test(text)) return Number(text);
  const sign = text.startsWith('-') ? -1 : 1;
  const word = text.replace(/^[+-]/, '').toLowerCase();
  return word === 'inf' || word === 'infinity' ? sign * Number.POSITIVE_INFINITY : Number.NaN;
}

/** Where each of `wanted` stands in an answer's runs; `undefined` if one is not there. */
export function placesOf(runIds: readonly string[], wanted: readonly string[]): number[] | undefined {
  const at = new Map(runIds.map((id, place) => [id, place]));
  const found = wanted.map((id) => at.get(id));
  return found.every((each) => each !== undefined) ? found : undefined;
}

/** All fields of an answer, for the runs at `places` of it. */
export function readFields({ rows, metrics }: RunDifference, places: readonly number[]): Field[] {
  const fields = rows.map((row) => readTextField(row, places));
  for (const metric of metrics) {
    for (const stat of ['last', 'min', 'max'] as const) fields.push(readMetricField(metric, stat, places));
  }
  return fields;
}

const LABELS: Readonly<Record<string, string>> = {
  run_name: 'Name',
  user_id: 'User',
  status: 'State',
  start_time: 'Started',
  end_time: 'Ended',
  duration: 'Duration',
  experiment_id: 'Experiment',
  lifecycle_stage: 'Stage of life',
  artifact_uri: 'Artifact address',
};
const NUMERIC_ATTRIBUTES = new Set(['start_time', 'end_time', 'duration']);

function readTextField(row: DifferenceRow, places: readonly number[]): Field {
  const texts = once(() => readTexts(row, places));
  const isAttribute = row.section === 'attributes';
  const canBeNumeric = row.section === 'params' || (isAttribute && NUMERIC_ATTRIBUTES.has(row.key));
  return {
    name: `${row.section}.${row.key}`,
    label: (isAttribute ? LABELS[row.key] : undefined) ?? row.key,
    section: SECTIONS.find((each) => each === row.section) ?? 'tags',
    numeric: canBeNumeric && row.texts.length > 0 && row.texts.every((text) => !Number.isNaN(readNumber(text))),
    differs: row.differs,
    texts,
    numbers: once(() => Float64Array.from(texts(), (text) => (text === undefined ? Number.NaN : readNumber(text)))),
  };
}

/** The texts of a row, of the runs at `places`. */
export function readTexts(row: DifferenceRow, places: readonly number[]): (string | undefined)[] {
  const codes = uint32(row.codes);
  return places.map((place) => row.texts[codes[place] ?? MISSING]);
}

function readMetricField(metric: MetricDifference, stat: Stat, places: readonly number[]): Field {
  const numbers = once(() => readMetric(metric, stat, places));
  return {
    name: stat === 'last' ? `metrics.${metric.key}` : `${stat}(metrics.${metric.key})`,
    label: stat === 'last' ? metric.key : `${metric.key} (${stat})`,
    section: 'metrics',
    numeric: true,
    differs: metric.differs,
    numbers,
    texts: once(() => Array.from(numbers(), (each) => (Number.isNaN(each) ? undefined : String(each)))),
  };
}

/** A metric's values, of the runs at `places`; NaN where a run has none, too. */
export function readMetric(metric: MetricDifference, stat: Stat, places: readonly number[]): Float64Array {
  const values = float64(stat === 'last' ? metric.latest : metric[stat]);
  return Float64Array.from(places, (place) =>
    hasBit(metric.present, place) ? (values[place] ?? Number.NaN) : Number.NaN,
  );
}

/** What is made when it is first asked for. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

const MOST_CHOICES = 30;

/** Whether a field can be an axis that tells runs apart. */
export function isAxis(field: Field): boolean {
  if (!field.differs || field.section === 'source' || field.section === 'packages') return false;
  if (field.numeric) return true;
  const distinct = new Set(field.texts());
  distinct.delete(undefined);
  return distinct.size > 1 && distinct.size <= MOST_CHOICES;
}

/** From this ratio of greatest to least on, values are shown on a logarithmic scale unless somebody says otherwise. */
const LOG_RATIO = 200;

/** Whether a field is logarithmic: by itself if its values span powers of ten, the other way if it is among `turned`. */
export function isLog(field: Field, turned: readonly string[] | undefined): boolean {
  if (!field.numeric) return false;
  const range = extent(field.numbers());
  const suits =
    range !== undefined && range[0] > 0 && range[1] / range[0] >= LOG_RATIO && !field.name.startsWith('attributes.');
  return suits !== (turned?.includes(field.name) ?? false);
}

/** Metrics (last values) that vary, most telling first: had by most runs, not of a single class, and by what their names say. */
export function rankMetrics(fields: readonly Field[]): Field[] {
  const found = fields.filter(
    ({ section, name, differs }) => section === 'metrics' && differs && name.startsWith('metrics.'),
  );
  const telling = new Map(rankKeys(found.map(({ label }) => label)).map((key, place) => [key, place]));
  const scored = found
    .filter(({ label }) => telling.has(label))
    .map((field) => {
      const numbers = field.numbers().filter(Number.isFinite);
      const range = extent(numbers);
      const depth = Math.max(2, field.label.split('/').length);
      return {
        field,
        count: numbers.length,
        depth,
        rank: telling.get(field.label) ?? 0,
        varies: range && range[0] < range[1],
      };
    })
    .filter(({ varies }) => varies);
  scored.sort((a, b) => b.count - a.count || a.depth - b.depth || a.rank - b.rank);
  return scored.map(({ field }) => field);
}

/** Params that differ and can be axes: those that a metric goes with most first, then those with the most different values. */
export function rankParams(fields: readonly Field[], metric: Field | undefined): Field[] {
  return fields
    .filter((field) => field.section === 'params' && isAxis(field))
    .map((field) => ({ field, tie: metric ? association(field, metric) : 0, distinct: new Set(field.texts()).size }))
    .sort((a, b) => b.tie - a.tie || b.distinct - a.distinct)
    .map(({ field }) => field);
}

/** How much of a metric's variance lies between groups of a param's values (epsilon squared: groups by chance count for nothing), of the runs that have both; 0 to 1. */
function association(field: Field, metric: Field): number {
  const values = metric.numbers();
  const bins = makeBins({ numeric: field.numeric, texts: field.texts(), numbers: field.numbers() })
    .map(({ places }) => finiteOf(places.map((place) => values[place] ?? Number.NaN)))
    .filter(({ length }) => length > 0);
  const all = bins.flat();
  const middle = mean(all);
  const spread = (numbers: readonly number[], around: number) =>
    numbers.reduce((sum, each) => sum + (each - around) ** 2, 0);
  const total = spread(all, middle);
  const free = all.length - bins.length;
  if (!(total > 0) || free <= 0) return 0;
  const left = bins.reduce((sum, bin) => sum + spread(bin, mean(bin)), 0);
  const share = Math.max(0, 1 - left / free / (total / (all.length - 1)));
  return (share * all.length) / values.length;
}
