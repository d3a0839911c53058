/** One line of the table: a run, or the head of a group. */

import { ChevronDown, ChevronRight, Eye, EyeOff } from 'lucide-react';
import { type MouseEvent, memo } from 'react';
import { RunDot } from '@/components/RunDot';
import { RunStateBadge } from '@/components/RunStateBadge';
import { formatCount } from '@/lib/format';
import { useIsHighlighted } from '@/lib/highlight';
import { runStyle } from '@/lib/runColor';
import { GroupCell, RunCell } from './cells';
import type { RunColors } from './coloring';
import { NUMBER, numberAt, textAt } from './frame';
import type { Layout, Placed } from './layout';
import styles from './RunGrid.module.css';
import { drawnName, type GroupLine, type Line, type RunLine } from './rows';
import type { OddSteps } from './useOddSteps';
import type { Sparks } from './useSparklines';

/** What can be done with a line. They never change. */
export interface LineActions {
  select: (id: string, range: boolean) => void;
  /** Select all of them, or none if all are. */
  selectAll: (ids: readonly string[]) => void;
  show: (name: string) => void;
  toggle: (name: string) => void;
  open: (id: string, event: MouseEvent) => void;
  href: (id: string) => string;
  pointAt: (name: string | null) => void;
  moveTo: (place: number) => void;
}

export interface LineProps {
  line: Line;
  place: number;
  height: number;
  layout: Layout;
  columns: readonly Placed[];
  frame: RunLine['frame'];
  actions: LineActions;
  selected: boolean;
  colors: RunColors | undefined;
  shown: boolean;
  /** Lines are shown as groups in the charts: single runs have no eye. */
  grouped: boolean;
  nested: boolean;
  chartId: string;
  cursor: boolean;
  dark: boolean;
  sparks: Sparks | undefined;
  odd: OddSteps | undefined;
}

function TableLine(props: LineProps) {
  const { line, place, height, layout, cursor, selected, actions } = props;
  const name = line.kind === 'run' ? line.id : line.group.name;
  const lit = useIsHighlighted(props.chartId);
  return (
    <div
      role="row"
      id={`line-${place}`}
      aria-rowindex={place + 2}
      aria-selected={selected}
      aria-expanded={props.nested && (line.kind === 'group' || line.below > 0) ? line.open : undefined}
      aria-level={props.nested ? (line.kind === 'run' ? line.depth + 1 : 1) : undefined}
      className={styles.line}
      data-run={name}
      data-cursor={cursor || undefined}
      data-lit={lit || undefined}
      data-selected={selected || undefined}
      data-dimmed={(line.kind === 'run' && line.dimmed) || undefined}
      style={{ top: place * height, height, width: layout.width, minWidth: '100%' }}
      onMouseEnter={() => actions.pointAt(drawnName(line))}
      onMouseDown={() => actions.moveTo(place)}
    >
      {line.kind === 'run' ? <RunParts {...props} line={line} /> : <GroupParts {...props} line={line} />}
    </div>
  );
}

function RunParts({
  line,
  layout,
  columns,
  actions,
  selected,
  colors,
  shown,
  grouped,
  nested,
  dark,
  sparks,
  odd,
}: LineProps & { line: RunLine }) {
  const { frame, row, id } = line;
  const numbers = frame.columns.get(NUMBER);
  const number = numbers ? numberAt(numbers, row) : row;
  const title = textAt(frame.columns.get('run_name'), row) || id;
  // A parent that does not match itself is a row of another frame.
  const given = line.dimmed ? undefined : colors?.ofRow(row);
  const color = given ?? runStyle(number, dark).color;
  const [first, ...pinned] = layout.pinned;
  const cell = (column: Placed, index: number) => (
    <RunCell
      key={column.name}
      frame={frame}
      row={row}
      column={column}
      left={column.left}
      place={index}
      spark={sparks?.get(id, column.name)}
      since={odd?.get(line, column.name)}
      color={color}
    />
  );
  const places = new Map([...layout.pinned, ...layout.scrolled].map((column, place) => [column.name, place + 1]));
  return (
    <>
      <div className={styles.pinned} style={{ width: layout.pinnedWidth }} role="presentation">
        <div
          role="gridcell"
          aria-colindex={1}
          className={styles.cell}
          style={{ left: 0, width: first?.width ?? 0, paddingLeft: 8 + line.depth * 16 }}
        >
          <input
            type="checkbox"
            className={styles.check}
            checked={selected}
            aria-label={`Select ${title}`}
            tabIndex={-1}
            disabled={line.dimmed}
            onChange={() => undefined}
            onClick={(event) => actions.select(id, event.shiftKey)}
          />
          {line.below > 0 && (
            <Fold open={line.open} label={`the ${line.below} runs under ${title}`} toggle={() => actions.toggle(id)} />
          )}
          {line.below === 0 && nested && !grouped && <span className={styles.gap} />}
          {!grouped && <ShowButton shown={shown} title={title} show={() => actions.show(id)} disabled={line.dimmed} />}
          <span className={shown || grouped ? undefined : styles.hidden}>
            <RunDot number={number} color={given} />
          </span>
          <RunStateBadge state={textAt(frame.columns.get('status'), row)} compact />
          <a
            className={styles.name}
            href={actions.href(id)}
            title={title}
            tabIndex={-1}
            onClick={(event) => actions.open(id, event)}
            draggable={false}
          >
            {title}
          </a>
          {line.below > 0 && <span className={styles.count}>{formatCount(line.below)}</span>}
        </div>
        {pinned.map((column) => cell(column, places.get(column.name) ?? 0))}
      </div>
      {columns.map((column) => cell(column, places.get(column.name) ?? 0))}
    </>
  );
}

