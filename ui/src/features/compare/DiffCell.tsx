/** Cells and heads of the table of differences. */

import { ActionIcon, Tooltip } from '@mantine/core';
import { ArrowDown, ArrowUp } from 'lucide-react';
import type { Better } from '@/lib/better';
import styles from './DiffTab.module.css';
import type { Cell, RowLine } from './diff';

/** One value; the best is bold, what differs from the base line has a ground, the distance stands before the value. */
export function DiffCell({ cell, numeric }: { cell: Cell; numeric: boolean }) {
  if (cell.missing) {
    return (
      <span className={`${styles.cell} ${numeric ? styles.numeric : ''} ${styles.missing}`} title={cell.title}>
        <span aria-hidden>–</span>
        <span className="visually-hidden">not there</span>
      </span>
    );
  }
  const marks = [
    styles.cell,
    numeric && styles.numeric,
    cell.changed && !numeric && styles.changed,
    cell.best && styles.best,
  ];
  return (
    <span className={marks.filter(Boolean).join(' ')} title={cell.title}>
      {cell.delta && (
        <span className={`${styles.delta} ${cell.trend ? styles[cell.trend] : ''} ellipsis`}>{cell.delta}</span>
      )}
      <span className={`${styles.value} ellipsis`}>{cell.text}</span>
      {cell.best && <span className="visually-hidden">best</span>}
    </span>
  );
}

/** The key of a row; of metrics also which side is better, which can be turned. */
export function KeyHead({ line, onFlip }: { line: RowLine; onFlip: (key: string) => void }) {
  return (
    <span className={styles.key} title={titleOf(line)}>
      <span className="ellipsis">{line.label}</span>
      {line.section === 'metrics' && <BetterButton label={line.key} better={line.better} onFlip={onFlip} />}
    </span>
  );
}

/** The key as the head of a column, under the name of its section. */
export function TopKeyHead({
  line,
  section,
  onFlip,
}: {
  line: RowLine;
  section: string;
  onFlip: (key: string) => void;
}) {
  return (
    <span className={styles.topKey} title={titleOf(line)}>
      <small className="ellipsis">{section}</small>
      <span className={styles.topLine}>
        <span className="ellipsis">{line.label}</span>
        {line.section === 'metrics' && <BetterButton label={line.key} better={line.better} onFlip={onFlip} />}
      </span>
    </span>
  );
}

const titleOf = (line: RowLine): string =>
  line.respelled ? `${line.key}: written differently, but the same number` : line.key;

function BetterButton({ label, better, onFlip }: { label: string; better: Better; onFlip: (key: string) => void }) {
  const words = better === 'lower' ? 'Lower is better' : better === 'higher' ? 'Higher is better' : 'Neither is better';
  const other = better === 'lower' ? 'higher' : 'lower';
  const Icon = better === 'lower' ? ArrowDown : ArrowUp;
  return (
    <Tooltip label={`${words}. Press to say that ${better ? other : 'higher'} is.`} openDelay={400}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={18}
        aria-label={`${label}: ${words.toLowerCase()}; turn it`}
        onClick={() => onFlip(label)}
        style={better ? undefined : { opacity: 0.4 }}
      >
        <Icon size={12} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
