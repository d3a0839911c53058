/** A name that is cut before its last characters where there is no room: long names differ at their ends. */

import styles from './Ends.module.css';

/** Names with more characters have an end that always shows. */
const LONG = 20;
const TAIL = 9;

export function Ends({ text }: { text: string }) {
  if (text.length <= LONG) return <span className="ellipsis">{text}</span>;
  return (
    <span className={styles.ends}>
      <span className="ellipsis">{text.slice(0, -TAIL)}</span>
      <span className={styles.tail}>{text.slice(-TAIL)}</span>
    </span>
  );
}
