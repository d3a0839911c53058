/** All charts of some runs: found, in sections, with one axis, one cursor and one zoom. Fills the height that it is given, and scrolls in itself. */

import { Text } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { type News, useNews } from '@/api/live';
import type { Range } from '@/charts/line';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import type { ChartState } from '@/lib/chartState';
import { useDark } from '@/lib/dark';
import { formatCount } from '@/lib/format';
import { ChartCard } from './ChartCard';
import { ChartToolbar } from './ChartToolbar';
import classes from './charts.module.css';
import type { ChartFeed, View } from './feed';
import { type ChangeState, nameLines, type Panel, padRange, readAxis, readSmoothing } from './panel';
import { type Layout, layOut, listCharts, PINNED, type Row } from './rows';
import { byName, findKeys, groupKeys } from './sections';
import { chooseLines, type LineId, MOST_RUNS, type RunGroup, type ShownRun } from './shown';
import type { Survey } from './survey';
import { useChartFeed } from './useChartFeed';
import { useMetricKeys } from './useMetricKeys';
import { useSurvey } from './useSurvey';
import { ValuesCard, valuesHeight } from './ValuesCard';

interface Props {
  /** Runs that have lines of their own; of more than 500 the first are drawn. */
  runs: readonly ShownRun[];
  /** Runs that are drawn as one line with a band. */
  groups: readonly RunGroup[];
  experimentIds: readonly string[];
  state: ChartState;
  change: ChangeState;
  /** The metrics that may be shown; read from the experiments if left out. */
  keys?: readonly string[];
  /** What of x is shown in each chart that is not zoomed; each shows its own lines if left out. The same object as long as it is the same. */
  whole?: Range | undefined;
  onOpenRun?: (runId: string) => void;
}

const FullChart = lazy(async () => ({ default: (await import('./later/FullChart')).FullChart }));
const CARD_WIDTH = 290;
const CARD_HEIGHT = 226;
const MOST_COLUMNS = 5;
/** With more lines nothing is drawn ahead. */
const MANY = 24;
/** So many lines, and so many buckets for each in a card. With many lines detail could not be seen, and each bucket is paid for many times. */
const BUCKETS = [
  [2, 400],
  [24, 250],
  [Number.POSITIVE_INFINITY, 160],
] as const;
const NO_CLIPS: ReadonlySet<string> = new Set();
const NO_KEYS: readonly string[] = [];

