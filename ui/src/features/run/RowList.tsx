/** Rows of one height in a box that scrolls, of which only those in view exist. */

import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef } from 'react';
import styles from './RunPage.module.css';

interface Props {
  /** What the rows are: "Params". */
  label: string;
  count: number;
  /** The cells of the head. */
  head: ReactNode;
  /** Class that says how wide the columns are. */
  columns: string;
  maxHeight: number;
  rowKey: (row: number) => string;
  /** The cells of a row. */
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
    <div ref={box} className={styles.rows} style={{ maxHeight }} tabIndex={0}>
      <table aria-label={label} aria-rowcount={count + 1}>
        <thead>
          <tr className={`${styles.row} ${styles.rowHead} ${columns}`} aria-rowindex={1}>
            {head}
          </tr>
        </thead>
        <tbody style={{ height: rows.getTotalSize() }}>
          {items.map((item) => (
            <tr
              key={item.key}
              className={`${styles.row} ${columns}`}
              aria-rowindex={item.index + 2}
              style={{ position: 'absolute', transform: `translateY(${item.start}px)` }}
            >
              {row(item.index)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
