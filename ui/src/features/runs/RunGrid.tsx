/** The table of runs: a grid of which only the lines and columns in sight are drawn. */

import { type ReactNode, type RefObject, useEffect, useMemo } from 'react';
import { useDark } from '@/lib/dark';
import { highlight } from '@/lib/highlight';
import type { RunColors } from './coloring';
import type { Frame } from './frame';
import { type ColumnActions, HeaderCell } from './HeaderCell';
import { columnsInSight, type Layout, linesInSight, type Placed } from './layout';
import styles from './RunGrid.module.css';
import { type LineActions, RunRow } from './RunRow';
import type { Line, Lines } from './rows';
import { statsOf } from './stats';
import { useOddSteps } from './useOddSteps';
import { useScrollWindow, type View } from './useScrollWindow';
import { useSparklines } from './useSparklines';

const HEAD_HEIGHT = 34;
/** Room for the box and the eye in the head of the first column. */
const CORNER_WIDTH = 58;
const CORNER = {
  position: 'absolute',
  left: 8,
  top: 0,
  height: HEAD_HEIGHT,
  display: 'flex',
  alignItems: 'center',
  zIndex: 1,
} as const;

interface Props {
  experimentId: string;
  frame: Frame;
  lines: Lines;
  layout: Layout;
  sort: readonly string[];
  rowHeight: number;
  grouped: boolean;
  /** Lines can be folded. */
  nested: boolean;
  cursor: number;
  selected: ReadonlySet<string>;
  shown: ReadonlySet<string>;
  /** Ids under which charts know groups. */
  chartIds: ReadonlyMap<string, string>;
  /** By the value of a column; undefined if each run has its own. */
  colors: RunColors | undefined;
  colorBy: string | undefined;
  lineActions: LineActions;
  columnActions: ColumnActions;
  /** What stands in the head of the first column before its title. */
  corner: ReactNode;
  element: RefObject<HTMLDivElement | null>;
  busy: boolean;
}

interface Window {
  from: number;
  to: number;
  columns: readonly Placed[];
}

const sameWindow = (a: Window, b: Window): boolean =>
  a.from === b.from &&
  a.to === b.to &&
  a.columns.length === b.columns.length &&
  a.columns.every((column, place) => column === b.columns[place]);

