/** The box and the eye in the head of the first column: select all rows, and which runs the charts show. */

import { Eye } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { late } from '@/components/Late';
import styles from './RunGrid.module.css';
import { DEFAULT_SHOWN } from './shownRuns';

const Items = late(async () => (await import('./later/ShowItems')).ShowItems);

interface Props {
  selection: 'none' | 'some' | 'all';
  selectAll: () => void;
  show: number | string[] | undefined;
  change: (show: number | undefined) => void;
  showSelected: (() => void) | undefined;
  what: 'runs' | 'groups';
}

export function ShowMenu({ selection, selectAll, show, change, showSelected, what }: Props) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current) box.current.indeterminate = selection === 'some';
  }, [selection]);
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
      <Items
        first={show === undefined ? DEFAULT_SHOWN : show}
        change={change}
        showSelected={showSelected}
        what={what}
        button={
          <button
            type="button"
            className={styles.icon}
            aria-label="Runs shown in the charts"
            title="Runs shown in the charts"
            style={{ marginLeft: 6 }}
          >
            <Eye size={14} aria-hidden />
          </button>
        }
      />
    </>
  );
}
