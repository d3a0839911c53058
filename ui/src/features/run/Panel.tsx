/** A part of the page with a title, and what can be done with it. */

import { type ReactNode, useId } from 'react';
import styles from './RunPage.module.css';

interface Props {
  title: string;
  /** Short facts beside the title. */
  note?: string | undefined;
  actions?: ReactNode;
  /** Without space around what is in it. */
  flush?: boolean;
  children: ReactNode;
}

export function Panel({ title, note, actions, flush = false, children }: Props) {
  const id = useId();
  return (
    <section className={styles.panel} aria-labelledby={id}>
      <div className={styles.panelHead}>
        <h2 id={id}>
          {title}
          {note && <small>{note}</small>}
        </h2>
        {actions}
      </div>
      <div className={flush ? undefined : styles.panelBody}>{children}</div>
    </section>
  );
}
