/** The rows of the tree: only those in view are drawn. Arrow keys, j and k move; right and left open and close folders. */

import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { useMemo, useRef } from 'react';
import pieces from '@/components/pieces.module.css';
import { useStars } from '@/features/stars/useStars';
import { useKeys } from '@/lib/keys';
import { blocksInSight } from './blocks';
import type { Question } from './ExperimentDialog';
import { ExperimentItem, FolderItem } from './ExperimentRows';
import classes from './ExperimentsPage.module.css';
import type { Sort, TreeRow } from './tree';
import { useBests } from './useBests';

interface Props {
  rows: readonly TreeRow[];
  sort: Sort;
  setSort: (sort: Sort) => void;
  toggle: (path: string) => void;
  ask: (question: Question) => void;
  trash: boolean;
}

const ROW_PX = 36;

export function ExperimentTree({ rows, sort, setSort, toggle, ask, trash }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    scrollPaddingStart: ROW_PX,
  });
  const stars = useStars();
  const bests = useBests(useInSight(rows, virtual.range));
  const focus = (place: number) => {
    const to = Math.max(0, Math.min(rows.length - 1, place));
    virtual.scrollToIndex(to);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-place="${to}"] [data-main]`)?.focus());
  };
  const at = (): number => {
    const row = document.activeElement?.closest('[data-place]');
    return row instanceof HTMLElement && box.current?.contains(row) ? Number(row.dataset.place) : -1;
  };
  const turn = (open: boolean) => {
    const place = at();
    const row = rows[place];
    if (row?.kind === 'folder' && row.isOpen !== open) toggle(row.path);
    else if (row && !open) focus(rows.findLastIndex((each, index) => index < place && each.depth < row.depth));
  };
  useKeys({
    j: { label: 'Next row', run: () => focus(at() + 1) },
    k: { label: 'Previous row', run: () => focus(at() - 1) },
    ArrowDown: { label: 'Next row', run: () => focus(at() + 1) },
    ArrowUp: { label: 'Previous row', run: () => focus(at() - 1) },
    ArrowRight: { label: 'Open the folder', run: () => turn(true) },
    ArrowLeft: { label: 'Close the folder', run: () => turn(false) },
    s: {
      label: 'Star the experiment',
      run: () => {
        const row = rows[at()];
        if (row?.kind === 'experiment') void stars.toggle('experiment', row.experiment.experiment_id);
      },
    },
  });

  const head = (label: string, by: Sort | undefined, className = '') => (
    <div
      role="columnheader"
      className={`${classes.cell} ${className}`}
      aria-sort={by === sort ? (by === 'name' ? 'ascending' : 'descending') : undefined}
    >
      {by ? (
        <button type="button" className={`${pieces.bare} ${classes.sort}`} onClick={() => setSort(by)}>
          {label}
          {by === sort && (by === 'name' ? <ArrowUp size={12} aria-hidden /> : <ArrowDown size={12} aria-hidden />)}
        </button>
      ) : (
        label
      )}
    </div>
  );

  return (
    <div ref={box} className={classes.table} role="treegrid" aria-label="Experiments" aria-rowcount={rows.length + 1}>
      <div role="rowgroup" className={classes.head}>
        <div role="row" className={classes.row} aria-rowindex={1}>
          {head('Name', 'name')}
          {head('Runs', 'runs', classes.right)}
          {head('Running', undefined)}
          {head('Last run', 'last')}
          {head('Best', undefined, classes.best)}
          {head('Owner', undefined, classes.owner)}
          {head('Created', 'created', classes.created)}
          {head('Notes', undefined)}
          <div role="columnheader">
            <span className="visually-hidden">Actions</span>
          </div>
        </div>
      </div>
      <div role="rowgroup" className={classes.body} style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index];
          if (!row) return null;
          const folder = row.kind === 'folder';
          return (
            <div
              key={folder ? `folder ${row.path}` : row.experiment.experiment_id}
              role="row"
              aria-rowindex={index + 2}
              aria-level={row.depth + 1}
              aria-expanded={folder ? row.isOpen : undefined}
              data-place={index}
              className={classes.row}
              style={{ transform: `translateY(${start}px)` }}
            >
              {folder ? (
                <FolderItem row={row} toggle={() => toggle(row.path)} ask={ask} trash={trash} />
              ) : (
                <ExperimentItem row={row} ask={ask} trash={trash} best={bests.get(row.experiment.experiment_id)} />
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The experiments in blocks that are in sight. */
function useInSight(rows: readonly TreeRow[], range: { startIndex: number; endIndex: number } | null): string[][] {
  const [ids, places] = useMemo(() => {
    const ids: string[] = [];
    const places = rows.map((row) => (row.kind === 'experiment' ? ids.push(row.experiment.experiment_id) : ids.length));
    return [ids, places];
  }, [rows]);
  if (!range || ids.length === 0) return [];
  return blocksInSight(
    ids,
    Math.max(0, (places[range.startIndex] ?? 1) - 1),
    (places[range.endIndex] ?? ids.length) - 1,
  );
}
