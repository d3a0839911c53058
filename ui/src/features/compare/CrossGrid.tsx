/** A table of which only the cells in view are there, in both directions; its head and its first column stay. It knows neither runs nor keys. */

import { useElementSize, useMergedRef } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef } from 'react';
import styles from './CrossGrid.module.css';

interface Props {
  /** What the table shows, in words. */
  label: string;
  rows: number;
  columns: number;
  /** At least; few columns share the room that there is. */
  columnWidth: number;
  rowHeight: number;
  /** Width of the first column, height of the head, in pixels. */
  headWidth: number;
  headHeight: number;
  corner: ReactNode;
  columnHead(column: number): ReactNode;
  rowHead(row: number): ReactNode;
  cell(row: number, column: number): ReactNode;
  /** The whole row is a heading; `undefined` of others. */
  section?: ((row: number) => ReactNode) | undefined;
  rowKey(row: number): string;
}

/** Wider than this no column becomes by itself. */
const MOST_WIDTH = 480;

export function CrossGrid(props: Props) {
  const { label, rows, columns, rowHeight, headWidth, headHeight } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const { ref: measured, width: room } = useElementSize();
  const ref = useMergedRef(scroll, measured);
  const shared = columns > 0 ? Math.min(MOST_WIDTH, Math.floor((room - headWidth) / columns)) : 0;
  const columnWidth = Math.max(props.columnWidth, shared);
  const down = useVirtualizer({
    count: rows,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const across = useVirtualizer({
    count: columns,
    getScrollElement: () => scroll.current,
    estimateSize: () => columnWidth,
    horizontal: true,
    overscan: 2,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes are read anew when they change
  useEffect(() => {
    down.measure();
    across.measure();
  }, [columnWidth, rowHeight]);
  const width = headWidth + across.getTotalSize();
  const shown = across.getVirtualItems();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section ref={ref} className={styles.scroll} aria-label={label} tabIndex={0}>
      {/* biome-ignore-start lint/a11y/useSemanticElements: cells that are not there must not upset the others, as they would in a real table */}
      {/* biome-ignore-start lint/a11y/useFocusableInteractive: the cells are read, not operated; what is operated within them can be focused */}
      <div
        role="table"
        aria-label={label}
        aria-rowcount={rows + 1}
        aria-colcount={columns + 1}
        className={styles.grid}
        style={{ width, height: headHeight + down.getTotalSize() }}
      >
        <div role="row" aria-rowindex={1} className={styles.headRow} style={{ width, height: headHeight }}>
          <div role="columnheader" aria-colindex={1} className={styles.corner} style={{ width: headWidth }}>
            {props.corner}
          </div>
          {shown.map(({ index, start }) => (
            <div
              key={index}
              role="columnheader"
              aria-colindex={index + 2}
              className={styles.columnHead}
              style={{ left: headWidth + start, width: columnWidth }}
            >
              {props.columnHead(index)}
            </div>
          ))}
        </div>
        {down.getVirtualItems().map(({ index, start }) => {
          const place = { top: headHeight + start, height: rowHeight, width };
          const section = props.section?.(index);
          if (section !== undefined) {
            return (
              <div
                key={props.rowKey(index)}
                role="row"
                aria-rowindex={index + 2}
                className={styles.section}
                style={place}
              >
                <div role="rowheader" className={styles.sectionHead}>
                  {section}
                </div>
              </div>
            );
          }
          return (
            <div key={props.rowKey(index)} role="row" aria-rowindex={index + 2} className={styles.row} style={place}>
              <div role="rowheader" aria-colindex={1} className={styles.rowHead} style={{ width: headWidth }}>
                {props.rowHead(index)}
              </div>
              {shown.map((column) => (
                <div
                  key={column.index}
                  role="cell"
                  aria-colindex={column.index + 2}
                  className={styles.cell}
                  style={{ left: headWidth + column.start, width: columnWidth }}
                >
                  {props.cell(index, column.index)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
      {/* biome-ignore-end lint/a11y/useFocusableInteractive: see above */}
      {/* biome-ignore-end lint/a11y/useSemanticElements: see above */}
    </section>
  );
}