export function RunGrid(props: Props) {
  const {
    experimentId,
    frame,
    lines,
    layout,
    sort,
    rowHeight,
    grouped,
    nested,
    cursor,
    selected,
    shown,
    chartIds,
    colors,
    colorBy,
    lineActions,
    columnActions,
    corner,
    element,
    busy,
  } = props;
  const dark = useDark();
  const found = useScrollWindow(
    element,
    (view: View): Window => {
      const [from, to] = linesInSight(lines.size, rowHeight, view.top, view.height);
      return { from, to, columns: columnsInSight(layout, view.left, view.width) };
    },
    sameWindow,
  );
  const { from, to } = found;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same columns are to be the same list, so that lines stay as they are
  const columns = useMemo(() => found.columns, [layout, found.columns[0], found.columns.length]);
  const inSight = useMemo(() => {
    const made: [number, Line][] = [];
    for (let place = from; place < to; place += 1) {
      const line = lines.at(place);
      if (line) made.push([place, line]);
    }
    return made;
  }, [lines, from, to]);
  const ids = useMemo(() => inSight.flatMap(([, line]) => (line.kind === 'run' ? [line.id] : [])), [inSight]);
  const drawn = useMemo(() => [...layout.pinned, ...columns], [layout, columns]);
  const sparks = useSparklines(ids, drawn);
  const odd = useOddSteps(experimentId, inSight, drawn);
  useKeepInSight(element, cursor, rowHeight, lines.size);
  useEffect(() => () => highlight.set(null), []);
  const count = layout.pinned.length + layout.scrolled.length;
  const head = (column: Placed, place: number) => (
    <HeaderCell
      key={column.name}
      column={column}
      place={place}
      sort={sort}
      pinned={place <= layout.pinned.length}
      fixed={place === 1}
      right={isRight(frame, column.name)}
      colored={column.name === colorBy}
      actions={columnActions}
    />
  );
  const [first, ...pinned] = layout.pinned;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: its role is that of a grid, with lines that fold or without
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: as above
    <div
      ref={element}
      role={nested ? 'treegrid' : 'grid'}
      tabIndex={0}
      aria-label="Runs"
      aria-rowcount={lines.size + 1}
      aria-colcount={count}
      aria-multiselectable
      aria-busy={busy}
      aria-activedescendant={cursor >= from && cursor < to ? `line-${cursor}` : undefined}
      className={styles.grid}
      onMouseLeave={() => highlight.set(null)}
    >
      <div role="rowgroup" className={styles.head} style={{ width: layout.width, minWidth: '100%' }}>
        <div role="row" aria-rowindex={1} style={{ height: '100%' }}>
          <div className={styles.pinned} style={{ width: layout.pinnedWidth }} role="presentation">
            {first && (
              <div style={{ paddingLeft: 0 }} role="presentation">
                <span role="columnheader" aria-label="Selection" style={CORNER}>
                  {corner}
                </span>
                <HeaderCell
                  column={{ ...first, left: CORNER_WIDTH, width: first.width - CORNER_WIDTH }}
                  place={1}
                  sort={sort}
                  pinned
                  fixed
                  right={false}
                  colored={false}
                  actions={firstActions(columnActions)}
                />
              </div>
            )}
            {pinned.map((column, index) => head(column, index + 2))}
          </div>
          {columns.map((column) => head(column, layout.scrolled.indexOf(column) + layout.pinned.length + 1))}
        </div>
      </div>
      <div
        role="rowgroup"
        style={{ position: 'relative', height: lines.size * rowHeight, width: layout.width, minWidth: '100%' }}
      >
        {inSight.map(([place, line]) => (
          <RunRow
            key={line.kind === 'run' ? line.id : `group ${line.group.name}`}
            line={line}
            place={place}
            height={rowHeight}
            layout={layout}
            columns={columns}
            frame={frame}
            chartId={line.kind === 'run' ? line.id : (chartIds.get(line.group.name) ?? line.group.name)}
            actions={lineActions}
            selected={isSelected(line, selected)}
            colors={colors}
            shown={shown.has(line.kind === 'run' ? line.id : line.group.name)}
            grouped={grouped}
            nested={nested}
            cursor={place === cursor}
            dark={dark}
            sparks={sparks}
            odd={odd}
          />
        ))}
      </div>
    </div>
  );
}

/** Whether a run is selected, or all runs of a group are. */
function isSelected(line: Line, selected: ReadonlySet<string>): boolean {
  if (line.kind === 'run') return selected.has(line.id);
  const { rows } = line.group;
  return selected.size >= rows.length && rows.every((row) => selected.has(line.frame.ids[row] ?? ''));
}

/** Whether the cells of a column stand at the right: numbers do. */
function isRight(frame: Frame, name: string): boolean {
  const cells = frame.columns.get(name);
  return name === 'duration' || (cells !== undefined && cells.kind !== 'time' && statsOf(cells).numeric);
}

/** The first head begins behind the boxes in its corner: what it is resized to has them in it. */
const firstActions = (actions: ColumnActions): ColumnActions => ({
  ...actions,
  resize: (column, width, done) => actions.resize(column, width + CORNER_WIDTH, done),
});

/** Scroll when the cursor leaves what can be seen. */
function useKeepInSight(
  element: RefObject<HTMLDivElement | null>,
  cursor: number,
  rowHeight: number,
  size: number,
): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a move of the cursor scrolls, not rows that come
  useEffect(() => {
    const target = element.current;
    if (!target || cursor < 0 || cursor >= size) return;
    const top = cursor * rowHeight;
    const seen = target.clientHeight - HEAD_HEIGHT;
    if (top < target.scrollTop) target.scrollTop = top;
    else if (top + rowHeight > target.scrollTop + seen) target.scrollTop = top + rowHeight - seen;
  }, [cursor, element, rowHeight]);
}
