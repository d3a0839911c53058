/** What clicks and keys in the table do. The functions stay the same, so that lines need not be drawn anew for them. */

import { useNavigate } from '@tanstack/react-router';
import { type MouseEvent, type RefObject, useEffect, useMemo, useRef } from 'react';
import { BASE, call } from '@/api/client';
import { notices } from '@/components/notices';
import { highlight } from '@/lib/highlight';
import { readField, writeField } from './fields';
import { addClause } from './filterText';
import type { ColumnActions } from './HeaderCell';
import { moveColumn, togglePin } from './layout';
import type { LineActions } from './RunRow';
import { toggleShown } from './shownRuns';
import { fallsFirst, toggleSort } from './sorting';
import type { Change, WorkspaceModel } from './useWorkspace';

interface Args {
  experimentId: string;
  model: WorkspaceModel;
  change: Change;
  select: (update: (before: ReadonlySet<string>) => ReadonlySet<string>) => void;
  setCursor: (place: number) => void;
  setWidths: (widths: Readonly<Record<string, number>> | undefined) => void;
  /** The id under which charts know a line. */
  chartId: (name: string) => string;
  startFilter: (text: string) => void;
  grid: RefObject<HTMLDivElement | null>;
}

/** The tag of an experiment that says which metric speaks for it, and whether its least or its greatest value is the best. */
const METRIC_TAG = 'headrace.metric';

/** The address of a run's page. */
export const runAddress = (experimentId: string, runId: string): string =>
  `${BASE.pathname}experiments/${encodeURIComponent(experimentId)}/runs/${encodeURIComponent(runId)}`;

export function useTableActions(args: Args): { line: LineActions; column: ColumnActions } {
  const navigate = useNavigate();
  const latest = useRef({ ...args, navigate });
  useEffect(() => {
    latest.current = { ...args, navigate };
  });
  const anchor = useRef(-1);
  return useMemo(() => {
    const now = () => latest.current;
    const line: LineActions = {
      select: (id, range) => {
        const { model, select } = now();
        const place = model.lines.find(id);
        const from = range && anchor.current >= 0 ? anchor.current : place;
        anchor.current = place;
        select((before) => {
          const next = new Set(before);
          if (from === place) {
            if (!next.delete(id)) next.add(id);
            return next;
          }
          for (let at = Math.min(from, place); at <= Math.max(from, place); at += 1) {
            const each = model.lines.at(at);
            if (each?.kind === 'run' && !each.dimmed) next.add(each.id);
          }
          return next;
        });
      },
      selectAll: (ids) =>
        now().select((before) => {
          const next = new Set(before);
          const isAll = ids.every((id) => before.has(id));
          for (const id of ids)
            if (isAll) next.delete(id);
            else next.add(id);
          return next;
        }),
      show: (name) => now().change({ show: toggleShown(now().model.names, name) }),
      toggle: (name) => now().model.toggle(name),
      open: (id: string, event: MouseEvent) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        void now().navigate({
          to: '/experiments/$experimentId/runs/$runId',
          params: { experimentId: now().experimentId, runId: id },
        });
      },
      href: (id) => runAddress(now().experimentId, id),
      pointAt: (name) => highlight.set(name === null ? null : now().chartId(name)),
      moveTo: (place) => now().setCursor(place),
    };
    return { line, column: columnActions(now) };
  }, []);
}

function columnActions(now: () => Args): ColumnActions {
  const shown = (): readonly string[] => now().model.chosen ?? [];
  const rename = (widths: Readonly<Record<string, number>> | undefined, from: string, to: string) => {
    const width = widths?.[from];
    return width === undefined ? {} : { widths: { ...widths, [to]: width } };
  };
  return {
    sort: (column, add) => now().change({ sort: orNothing(toggleSort(now().model.sort, column, add)) }),
    setSort: (clauses) => now().change({ sort: orNothing(clauses) }),
    resize: (column, width, done) => {
      const { model, change, setWidths } = now();
      const widths = { ...model.state.widths, [column]: width };
      if (!done) return setWidths(widths);
      setWidths(undefined);
      change({ widths });
    },
    move: (column, before) => {
      const { model, change } = now();
      const cols = moveColumn(shown(), column, before);
      // A column that is dropped among those that stay, stays; one that is taken from them scrolls.
      const pinned = shown().slice(0, model.pins);
      const into = before !== undefined && pinned.includes(before) && !pinned.includes(column);
      const outOf = pinned.includes(column) && (before === undefined || !pinned.includes(before));
      const pins = model.pins + (into ? 1 : 0) - (outOf ? 1 : 0);
      change({ cols, pins: pins || undefined });
    },
    shift: (column, by) => {
      const cols = shown();
      const place = cols.indexOf(column);
      const to = place + by;
      if (place < 0 || to < 0 || to >= cols.length) return;
      now().change({ cols: cols.toSpliced(place, 1).toSpliced(to, 0, column) });
    },
    hide: (column) => {
      const { model, change } = now();
      const place = shown().indexOf(column);
      const pins = place >= 0 && place < model.pins ? model.pins - 1 : model.pins;
      change({ cols: shown().filter((each) => each !== column), pins: pins || undefined });
    },
    add: (column, behind) => {
      const cols = shown();
      if (!cols.includes(column)) now().change({ cols: cols.toSpliced(cols.indexOf(behind) + 1, 0, column) });
    },
    pin: (column) => {
      const { cols, pins } = togglePin(shown(), now().model.pins, column);
      now().change({ cols, pins: pins || undefined });
    },
    replace: (column, by) => {
      const { model, change } = now();
      if (column === by) return;
      const cols = shown().includes(by)
        ? shown().filter((each) => each !== column)
        : shown().map((each) => (each === column ? by : each));
      change({ cols, ...rename(model.state.widths, column, by) });
    },
    color: (column) => now().change({ color: column }),
    group: (column) => now().change({ group: [...now().model.group, column], show: undefined }),
    speak: (column) => void nameMetric(now().experimentId, column),
    plotAgainst: (key) => now().change({ x: `metric:${key}`, zoom: undefined }),
    filter: (column) => {
      const { entity, key, statistic } = readField(column);
      const field = writeField(entity, key, statistic);
      const sign = entity === 'metric' ? (fallsFirst(column) ? '>' : '<') : '=';
      now().startFilter(addClause(now().model.question.q, `${field} ${sign} `));
    },
  };
}

/** Make a metric the one that speaks for an experiment; `column` is the least or the greatest of one. */
async function nameMetric(experimentId: string, column: string): Promise<void> {
  try {
    await call('experiments.set_tag', { experiment_id: experimentId, key: METRIC_TAG, value: column });
    notices.show({ message: `The list of experiments shows the best ${readField(column).key} of this one.` });
  } catch (failure) {
    const message = failure instanceof Error ? failure.message : String(failure);
    notices.show({ color: 'red', title: 'The experiment keeps its metric', message });
  }
}

const orNothing = (list: string[]): string[] | undefined => (list.length > 0 ? list : undefined);