function GroupParts({
  line,
  layout,
  columns,
  frame,
  actions,
  selected,
  colors,
  shown,
}: LineProps & { line: GroupLine }) {
  const { group } = line;
  const [first, ...pinned] = layout.pinned;
  const cell = (column: Placed) => (
    <GroupCell
      key={column.name}
      frame={frame}
      rows={group.rows}
      column={column}
      left={column.left}
      place={1 + Math.max(1, layout.scrolled.indexOf(column) + layout.pinned.length)}
    />
  );
  return (
    <>
      <div className={styles.pinned} style={{ width: layout.pinnedWidth }} role="presentation">
        <div role="gridcell" aria-colindex={1} className={styles.cell} style={{ left: 0, width: first?.width ?? 0 }}>
          <input
            type="checkbox"
            className={styles.check}
            checked={selected}
            aria-label={`Select the runs of ${group.name}`}
            tabIndex={-1}
            onChange={() => actions.selectAll(Array.from(group.rows, (row) => frame.ids[row] ?? ''))}
          />
          <Fold open={line.open} label={`the runs of ${group.name}`} toggle={() => actions.toggle(group.name)} />
          <ShowButton shown={shown} title={group.name} show={() => actions.show(group.name)} />
          <span className={shown ? undefined : styles.hidden}>
            <RunDot number={group.number} color={colors?.ofGroup(group.rows)} />
          </span>
          <span className={styles.name} title={group.name}>
            {group.name}
          </span>
          <span className={styles.count} title={`${group.rows.length} runs`}>
            n = {formatCount(group.rows.length)}
          </span>
        </div>
        {pinned.map(cell)}
      </div>
      {columns.map(cell)}
    </>
  );
}

function Fold({ open, label, toggle }: { open: boolean; label: string; toggle: () => void }) {
  const Icon = open ? ChevronDown : ChevronRight;
  return (
    <button
      type="button"
      className={styles.icon}
      aria-expanded={open}
      aria-label={`${open ? 'Hide' : 'Show'} ${label}`}
      tabIndex={-1}
      onClick={toggle}
    >
      <Icon size={14} aria-hidden />
    </button>
  );
}

interface ShowProps {
  shown: boolean;
  title: string;
  show: () => void;
  disabled?: boolean;
}

function ShowButton({ shown, title, show, disabled = false }: ShowProps) {
  const Icon = shown ? Eye : EyeOff;
  const label = shown ? `Hide ${title} in the charts` : `Show ${title} in the charts`;
  return (
    <button
      type="button"
      className={`${styles.icon} ${shown ? '' : styles.hidden}`}
      aria-pressed={shown}
      aria-label={label}
      title={label}
      tabIndex={-1}
      disabled={disabled}
      onClick={show}
    >
      <Icon size={14} aria-hidden />
    </button>
  );
}

/** Lines are made anew with each look at them; they are the same if they show the same. */
function sameLine(a: Line, b: Line): boolean {
  if (a.kind === 'group' || b.kind === 'group')
    return a.kind === b.kind && a.kind === 'group' && b.kind === 'group' && a.group === b.group && a.open === b.open;
  return (
    a.id === b.id &&
    a.frame === b.frame &&
    a.row === b.row &&
    a.depth === b.depth &&
    a.dimmed === b.dimmed &&
    a.below === b.below &&
    a.open === b.open
  );
}

const SHALLOW = [
  'place',
  'height',
  'layout',
  'columns',
  'frame',
  'actions',
  'selected',
  'colors',
  'shown',
  'grouped',
  'nested',
  'chartId',
  'cursor',
  'dark',
  'sparks',
  'odd',
] as const;

/** One line; drawn anew only if it has changed. */
export const RunRow = memo(
  TableLine,
  (a, b) => SHALLOW.every((name) => a[name] === b[name]) && sameLine(a.line, b.line),
);
