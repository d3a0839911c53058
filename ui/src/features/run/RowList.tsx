/** Rows of one height in a box that scrolls, of which only those in view exist. A table for those who do not see it. */

import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef } from 'react';
import styles from './RunPage.module.css';

interface Props {
  /** What the rows are: "Params". */
  label: string;
  count: number;
  /** Names of the columns; they are shown if `head` is. */
  head: ReactNode;
  columns: string;
  maxHeight: number;
  rowKey: (row: number) => string;
  row: (row: number) => ReactNode;
  /** Told which rows are in view, the last one included. */
  onRange?: ((first: number, last: number) => void) | undefined;
}

const ROW_PX = 28;

export function RowList({ label, count, head, columns, maxHeight, rowKey, row, onRange }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
    getItemKey: rowKey,
  });
  const items = rows.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? -1];
  useEffect(() => onRange?.(first, last), [onRange, first, last]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <div ref={box} className={styles.rows} style={{ maxHeight }} tabIndex={0} role="table" aria-label={label} aria-rowcount={count + 1}>
      <div className={`${styles.row} ${styles.rowHead} ${columns}`} role="row" aria-rowindex={1}>
        {head}
      </div>
      <div style={{ height: rows.getTotalSize(), position: 'relative' }} role="rowgroup">
        {items.map((item) => (
          <div
            key={item.key}
            className={`${styles.row} ${columns}`}
            role="row"
            aria-rowindex={item.index + 2}
            style={{ position: 'absolute', transform: `translateY(${item.start}px)` }}
          >
            {row(item.index)}
          </div>
        ))}
      </div>
    </div>
  );
}
