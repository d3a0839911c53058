/** How many rows there are, how they are ordered, and what has been left out. */

import { formatCount } from '@/lib/format';
import { labelField } from './fields';
import styles from './RunsPage.module.css';
import { MOST_ROWS } from './requests';
import { readSort } from './sorting';
import type { Change, WorkspaceModel } from './useWorkspace';

interface Props {
  model: WorkspaceModel;
  change: Change;
  openColumns: () => void;
}

export function Footer({ model, change, openColumns }: Props) {
  const { frame, grouped, groups, shown, sort, hidden, table } = model;
  const what = grouped ? `${formatCount(shown.size)} of ${formatCount(groups.length)} groups` : formatCount(shown.size);
  if (!table.frame || (frame.total === 0 && !table.isOld)) return <footer className={styles.foot} />;
  const all = frame.total > frame.matching ? `, ${formatCount(frame.total)} in all` : '';
  return (
    <footer className={styles.foot}>
      <span>
        {what} shown in the charts, {formatCount(frame.matching)} {frame.matching === 1 ? 'run matches' : 'runs match'}
        {all}
      </span>
      {sort.length > 0 ? (
        <span>
          Sorted by{' '}
          {sort
            .map(readSort)
            .map(({ column, descending }) => `${labelField(column)} ${descending ? '↓' : '↑'}`)
            .join(', ')}{' '}
          <button type="button" onClick={() => change({ sort: undefined })}>
            newest first
          </button>
        </span>
      ) : (
        frame.matching > 1 && <span>Newest first</span>
      )}
      {hidden > 0 && (
        <button type="button" onClick={openColumns}>
          {hidden === 1 ? '1 equal column is' : `${hidden} equal columns are`} left out
        </button>
      )}
      {!frame.complete && <span role="status">Reading all rows</span>}
      {frame.complete && frame.matching > MOST_ROWS && (
        <span role="status">The newest {formatCount(MOST_ROWS)} are here; narrow the filter to see others</span>
      )}
      {table.isOld && table.isReading && <span role="status">Looking</span>}
    </footer>
  );
}
