/** The head of a column: sorts by a click, moves by dragging, is made wider at its edge; the rest is in its menu. */

import { Menu } from '@mantine/core';
import {
  ArrowDown,
  ArrowLeft,
  ArrowRight,
  ArrowUp,
  EllipsisVertical,
  EyeOff,
  Filter,
  Group,
  LineChart,
  Pin,
  PinOff,
} from 'lucide-react';
import { type PointerEvent, useRef, useState } from 'react';
import { guessBetter } from '@/lib/better';
import { labelField, readField, type Statistic, writeField } from './fields';
import { defaultWidth, LEAST_WIDTH, type Placed, SPARK_WIDTH } from './layout';
import styles from './RunGrid.module.css';
import { readSort, writeSort } from './sorting';

/** What can be done with a column. */
export interface ColumnActions {
  sort: (column: string, add: boolean) => void;
  setSort: (clauses: string[]) => void;
  resize: (column: string, width: number, done: boolean) => void;
  /** Put a column before another one, at the end without one. */
  move: (column: string, before: string | undefined) => void;
  shift: (column: string, by: -1 | 1) => void;
  hide: (column: string) => void;
  pin: (column: string) => void;
  replace: (column: string, by: string) => void;
  group: (column: string) => void;
  plotAgainst: (key: string) => void;
  filter: (column: string) => void;
}

interface Props {
  column: Placed;
  place: number;
  sort: readonly string[];
  pinned: boolean;
  fixed: boolean;
  /** Over numbers, which stand at the right. */
  right: boolean;
  actions: ColumnActions;
}

const TAIL = 9;
const GRIP_WIDTH = 8;
const DRAGGED = 'application/x-headrace-column';

export function HeaderCell({ column, place, sort, pinned, fixed, right, actions }: Props) {
  const { name, left, width } = column;
  const keys = sort.map(readSort);
  const at = keys.findIndex((key) => key.column === name);
  const key = keys[at];
  const label = labelField(name);
  const Arrow = key?.descending ? ArrowDown : ArrowUp;
  const [over, setOver] = useState(false);
  return (
    <div
      role="columnheader"
      aria-colindex={place}
      aria-sort={key ? (key.descending ? 'descending' : 'ascending') : 'none'}
      className={styles.headCell}
      style={{ left, width }}
      data-over={over || undefined}
      draggable={!fixed}
      onDragStart={(event) => {
        // At its edge a column is made wider, not moved.
        if (event.clientX > event.currentTarget.getBoundingClientRect().right - GRIP_WIDTH)
          return event.preventDefault();
        event.dataTransfer.setData(DRAGGED, name);
        event.dataTransfer.effectAllowed = 'move';
      }}
      onDragOver={(event) => {
        if (fixed || !event.dataTransfer.types.includes(DRAGGED)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const dragged = event.dataTransfer.getData(DRAGGED);
        if (dragged) actions.move(dragged, name);
      }}
    >
      <button
        type="button"
        className={styles.title}
        data-right={right || undefined}
        title={`${label}. Click to sort, with Shift by this column as well${fixed ? '' : '; drag to move'}`}
        onClick={(event) => actions.sort(name, event.shiftKey)}
      >
        <Label text={label} />
        {key && (
          <>
            <Arrow size={13} aria-hidden style={{ flex: 'none' }} />
            {keys.length > 1 && <span className={styles.count}>{at + 1}</span>}
          </>
        )}
      </button>
      <HeaderMenu column={column} sort={sort} pinned={pinned} fixed={fixed} actions={actions} label={label} />
      <Grip column={column} actions={actions} />
    </div>
  );
}

/** Long names differ at their ends: these are always shown. */
function Label({ text }: { text: string }) {
  if (text.length <= TAIL + 4) return <span className={styles.text}>{text}</span>;
  return (
    <>
      <span className={styles.text}>{text.slice(0, -TAIL)}</span>
      <span className={styles.tail}>{text.slice(-TAIL)}</span>
    </>
  );
}

function Grip({ column, actions }: { column: Placed; actions: ColumnActions }) {
  const from = useRef<{ x: number; width: number }>(undefined);
  const widthAt = (event: PointerEvent): number =>
    from.current
      ? Math.max(LEAST_WIDTH, Math.round(from.current.width + event.clientX - from.current.x))
      : column.width;
  return (
    <div
      className={styles.grip}
      aria-hidden
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { x: event.clientX, width: column.width };
      }}
      onPointerMove={(event) => from.current && actions.resize(column.name, widthAt(event), false)}
      onPointerUp={(event) => {
        const width = widthAt(event);
        const moved = from.current && width !== from.current.width;
        from.current = undefined;
        if (moved) actions.resize(column.name, width, true);
      }}
    />
  );
}

