/** All that the workspace knows: the state in its address, the rows, their order, the lines of the table, what the charts show. */

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import { useDark } from '@/lib/dark';
import { compact } from '@/lib/search';
import { canColor, colorByValue } from './coloring';
import { LAST_COLUMNS } from './defaultColumns';
import { ATTRIBUTES, normalizeField, readField } from './fields';
import { EMPTY_FRAME, type Frame, joinFrames } from './frame';
import { groupRows } from './grouping';
import { layOut, NAME_COLUMN } from './layout';
import { readRuns } from './requests';
import { flatLines, groupLines, treeLines } from './rows';
import type { Workspace } from './search';
import { describeGroups, describeRuns, sameGroups, sameRuns, shownNames } from './shownRuns';
import { orderRows, readSort, writeSort } from './sorting';
import { statsOf } from './stats';
import { buildTree, missingParents } from './tree';
import { useColumnChoice } from './useColumnChoice';
import { useRunTable } from './useRunTable';
import { sameItems, useSame } from './useSame';

const route = getRouteApi('/experiments/$experimentId/runs');
const NO_NAMES: readonly string[] = [];
const NO_WIDTHS: Readonly<Record<string, number>> = {};

/** Change the state in the address: a step that Back takes back (`push`), or not (`replace`). */
export type Change = (patch: Partial<Workspace>, how?: 'push' | 'replace') => void;

/** The state in the address, and how to change it: in parts, or as a whole. */
export function useWorkspaceState(): [Workspace, Change, (state: Workspace, how?: 'push' | 'replace') => void] {
  const state = route.useSearch();
  const navigate = route.useNavigate();
  const change = useCallback<Change>(
    (patch, how = 'push') =>
      void navigate({ search: (before) => compact({ ...before, ...patch }), replace: how === 'replace' }),
    [navigate],
  );
  const apply = useCallback(
    (next: Workspace, how: 'push' | 'replace' = 'push') =>
      void navigate({ search: () => next, replace: how === 'replace' }),
    [navigate],
  );
  return [state, change, apply];
}

/** Fields that a table can show, each written in one way, no name twice. */
function cleanFields(names: readonly string[] | undefined): readonly string[] | undefined {
  if (!names) return undefined;
  const known = names.map(normalizeField).filter((name) => {
    const { entity, key } = readField(name);
    return entity === 'attribute' ? key in ATTRIBUTES && name !== NAME_COLUMN : key !== '';
  });
  return [...new Set(known)];
}

const cleanSort = (sort: readonly string[] | undefined): readonly string[] =>
  (sort ?? [])
    .map(readSort)
    .filter(({ column }) => readField(column).entity !== 'attribute' || column in ATTRIBUTES)
    .map(writeSort);

/** The parents of rows that do not match themselves, and theirs. */
function useParents(
  experimentId: string,
  frame: Frame,
  columns: readonly string[],
  wanted: boolean,
): Frame | undefined {
  const missing = useMemo(() => (wanted ? missingParents(frame, undefined) : []), [frame, wanted]);
  const { data } = useQuery({
    queryKey: ['runs', experimentId, 'parents', missing, columns],
    queryFn: async ({ signal }) => {
      const question = { experimentId, q: '', trash: false };
      let found = EMPTY_FRAME;
      for (let ids: readonly string[] = missing; ids.length > 0; ) {
        const next = await readRuns(question, ids, columns, signal, true);
        if (next.size === 0) break;
        found = found.size === 0 ? next : joinFrames([found, next]);
        const asked = new Set(ids);
        ids = missingParents(frame, found).filter((id) => !asked.has(id) && !missing.includes(id));
      }
      return found;
    },
    enabled: missing.length > 0,
    placeholderData: keepPreviousData,
    structuralSharing: false,
  });
  return missing.length > 0 ? data : undefined;
}

