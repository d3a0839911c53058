/** Groups A and B of the compared runs: how they are written in the address, and how their metrics differ. */

import type { RunDifference } from '@/api/calls';
import { rankMetrics } from '@/features/run/best';
import { quoteText, writeField } from '@/features/runs/fields';
import type { Better } from '@/lib/better';
import { finiteOf } from '@/lib/statistics';
import { compareMeans, LEAST_RUNS, type MeanDifference } from './bootstrap';
import { compareNames } from './boxes';
import { betterOf } from './diff';
import { type Field, readMetric, type Stat } from './fields';

/** A group as it was chosen: runs by hand, or a clause of the search language. */
export type GroupChoice = { kind: 'runs'; runIds: readonly string[] } | { kind: 'clause'; clause: string };

/** Read a group of the address: ids of compared runs with commas between them, or else a clause. */
export function readGroup(text: string | undefined, runIds: readonly string[]): GroupChoice | undefined {
  if (!text?.trim()) return undefined;
  const parts = text.split(',').map((part) => part.trim());
  const known = new Set(runIds);
  const isId = (part: string) => known.has(part) || /^[0-9a-f]{32}$/.test(part);
  if (parts.every(isId)) return { kind: 'runs', runIds: parts.filter((part) => known.has(part)) };
  return { kind: 'clause', clause: text };
}

/** The clause that a field has a value. */
export function clauseOf(field: Field, value: string): string | undefined {
  const key = field.name.slice(field.name.indexOf('.') + 1);
  if (field.section === 'params') return `${writeField('param', key)} = ${quoteText(value)}`;
  if (field.section === 'tags') return `${writeField('tag', key)} = ${quoteText(value)}`;
  if (field.name === 'attributes.status' || field.name === 'attributes.user_id') return `${key} = ${quoteText(value)}`;
  return undefined;
}

const MOST_VALUES = 50;

/** The values of a field with how many runs have each, most first. */
export function countValues(field: Field): { value: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const text of field.texts()) if (text !== undefined) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || compareNames(a.value, b.value));
}

/** Fields that runs can be split by: few values, each a clause of the search language. */
export function splitters(fields: readonly Field[]): Field[] {
  return fields.filter((field) => {
    if (!field.differs || clauseOf(field, '') === undefined || field.name.startsWith('tags.mlflow.')) return false;
    const values = countValues(field);
    return values.length >= 2 && values.length <= MOST_VALUES;
  });
}

/**
 * The split that is shown if nobody has chosen one: by the first field of which two values have enough runs for an interval, or else by that with the most.
 * Of its values the two most common ones.
 */
export function defaultSplit(fields: readonly Field[]): { field: Field; a: string; b: string } | undefined {
  let most = 0;
  let found: { field: Field; a: string; b: string } | undefined;
  for (const field of fields) {
    const [first, second] = countValues(field);
    if (!first || !second || most >= LEAST_RUNS || second.count <= most) continue;
    most = second.count;
    const [a = '', b = ''] = [first.value, second.value].sort(compareNames);
    found = { field, a, b };
  }
  return found;
}

/** One metric of both groups. */
export interface GroupRow extends MeanDifference {
  key: string;
  better: Better;
}

/** What the difference of groups is asked of. */
export interface GroupQuestion {
  difference: RunDifference;
  places: readonly number[];
  /** Places of the groups' runs among the compared ones. */
  a: readonly number[];
  b: readonly number[];
  stat: Stat | 'best';
  flipped: ReadonlySet<string>;
}

/** Compare all metrics, one at a time, the most telling first; yields the rows that are there. Metrics that neither group has are left out. */
export function* compareGroups({
  difference,
  places,
  a,
  b,
  stat,
  flipped,
}: GroupQuestion): Generator<readonly GroupRow[], readonly GroupRow[]> {
  const rows: GroupRow[] = [];
  const order = new Map(rankMetrics(difference.metrics.map(({ key }) => key)).map((key, place) => [key, place]));
  // Metrics of single classes (`test/class_7/f1`) come after those of the whole.
  const rank = ({ key }: { key: string }) =>
    (order.get(key) ?? order.size) + (key.split('/').length > 2 ? order.size : 0);
  for (const metric of difference.metrics.toSorted((a, b) => rank(a) - rank(b))) {
    const better = betterOf(metric.key, flipped);
    const shown: Stat = stat !== 'best' ? stat : better === 'lower' ? 'min' : better === 'higher' ? 'max' : 'last';
    const values = readMetric(metric, shown, places);
    const pick = (group: readonly number[]) => finiteOf(group.map((place) => values[place] ?? Number.NaN));
    const [left, right] = [pick(a), pick(b)];
    if (left.length + right.length > 0)
      rows.push({ key: metric.key, better, ...compareMeans(left, right, metric.key) });
    yield rows;
  }
  return rows;
}
