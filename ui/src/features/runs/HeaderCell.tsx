/** The head of a column: sorts by a click, moves by dragging, is made wider at its edge; the rest is in its menu. */

import { ArrowDown, ArrowUp, EllipsisVertical, Palette } from 'lucide-react';
import { type PointerEvent, useRef, useState } from 'react';
import { late } from '@/components/Late';
import { labelField } from './fields';
import { LEAST_WIDTH, type Placed } from './layout';
import styles from './RunGrid.module.css';
import { readSort } from './sorting';

const Items = late(async () => (await import('./later/ColumnItems')).ColumnItems);

/** What can be done with a column. */
export interface ColumnActions {
  sort: (column: string, add: boolean) => void;
  setSort: (clauses: string[]) => void;
  resize: (column: string, width: number, done: boolean) => void;
  /** Put a column before another one, at the end without one. */
  move: (column: string, before: string | undefined) => void;
  shift: (column: string, by: -1 | 1) => void;
  hide: (column: string) => void;
  /** Show a column behind another one. */
  add: (column: string, behind: string) => void;
  pin: (column: string) => void;
  /** Let the list of experiments show its best value. */
  speak: (column: string) => void;
  replace: (column: string, by: string) => void;
  group: (column: string) => void;
  /** Colour runs by its values; by themselves without one. */
  color: (column: string | undefined) => void;
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
  /** Runs have their colours by its values. */
  colored: boolean;
  actions: ColumnActions;
}

const TAIL = 9;
const GRIP_WIDTH = 8;
const DRAGGED = 'application/x-headrace-column';

export function HeaderCell({ column, place, sort, pinned, fixed, right, colored, actions }: Props) {
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
        {colored && <Palette size={13} role="img" aria-label="gives the colours" style={{ flex: 'none' }} />}
        {key && (
          <>
            <Arrow size={13} aria-hidden style={{ flex: 'none' }} />
            {keys.length > 1 && <span className={styles.count}>{at + 1}</span>}
          </>
        )}
      </button>
      <Items
        column={column}
        sort={sort}
        pinned={pinned}
        fixed={fixed}
        colored={colored}
        actions={actions}
        button={
          <button type="button" className={styles.menuButton} aria-label={`Menu of the column ${label}`} title="Menu">
            <EllipsisVertical size={14} aria-hidden />
          </button>
        }
      />
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