interface MenuProps extends Omit<Props, 'place' | 'right'> {
  label: string;
}

function HeaderMenu({ column, sort, pinned, fixed, actions, label }: MenuProps) {
  const { name, width } = column;
  const { entity, key } = readField(name);
  const others = sort.filter((clause) => readSort(clause).column !== name);
  return (
    <Menu position="bottom-start" width={240} shadow="md" withinPortal>
      <Menu.Target>
        <button type="button" className={styles.menuButton} aria-label={`Menu of the column ${label}`} title="Menu">
          <EllipsisVertical size={14} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<ArrowUp size={14} aria-hidden />}
          onClick={() => actions.setSort([writeSort({ column: name, descending: false })])}
        >
          Sort, smallest first
        </Menu.Item>
        <Menu.Item
          leftSection={<ArrowDown size={14} aria-hidden />}
          onClick={() => actions.setSort([writeSort({ column: name, descending: true })])}
        >
          Sort, largest first
        </Menu.Item>
        {sort.length > 0 && others.length === sort.length && (
          <Menu.Item onClick={() => actions.sort(name, true)}>Then by this column</Menu.Item>
        )}
        {others.length < sort.length && (
          <Menu.Item onClick={() => actions.setSort(others)}>Do not sort by it</Menu.Item>
        )}
        <Menu.Divider />
        {entity === 'metric' && <StatisticItems name={name} actions={actions} />}
        {entity === 'metric' && (
          <>
            <Menu.Item
              leftSection={<LineChart size={14} aria-hidden />}
              onClick={() => actions.resize(name, width >= SPARK_WIDTH ? defaultWidth(name) : 216, true)}
            >
              {width >= SPARK_WIDTH ? 'Narrow, without its line' : 'Wide, with its line'}
            </Menu.Item>
            <Menu.Item onClick={() => actions.plotAgainst(key)}>Use as x of the charts</Menu.Item>
            <Menu.Divider />
          </>
        )}
        {(entity === 'param' || entity === 'tag') && (
          <>
            <Menu.Item leftSection={<Group size={14} aria-hidden />} onClick={() => actions.group(name)}>
              Group by it
            </Menu.Item>
            <Menu.Divider />
          </>
        )}
        <Menu.Item leftSection={<Filter size={14} aria-hidden />} onClick={() => actions.filter(name)}>
          Filter by it
        </Menu.Item>
        {!fixed && (
          <>
            <Menu.Item
              leftSection={pinned ? <PinOff size={14} aria-hidden /> : <Pin size={14} aria-hidden />}
              onClick={() => actions.pin(name)}
            >
              {pinned ? 'Let it scroll' : 'Keep it in place'}
            </Menu.Item>
            <Menu.Item leftSection={<ArrowLeft size={14} aria-hidden />} onClick={() => actions.shift(name, -1)}>
              Move left
            </Menu.Item>
            <Menu.Item leftSection={<ArrowRight size={14} aria-hidden />} onClick={() => actions.shift(name, 1)}>
              Move right
            </Menu.Item>
          </>
        )}
        <Menu.Item onClick={() => actions.resize(name, width + 40, true)}>Wider</Menu.Item>
        <Menu.Item onClick={() => actions.resize(name, Math.max(LEAST_WIDTH, width - 40), true)}>Narrower</Menu.Item>
        {!fixed && (
          <Menu.Item leftSection={<EyeOff size={14} aria-hidden />} onClick={() => actions.hide(name)}>
            Hide
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

const STATISTICS: readonly (readonly [Statistic, string])[] = [
  ['latest', 'Last value'],
  ['min', 'Least value'],
  ['max', 'Greatest value'],
  ['first', 'First value'],
  ['count', 'Number of points'],
];

function StatisticItems({ name, actions }: { name: string; actions: ColumnActions }) {
  const { key, statistic } = readField(name);
  const better = guessBetter(key);
  const best = better === undefined ? undefined : better === 'lower' ? 'min' : 'max';
  return (
    <>
      <Menu.Label>The column shows the</Menu.Label>
      {STATISTICS.map(([each, words]) => (
        <Menu.Item
          key={each}
          role="menuitemradio"
          aria-checked={each === statistic}
          fw={each === statistic ? 600 : undefined}
          onClick={() => actions.replace(name, writeField('metric', key, each))}
        >
          {words}
          {each === best ? ' (the best)' : ''}
          {each === statistic ? ' ✓' : ''}
        </Menu.Item>
      ))}
      <Menu.Divider />
    </>
  );
}
