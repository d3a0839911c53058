/** The runs workspace of an experiment: the table of all its runs, and their charts beside it. */

import { Button } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { ApiError } from '@/api/client';
import { Failure } from '@/components/Failure';
import { PageHeader } from '@/components/PageHeader';
import { Segments } from '@/components/Segments';
import { ChartsPanel } from '@/features/charts/ChartsPanel';
import { groupId, MOST_RUNS } from '@/features/charts/shown';
import { useExperiment } from '@/features/experiments/useExperiment';
import { StarButton } from '@/features/stars/StarButton';
import { encodeView } from '@/features/views/body';
import { ShareButton } from '@/features/views/ShareButton';
import { ViewMenu } from '@/features/views/ViewMenu';
import { formatCount } from '@/lib/format';
import { Chips } from './Chips';
import { MOST_OWN_STYLES } from './coloring';
import { Divider } from './Divider';
import { Footer } from './Footer';
import { rowOf } from './frame';
import { NAME_COLUMN } from './layout';
import { RunGrid } from './RunGrid';
import styles from './RunsPage.module.css';
import { drawnName } from './rows';
import { ShowMenu } from './ShowMenu';
import { filterProblem, Toolbar } from './Toolbar';
import { useTableActions } from './useTableActions';
import { useTableKeys } from './useTableKeys';
import { useUndoKeys } from './useUndoKeys';
import { NO_WIDTHS, useWorkspace, useWorkspaceState } from './useWorkspace';

const NoRuns = lazy(async () => ({ default: (await import('./later/NoRuns')).NoRuns }));
const SelectionBar = lazy(async () => ({ default: (await import('./later/SelectionBar')).SelectionBar }));
const ColorStrip = lazy(async () => ({ default: (await import('./ColorStrip')).ColorStrip }));
const route = getRouteApi('/experiments/$experimentId/runs');
const MODES = [
  { value: 'table', label: 'Table' },
  { value: 'split', label: 'Split' },
  { value: 'charts', label: 'Charts' },
] as const;
const DEFAULT_SPLIT = 0.46;
const NARROW = '(max-width: 1000px)';
const NARROW_NAME = 196;
const MENU_CLOSES_MS = 150;
const ROW_HEIGHT = 30;
const DENSE_HEIGHT = 24;

export function RunsPage() {
  const { experimentId } = route.useParams();
  // Another experiment is another page: nothing of this one is to be seen on it.
  return <RunsWorkspace key={experimentId} experimentId={experimentId} />;
}

