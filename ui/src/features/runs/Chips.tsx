/** The clauses of the filter as chips: each can be dropped by a click, and changed where it is one comparison. */

import { X } from 'lucide-react';
import { late } from '@/components/Late';
import styles from './FilterBox.module.css';
import { dropPart, labelPart, type Part, readParts, replacePart, writeComparison } from './filterText';

const Editor = late(async () => (await import('./later/ClauseEditor')).ClausePopover, 'dialog');

interface Props {
  q: string;
  apply: (q: string) => void;
}

export function Chips({ q, apply }: Props) {
  const parts = readParts(q);
  if (parts.length === 0) return null;
  return (
    <ul className={styles.chips} aria-label="Clauses of the filter" style={{ listStyle: 'none', margin: 0 }}>
      {parts.map((part) => (
        <li key={`${part.start} ${part.text}`} className={styles.chip}>
          <Label part={part} change={(written) => apply(replacePart(q, part, written))} />
          <button
            type="button"
            className={styles.drop}
            aria-label={`Drop ${part.text}`}
            title="Drop this clause"
            onClick={() => apply(dropPart(q, part))}
          >
            <X size={13} aria-hidden />
          </button>
        </li>
      ))}
    </ul>
  );
}

function Label({ part, change }: { part: Part; change: (written: string) => void }) {
  if (!part.simple) {
    return (
      <span className={`${styles.label} mono`} title={part.text}>
        {part.text}
      </span>
    );
  }
  return (
    <Editor
      comparison={part.simple}
      save={(comparison) => change(writeComparison(comparison))}
      button={
        <button type="button" className={styles.label} title={part.text}>
          {labelPart(part)}
        </button>
      }
    />
  );
}
