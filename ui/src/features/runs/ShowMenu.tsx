/** The box and the eye in the head of the first column: select all rows, and which runs the charts show. */

import { Menu } from '@mantine/core';
import { Eye } from 'lucide-react';
import { useEffect, useRef } from 'react';
import styles from './RunGrid.module.css';

interface Props {
  selection: 'none' | 'some' | 'all';
  selectAll: () => void;
  show: number | string[] | undefined;
  change: (show: number | undefined) => void;
  showSelected: (() => void) | undefined;
  what: 'runs' | 'groups';
}

const FIRST = [5, 10, 20, 50, 500] as const;
export const DEFAULT_SHOWN = 10;

export function ShowMenu({ selection, selectAll, show, change, showSelected, what }: Props) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current) box.current.indeterminate = selection === 'some';
  }, [selection]);
  const first = show === undefined ? DEFAULT_SHOWN : show;
  return (
    <>
      <input
        ref={box}
        type="checkbox"
        className={styles.check}
        checked={selection === 'all'}
        aria-label="Select all rows"
        title="Select all rows"
        onChange={selectAll}
      />
      <Menu position="bottom-start" width={220} shadow="md" withinPortal>
        <Menu.Target>
          <button
            type="button"
            className={styles.icon}
            aria-label="Which the charts show"
            title="Which the charts show"
            style={{ marginLeft: 6 }}
          >
            <Eye size={14} aria-hidden />
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>The charts show</Menu.Label>
          {FIRST.map((count) => (
            <Menu.Item
              key={count}
              role="menuitemradio"
              aria-checked={first === count}
              onClick={() => change(count === DEFAULT_SHOWN ? undefined : count)}
            >
              {count === 500 ? `all ${what}, at most 500` : `the first ${count} ${what}`}
              {first === count ? ' ✓' : ''}
            </Menu.Item>
          ))}
          {showSelected && <Menu.Item onClick={showSelected}>those that are selected</Menu.Item>}
          <Menu.Item onClick={() => change(0)}>none</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