function RunsWorkspace({ experimentId }: { experimentId: string }) {
  const [state, change, apply] = useWorkspaceState();
  const [columnsOpen, setColumnsOpen] = useState(false);
  const [draftWidths, setWidths] = useState<Readonly<Record<string, number>>>();
  const [draftSplit, setDraftSplit] = useState<number>();
  const [cursor, setCursor] = useState(-1);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const experiment = useExperiment(experimentId);
  const narrow = useMediaQuery(NARROW, window.matchMedia(NARROW).matches) ?? false;
  const givenWidths = draftWidths ?? state.widths;
  const widths = useMemo(
    () => (narrow ? { [NAME_COLUMN]: NARROW_NAME, ...givenWidths } : (givenWidths ?? NO_WIDTHS)),
    [narrow, givenWidths],
  );
  const model = useWorkspace(experimentId, state, columnsOpen, widths);
  const grid = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const navigate = useNavigate();
  const { frame, lines, table, runs, runGroups, grouped } = model;
  const chosenMode = state.mode ?? 'split';

  const chartIds = useMemo(() => new Map(runGroups.map((group) => [group.name, groupId(group)])), [runGroups]);
  const startFilter = useCallback((text: string) => {
    // The menu that was clicked gives the focus back to its button first.
    setTimeout(() => {
      const box = input.current;
      if (!box) return;
      // As if it had been typed, so that the box completes what follows.
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(box, text);
      box.focus();
      box.setSelectionRange(text.length, text.length);
      box.dispatchEvent(new Event('input', { bubbles: true }));
    }, MENU_CLOSES_MS);
  }, []);
  const actions = useTableActions({
    experimentId,
    model,
    change,
    select: setSelected,
    setCursor,
    setWidths,
    chartId: (name) => chartIds.get(name) ?? name,
    startFilter,
    grid,
  });
  // The keys light a line as the mouse does.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a move of the cursor does, not rows that come
  useEffect(() => {
    const line = lines.at(cursor);
    if (line) actions.line.pointAt(drawnName(line));
  }, [cursor]);
  const chosen = useMemo(() => [...selected].filter((id) => rowOf(frame, id) !== undefined), [selected, frame]);
  const compare = () => {
    const [first, second] = runGroups;
    if (chosen.length < 2 && first && second) return asGroups(first.runIds, second.runIds);
    const ids = chosen.length >= 2 ? chosen : runs.map(({ runId }) => runId);
    if (ids.length < 2) return;
    void navigate({ to: '/compare-runs', search: { runs: ids, experiments: [experimentId] } });
  };
  const asGroups = (a: readonly string[], b: readonly string[]) =>
    void navigate({
      to: '/compare-runs',
      search: { runs: [...a, ...b], experiments: [experimentId], tab: 'groups', a: a.join(','), b: b.join(',') },
    });
  const others = restOf(frame.size <= MOST_RUNS ? frame.ids : runs.map(({ runId }) => runId), selected);
  const setMode = (value: string) => change({ mode: value === 'table' || value === 'charts' ? value : undefined });
  useUndoKeys();
  useTableKeys({ grid, input, cursor, setCursor, lines, actions: actions.line, compare, setMode });
  const selectAll = () => {
    if (chosen.length > 0 && chosen.length === frame.size) setSelected(new Set());
    else setSelected(new Set(frame.ids));
  };
  const onOpenRun = useCallback(
    (runId: string) => void navigate({ to: '/experiments/$experimentId/runs/$runId', params: { experimentId, runId } }),
    [navigate, experimentId],
  );
  const keys = useMemo(() => {
    const all = model.choice.keys;
    return all?.complete ? all.metrics.map(({ key }) => key) : undefined;
  }, [model.choice.keys]);
  const experimentIds = useMemo(() => [experimentId], [experimentId]);
  // The first are drawn at once; what is chosen later must not hold up the table.
  const late = useDeferredValue(runs);
  const lateRuns = late.length > 0 ? late : runs;
  const lateGroups = useDeferredValue(runGroups);

  if (experiment.error instanceof ApiError && experiment.error.status === 404) {
    return (
      <div style={{ padding: 24 }}>
        <Failure title="There is no such experiment" error={experiment.error} />
        <Button component={Link} to="/experiments" variant="default" size="xs" mt="md">
          All experiments
        </Button>
      </div>
    );
  }
  const problem = filterProblem(table.error);
  const failure = problem === undefined ? table.error : undefined;
  const name = experiment.data?.name;
  const ready = table.frame !== undefined;
  const nothing = (ready && frame.size === 0 && !table.isOld) || (!ready && problem !== undefined);
  // Beside no runs there is nothing to be drawn.
  const mode = nothing ? 'table' : chosenMode;
  const share = draftSplit ?? state.split ?? DEFAULT_SPLIT;
  return (
    <div className={styles.page}>
      <PageHeader
        crumbs={[
          { label: 'Experiments', link: { to: '/experiments' } },
          { label: name ?? `Experiment ${experimentId}` },
        ]}
        badge={
          table.frame
            ? `${formatCount(frame.total)} ${frame.total === 1 ? 'run' : 'runs'}${state.trash ? ' in the trash' : ''}`
            : undefined
        }
        actions={
          <>
            <StarButton kind="experiment" id={experimentId} />
            <Segments label="What is shown" data={MODES} value={chosenMode} onChange={setMode} />
            <ViewMenu experimentId={experimentId} state={state} apply={apply} />
            <ShareButton
              stored={{
                experimentId,
                body: encodeView(state),
                page: `experiments/${encodeURIComponent(experimentId)}/runs`,
              }}
            />
          </>
        }
      />
      <Toolbar
        experimentId={experimentId}
        name={name}
        model={model}
        change={change}
        columnsOpen={columnsOpen}
        setColumnsOpen={setColumnsOpen}
        input={input}
      />
      <Chips q={state.q ?? ''} apply={(q) => change({ q: q || undefined })} />
      {(model.colorBy !== undefined || (mode !== 'table' && model.names.length > MOST_OWN_STYLES)) && (
        <Suspense fallback={<div className={styles.strip} />}>
          <ColorStrip model={model} change={change} />
        </Suspense>
      )}
      <div className={styles.work}>
        {mode !== 'charts' && (
          <div
            className={styles.table}
            style={mode === 'table' ? { flex: 1 } : { flex: `0 0 calc(${share * 100}% - 4px)` }}
          >
            {failure !== undefined && failure !== null && (
              <Failure title="The runs could not be read" error={failure} retry={table.retry} />
            )}
            {table.columnError !== undefined && (
              <Failure title="Some columns could not be read" error={table.columnError} retry={table.retry} />
            )}
            {!ready && !table.error && <Bones />}
            {nothing && (
              <Suspense fallback={null}>
                <NoRuns
                  question={model.question}
                  refused={problem !== undefined}
                  name={name}
                  apply={(q) => change({ q: q || undefined })}
                  leaveTrash={() => change({ trash: undefined })}
                />
              </Suspense>
            )}
            {ready && frame.size > 0 && (
              <RunGrid
                experimentId={experimentId}
                frame={frame}
                lines={lines}
                layout={model.layout}
                sort={model.sort}
                rowHeight={state.dense ? DENSE_HEIGHT : ROW_HEIGHT}
                grouped={grouped}
                nested={grouped || state.tree === true}
                cursor={cursor}
                selected={selected}
                shown={model.shown}
                chartIds={chartIds}
                colors={model.colors}
                colorBy={model.colorBy}
                lineActions={actions.line}
                columnActions={actions.column}
                element={grid}
                busy={table.isOld}
                corner={
                  <ShowMenu
                    selection={chosen.length === 0 ? 'none' : chosen.length === frame.size ? 'all' : 'some'}
                    selectAll={selectAll}
                    show={state.show}
                    change={(show) => change({ show })}
                    showSelected={chosen.length > 0 && !grouped ? () => change({ show: chosen }) : undefined}
                    what={grouped ? 'groups' : 'runs'}
                  />
                }
              />
            )}
          </div>
        )}
        {mode === 'split' && (
          <Divider
            share={share}
            change={(value, done) => {
              setDraftSplit(done ? undefined : value);
              if (done) change({ split: value === DEFAULT_SPLIT ? undefined : value }, 'replace');
            }}
          />
        )}
        {mode !== 'table' && (
          <section className={styles.charts} aria-label="Charts">
            <h2 className="visually-hidden">Charts</h2>
            {ready && frame.size > 0 && (
              <ChartsPanel
                runs={lateRuns}
                groups={lateGroups}
                experimentIds={experimentIds}
                state={state}
                change={change}
                {...(keys ? { keys } : {})}
                onOpenRun={onOpenRun}
              />
            )}
          </section>
        )}
      </div>
      <Footer model={model} change={change} openColumns={() => setColumnsOpen(true)} />
      {chosen.length > 0 && (
        <Suspense fallback={null}>
          <SelectionBar
            experimentId={experimentId}
            selected={chosen}
            trash={state.trash === true}
            clear={() => setSelected(new Set())}
            compare={compare}
            asGroup={
              others.length > 0 && others.length + chosen.length <= MOST_RUNS
                ? () => asGroups(chosen, others)
                : undefined
            }
            onlyThese={() => change({ show: chosen, group: undefined })}
          />
        </Suspense>
      )}
    </div>
  );
}

/** The names that are not among others. */
const restOf = (names: readonly string[], others: ReadonlySet<string>): string[] =>
  names.filter((name) => !others.has(name));

/** Grey lines as high as the rows that will stand there. */
function Bones() {
  return (
    <div className={styles.bones} role="status" aria-label="The runs are being read">
      {Array.from({ length: 24 }, (_, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <div key={place} className={styles.bone}>
          <span style={{ width: 160 + ((place * 37) % 60) }} />
          <span style={{ width: 60 }} />
          <span style={{ width: 60 }} />
          <span style={{ width: 70 }} />
        </div>
      ))}
    </div>
  );
}
