/** The difference of runs as rows of cells: what each shows, what it differs from, which is best. */

import type { DifferenceRow, MetricDifference, RunDifference } from '@/api/calls';
import { hasBit } from '@/api/columns';
import { type Better, guessBetter } from '@/lib/better';
import { formatDuration, formatNumber, formatTime } from '@/lib/format';
import { once, readMetric, readNumber, readTexts, SECTIONS, type Section, type Stat } from './fields';

/** How a difference is looked at. */
export interface DiffView {
  /** The place of the run that the others are compared with. */
  base: number;
  /** Rows that are the same in all runs as well. */
  all: boolean;
  /** Only rows whose key or texts hold this. */
  find: string;
  /** `best` is least or greatest, whichever is better. */
  stat: Stat | 'best';
  /** Metrics whose better side is the other than the one guessed. */
  flipped: ReadonlySet<string>;
}

/** One run's value of one thing. */
export interface Cell {
  text: string;
  /** The full value. */
  title: string;
  /** How far from the base line: `+0.012 (+1.3 %)`. */
  delta?: string;
  /** Whether that is for the better. */
  trend?: 'better' | 'worse';
  best: boolean;
  /** Differs from the base line. */
  changed: boolean;
  missing: boolean;
}

export interface SectionLine {
  kind: 'section';
  section: Section;
  title: string;
  shown: number;
  all: number;
}

export interface RowLine {
  kind: 'row';
  section: Section;
  key: string;
  label: string;
  differs: boolean;
  /** Written differently, and yet the same number. */
  respelled: boolean;
  /** Of metrics: which is better. */
  better: Better;
  cell(place: number): Cell;
}

export type Line = SectionLine | RowLine;

const TITLES: Readonly<Record<Section, string>> = {
  attributes: 'Run',
  params: 'Params',
  metrics: 'Metrics',
  tags: 'Tags',
  source: 'Code',
  packages: 'Environment',
  datasets: 'Datasets',
};
const LABELS: Readonly<Record<string, string>> = {
  'attributes.user_id': 'User',
  'attributes.status': 'State',
  'attributes.start_time': 'Started',
  'attributes.end_time': 'Ended',
  'attributes.duration': 'Duration',
  'attributes.experiment_id': 'Experiment',
  'attributes.lifecycle_stage': 'Stage of life',
  'tags.mlflow.parentRunId': 'Parent run',
  'tags.mlflow.note.content': 'Notes',
  'source.mlflow.source.git.commit': 'Commit',
  'source.mlflow.source.git.branch': 'Branch',
  'source.mlflow.source.git.repoURL': 'Repository',
  'source.mlflow.source.name': 'Program',
  'source.mlflow.source.type': 'Kind of program',
  'source.headrace.git.dirty': 'Uncommitted changes',
};
/** Attributes in the order that people look for them. */
const ATTRIBUTES = ['status', 'start_time', 'end_time', 'duration', 'user_id', 'experiment_id', 'lifecycle_stage'];
/** What stands in the head of the column already, or is of no use to people. */
const HIDDEN = new Set([
  'attributes.run_name',
  'attributes.artifact_uri',
  'tags.mlflow.runName',
  'tags.mlflow.user',
  'tags.mlflow.log-model.history',
  'tags.mlflow.loggedArtifacts',
  'tags.mlflow.loggedImages',
]);
const NOTHING: Cell = { text: '', title: 'Not there', best: false, changed: false, missing: true };

/** The lines of a difference, for the runs at `places` of the answer. Sections without rows are left out; those with hidden rows only are not. */
export function buildDiff({ rows, metrics }: RunDifference, places: readonly number[], view: DiffView): Line[] {
  const bySection = new Map<Section, RowLine[]>(SECTIONS.map((section) => [section, []]));
  for (const row of rows) {
    const line = textLine(row, places, view);
    if (!HIDDEN.has(`${line.section}.${line.key}`)) bySection.get(line.section)?.push(line);
  }
  bySection.get('attributes')?.sort((a, b) => ATTRIBUTES.indexOf(a.key) - ATTRIBUTES.indexOf(b.key));
  bySection.set(
    'metrics',
    metrics.map((metric) => metricLine(metric, places, view)),
  );
  const find = view.find.trim().toLowerCase();
  const lines: Line[] = [];
  for (const [section, found] of bySection) {
    const matching = find ? found.filter((line) => holds(line, find, places.length)) : found;
    const shown = view.all ? matching : matching.filter(({ differs }) => differs);
    if (matching.length === 0) continue;
    lines.push(
      { kind: 'section', section, title: TITLES[section], shown: shown.length, all: matching.length },
      ...shown,
    );
  }
  return lines;
}

function holds(line: RowLine, find: string, runs: number): boolean {
  if (line.key.toLowerCase().includes(find) || line.label.toLowerCase().includes(find)) return true;
  if (line.section === 'metrics') return false;
  return Array.from({ length: runs }, (_, place) => line.cell(place).title).some((text) =>
    text.toLowerCase().includes(find),
  );
}