/** Put the workspace together. `columnsOpen`: somebody is choosing columns. */
export function useWorkspace(
  experimentId: string,
  state: Workspace,
  columnsOpen: boolean,
  widths: Readonly<Record<string, number>>,
) {
  const given = useSame(
    cleanFields(state.cols),
    (a, b) => a === b || (a !== undefined && b !== undefined && sameItems(a, b)),
  );
  const sort = useSame(cleanSort(state.sort), sameItems);
  const group = useSame(cleanFields(state.group) ?? NO_NAMES, sameItems);
  const dark = useDark();
  const colorBy = state.color !== undefined && canColor(state.color) ? normalizeField(state.color) : undefined;
  const all = state.diff === true && given === undefined;
  const choice = useColumnChoice(experimentId, given === undefined || columnsOpen, all);
  const chosen = given ?? choice.columns ?? (choice.keysError ? LAST_COLUMNS : undefined);
  const needed = useSame(
    [
      ...new Set([
        ...(chosen ?? NO_NAMES),
        ...sort.map((clause) => readSort(clause).column),
        ...group,
        ...(colorBy ? [colorBy] : NO_NAMES),
      ]),
    ].filter((name) => name !== NAME_COLUMN),
    sameItems,
  );
  const question = useMemo(
    () => ({ experimentId, q: state.q ?? '', trash: state.trash === true }),
    [experimentId, state.q, state.trash],
  );
  const table = useRunTable(question, sort, needed, choice);
  const frame = table.frame ?? EMPTY_FRAME;

  const sortCells = useSame(
    sort.map((clause) => frame.columns.get(readSort(clause).column)),
    sameItems,
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: the order depends on these columns of the frame alone
  const order = useMemo(() => orderRows(frame, sort), [frame.ids, frame.size, sort, sortCells]);

  const grouped = group.length > 0;
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const groupCells = useSame(
    group.map((name) => frame.columns.get(name)),
    sameItems,
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: groups depend on these columns of the frame alone
  const groups = useMemo(
    () => (grouped ? groupRows(frame, order, group, sort) : []),
    [order, grouped, group, groupCells, sort, sortCells],
  );
  const isTree = state.tree === true && !grouped;
  const parents = useParents(experimentId, frame, needed, isTree);
  const openAll = (state.q ?? '') !== '';
  const lines = useMemo(() => {
    if (grouped) return groupLines(frame, groups, toggled);
    if (isTree) return treeLines(buildTree(frame, order, parents), ({ id }) => toggled.has(id) !== openAll);
    return flatLines(frame, order);
  }, [frame, order, grouped, groups, isTree, parents, toggled, openAll]);
  const toggle = useCallback((name: string) => {
    setToggled((before) => {
      const next = new Set(before);
      if (!next.delete(name)) next.add(name);
      return next;
    });
  }, []);

  const columns = useMemo(() => {
    const names = chosen ?? NO_NAMES;
    if (!state.diff || frame.size < 2) return names;
    return names.filter((name) => {
      const cells = frame.columns.get(name);
      return !cells || !frame.whole.has(name) || !statsOf(cells).constant;
    });
  }, [chosen, state.diff, frame]);
  const pins = Math.min(state.pins ?? 0, columns.length);
  const layout = useMemo(() => layOut(columns, pins, widths), [columns, pins, widths]);

  const colorCells = colorBy === undefined ? undefined : frame.columns.get(colorBy);
  const colors = useMemo(
    () => (colorBy === undefined ? undefined : colorByValue(colorCells, colorBy, dark)),
    [colorBy, colorCells, dark],
  );
  const names = useSame(shownNames(lines, state.show, grouped), sameItems);
  const shown = useMemo(() => new Set(names), [names]);
  const runs = useSame(
    useMemo(
      () => (grouped ? [] : describeRuns(frame, names, experimentId, colors)),
      [grouped, frame, names, experimentId, colors],
    ),
    sameRuns,
  );
  const runGroups = useSame(
    useMemo(
      () => (grouped ? describeGroups(frame, groups, names, colors) : []),
      [grouped, frame, groups, names, colors],
    ),
    sameGroups,
  );

  return {
    state,
    table,
    frame,
    lines,
    layout,
    columns,
    chosen,
    hidden: (chosen?.length ?? 0) - columns.length,
    pins,
    sort,
    group,
    grouped,
    groups,
    toggle,
    names,
    shown,
    runs,
    runGroups,
    choice,
    colorBy,
    colors,
    question,
  };
}

export type WorkspaceModel = ReturnType<typeof useWorkspace>;
export { NO_WIDTHS };