export function ChartsPanel({ runs, groups, experimentIds, state, change, keys, whole, onOpenRun }: Props) {
  const names = useNames(runs, groups);
  const lines = useLines(runs, groups);
  const known = useMetricKeys(experimentIds, keys === undefined);
  const all = keys ?? known.data ?? NO_KEYS;
  const { survey, version } = useSurvey(experimentIds, lines);
  const [draft, setDraft] = useState<number | null>(null);
  const [clipped, setClipped] = useState<ReadonlySet<string>>(NO_CLIPS);
  const clip = useCallback((metric: string) => {
    setClipped(
      (before) => new Set(before.has(metric) ? [...before].filter((each) => each !== metric) : [...before, metric]),
    );
  }, []);
  const view = useView(state, lines.length);
  const feed = useChartFeed(view, lines);
  const extra = useRef<ChartFeed | undefined>(undefined);
  const attach = useCallback((more: ChartFeed | undefined) => {
    extra.current = more;
  }, []);
  const hear = useCallback(
    ({ changes, reset }: News) => {
      feed?.hear(changes, reset);
      extra.current?.hear(changes, reset);
      survey.hear(changes, reset);
    },
    [feed, survey],
  );
  useNews(hear);
  const spans = useRef(new Map<string, number>());
  const latest = useRef(change);
  latest.current = change;
  const changeState = useCallback<ChangeState>((patch, how) => latest.current(patch, how), []);
  const openRun = useRef(onOpenRun);
  openRun.current = onOpenRun;
  const shape = JSON.stringify([
    state.x,
    state.smooth,
    state.smoother,
    state.logx,
    state.logy,
    state.ylog,
    state.zoom,
    state.band,
    state.pinned,
  ]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape stands for what cards need of the state
  const panel = useMemo((): Panel => {
    const smoothing = readSmoothing(draft === null ? state : { ...state, smooth: draft });
    const open = openRun.current ? (runId: string) => openRun.current?.(runId) : undefined;
    return {
      feed,
      lines,
      names,
      state,
      axis: readAxis(state.x),
      smoothing,
      change: changeState,
      onOpenRun: open,
      clipped,
      clip,
      whole,
      spans: spans.current,
    };
  }, [feed, lines, names, shape, draft, changeState, clipped, clip, whole]);
  const sections = useSections(all, state);
  const titles = sections.map(({ prefix }) => prefix);
  if (keys === undefined && known.error)
    return (
      <Failure error={known.error} title="The names of metrics could not be read" retry={() => void known.refetch()} />
    );
  if (lines.length === 0)
    return <Empty title="No run is shown">{'Choose runs in the table, and their metrics are drawn here.'}</Empty>;
  if (all.length === 0 && (keys !== undefined || known.isSuccess))
    return <Empty title="No metrics yet">{'What runs log with log_metric is drawn here, as it comes.'}</Empty>;
  return (
    <div className={classes.panel}>
      <ChartToolbar state={state} change={changeState} keys={all} draft={draft} setDraft={setDraft} sections={titles} />
      <Rows
        sections={sections}
        panel={panel}
        survey={survey}
        version={version}
        view={view}
        attach={attach}
        full={state.full}
        folded={state.folded}
      />
      {runs.length > MOST_RUNS && (
        <Text className={classes.footer}>
          The first {formatCount(MOST_RUNS)} of {formatCount(runs.length)} runs are drawn. Group runs to see all of
          them.
        </Text>
      )}
    </div>
  );
}

function useNames(runs: readonly ShownRun[], groups: readonly RunGroup[]): Panel['names'] {
  const dark = useDark();
  const shape = JSON.stringify([
    runs.map(({ runId, name, number, color }) => [runId, name, number, color]),
    groups.map(({ name, number, color, runIds }) => [name, number, color, runIds.length]),
  ]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape stands for runs and groups, which may be new objects at each news
  return useMemo(() => nameLines(runs, groups, dark), [shape, dark]);
}

function useLines(runs: readonly ShownRun[], groups: readonly RunGroup[]): readonly LineId[] {
  const chosen = chooseLines(runs, groups);
  const shape = chosen.map(({ id }) => id).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape stands for the lines
  return useMemo(() => chosen, [shape]);
}

function useView(state: ChartState, lines: number): View {
  const { x, xKey } = readAxis(state.x);
  const [from, to] = state.zoom ? padRange(state.zoom, readSmoothing(state)) : [];
  const buckets = BUCKETS.find(([most]) => lines <= most)?.[1] ?? 160;
  return useMemo((): View => {
    const common = { x, xKey, buckets };
    return from === undefined || to === undefined
      ? { ...common, precision: 'single' }
      : { ...common, precision: 'double', range: [from, to] };
  }, [x, xKey, from, to, buckets]);
}

function useSections(all: readonly string[], state: ChartState) {
  const pins = (state.pinned ?? []).join('\n');
  const ordered = useMemo(() => [...all].sort(byName), [all]);
  return useMemo(() => {
    const found = findKeys(ordered, state.find);
    const pinned = pins ? pins.split('\n').filter((key) => found.includes(key)) : [];
    const rest = groupKeys(pinned.length ? found.filter((key) => !pinned.includes(key)) : found);
    return pinned.length ? [{ prefix: PINNED, keys: pinned }, ...rest] : rest;
  }, [ordered, state.find, pins]);
}

interface RowsProps {
  sections: ReturnType<typeof useSections>;
  panel: Panel;
  survey: Survey;
  version: number;
  view: View;
  attach: (feed: ChartFeed | undefined) => void;
  full: string | undefined;
  folded: readonly string[] | undefined;
}

function Rows({ sections, panel, survey, version, view, attach, full, folded }: RowsProps) {
  const { ref: sizeRef, width } = useElementSize();
  const scroller = useRef<HTMLDivElement>(null);
  const columns = Math.min(Math.max(Math.floor((width + 8) / (CARD_WIDTH + 8)), 1), MOST_COLUMNS);
  const count = panel.lines.length;
  const foldedShape = (folded ?? []).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version counts what the survey has learnt
  const { rows, absent } = useMemo(() => {
    const layout: Layout = {
      columns,
      chartHeight: CARD_HEIGHT,
      valuesHeight: (keys) => valuesHeight(keys, count),
      folded: new Set(folded),
    };
    return layOut(sections, (key) => survey.kind(key), layout);
  }, [sections, columns, count, foldedShape, survey, version]);
  const charts = useMemo(() => listCharts(rows), [rows]);
  useEffect(() => {
    panel.feed?.setCounts(new Map(charts.map((key) => [key, survey.count(key)])));
  }, [panel.feed, charts, survey]);
  const virtual = useVirtualizer({
    count: width > 0 ? rows.length : 0,
    getScrollElement: () => scroller.current,
    estimateSize: (place) => rows[place]?.height ?? 0,
    getItemKey: (place) => rows[place]?.id ?? place,
    overscan: count > MANY ? 0 : 1,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: other rows have other heights
  useEffect(() => virtual.measure(), [rows]);
  return (
    <div ref={scroller} className={classes.scroller}>
      <div ref={sizeRef} className={classes.rows} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          return (
            row && (
              <div
                key={item.key}
                className={classes.row}
                style={{
                  transform: `translateY(${item.start}px)`,
                  gridTemplateColumns: `repeat(${row.kind === 'charts' ? columns : 1}, minmax(0, 1fr))`,
                }}
              >
                <RowContent row={row} panel={panel} survey={survey} folded={folded} />
              </div>
            )
          );
        })}
      </div>
      {absent > 0 && (
        <div
          className={classes.footer}
        >{`${formatCount(absent)} ${absent === 1 ? 'metric has' : 'metrics have'} no points in the shown runs.`}</div>
      )}
      {full !== undefined && (
        <Suspense fallback={null}>
          <FullChart metric={full} metrics={charts} panel={panel} view={view} attach={attach} />
        </Suspense>
      )}
    </div>
  );
}

function RowContent({
  row,
  panel,
  survey,
  folded = [],
}: {
  row: Row;
  panel: Panel;
  survey: Survey;
  folded: readonly string[] | undefined;
}) {
  if (row.kind === 'charts')
    return row.keys.map((key) => (
      <ChartCard key={key} metric={key} prefix={row.prefix} height={CARD_HEIGHT} panel={panel} />
    ));
  if (row.kind === 'values')
    return <ValuesCard prefix={row.prefix} metrics={row.keys} panel={panel} survey={survey} height={row.height - 8} />;
  if (row.kind === 'wait') return <WaitRow keys={row.keys} survey={survey} />;
  const fold = () => {
    const next = row.isFolded ? folded.filter((each) => each !== row.prefix) : [...folded, row.prefix];
    panel.change({ folded: next.length ? next : undefined });
  };
  return (
    <button type="button" className={classes.section} aria-expanded={!row.isFolded} onClick={fold}>
      {row.isFolded ? <ChevronRight size={15} aria-hidden /> : <ChevronDown size={15} aria-hidden />}
      {row.title} <small>{formatCount(row.count)}</small>
    </button>
  );
}

/** Stands where charts will be, and asks what they are. */
function WaitRow({ keys, survey }: { keys: readonly string[]; survey: Survey }) {
  useEffect(() => survey.want(keys), [keys, survey]);
  const error = survey.error();
  if (error !== undefined) return <Failure error={error} retry={() => survey.want(keys)} />;
  return <div className={classes.waiting} style={{ height: CARD_HEIGHT }} />;
}