function textLine(row: DifferenceRow, places: readonly number[], { base }: DiffView): RowLine {
  const isGit = row.section === 'tags' && row.key.startsWith('headrace.git.');
  const section: Section = isGit ? 'source' : (SECTIONS.find((each) => each === row.section) ?? 'tags');
  const read = once(() => readTexts(row, places));
  return {
    kind: 'row',
    section,
    key: row.key,
    label: LABELS[`${section}.${row.key}`] ?? row.key,
    differs: row.differs,
    respelled: row.respelled ?? false,
    better: undefined,
    cell(place) {
      const texts = read();
      const text = texts[place];
      if (text === undefined) return { ...NOTHING, changed: texts[base] !== undefined };
      const shown = showText(section, row.key, text);
      // Two runs never start at the same moment: that they do not says nothing.
      const isTime = section === 'attributes' && row.key.endsWith('_time');
      const changed = place !== base && text !== texts[base] && !row.respelled && !isTime;
      const delta =
        row.key === 'duration' && section === 'attributes' && changed ? durationDelta(text, texts[base]) : {};
      return {
        text: shown,
        title: shown === text ? text : `${shown} (${text})`,
        best: false,
        changed,
        missing: false,
        ...delta,
      };
    },
  };
}

function showText(section: Section, key: string, text: string): string {
  if (section === 'attributes') {
    if (key === 'start_time' || key === 'end_time') return formatTime(Number(text));
    if (key === 'duration') return formatDuration(Number(text));
    if (key === 'status' || key === 'lifecycle_stage') return text.toLowerCase();
  }
  if (key === 'mlflow.source.git.commit') return text.slice(0, 10);
  // Seventeen digits of a learning rate are of no use to the eye; whole numbers may be names.
  if (section === 'params' && text.length > 12 && /[.e]/i.test(text) && Number.isFinite(readNumber(text)))
    return formatNumber(readNumber(text));
  return text;
}

function durationDelta(text: string, base: string | undefined): Pick<Cell, 'delta'> {
  const difference = Number(text) - Number(base ?? Number.NaN);
  if (!Number.isFinite(difference)) return {};
  return { delta: `${difference < 0 ? '−' : '+'}${formatDuration(Math.abs(difference))}` };
}

function metricLine(metric: MetricDifference, places: readonly number[], { base, stat, flipped }: DiffView): RowLine {
  const better = betterOf(metric.key, flipped);
  const shown: Stat = stat !== 'best' ? stat : better === 'lower' ? 'min' : better === 'higher' ? 'max' : 'last';
  // Of 1,500 metrics of 500 runs twenty are in sight.
  const read = once(() => {
    const values = readMetric(metric, shown, places);
    const has = places.map((each) => hasBit(metric.present, each)); // apart from values, for NaN is one
    return { values, has, best: findBest(values, better) };
  });
  return {
    kind: 'row',
    section: 'metrics',
    key: metric.key,
    label: metric.key,
    differs: metric.differs,
    respelled: false,
    better,
    cell(place) {
      const { values, has, best } = read();
      const value = values[place] ?? Number.NaN;
      if (!has[place]) return { ...NOTHING, changed: has[base] === true };
      const from = values[base] ?? Number.NaN;
      const changed = place !== base && !Object.is(value, from);
      const cell = { text: formatNumber(value), title: String(value), best: value === best, changed, missing: false };
      const comparable = changed && has[base] === true && Number.isFinite(value - from);
      return comparable ? { ...cell, ...metricDelta(value, from, better) } : cell;
    },
  };
}

/** Which side of a metric is better, where people may have said the opposite of the guess. */
export function betterOf(key: string, flipped: ReadonlySet<string>): Better {
  const guessed = guessBetter(key);
  if (!flipped.has(key)) return guessed;
  return guessed === 'lower' ? 'higher' : 'lower';
}

/** How far a value is from another one. Below a thousandth of a percent, and from 0, there is no percentage. */
export function metricDelta(value: number, from: number, better: Better): Pick<Cell, 'delta' | 'trend'> {
  const difference = value - from;
  if (difference === 0) return {};
  const sign = difference < 0 ? '−' : '+';
  const percent = from === 0 ? Number.NaN : Math.abs((100 * difference) / from);
  const share = percent >= 0.001 && percent < 10_000 ? ` (${sign}${Number(percent.toPrecision(2))} %)` : '';
  const delta = `${sign}${formatNumber(Number(Math.abs(difference).toPrecision(3)))}${share}`;
  if (!better) return { delta };
  return { delta, trend: difference < 0 === (better === 'lower') ? 'better' : 'worse' };
}

/** The best of finite values, if they are not all the same. */
export function findBest(values: ArrayLike<number>, better: Better): number | undefined {
  if (!better) return undefined;
  const finite = Array.from(values).filter(Number.isFinite);
  if (finite.every((each) => each === finite[0])) return undefined;
  return finite.reduce((a, b) => ((better === 'lower' ? b < a : b > a) ? b : a));
}
