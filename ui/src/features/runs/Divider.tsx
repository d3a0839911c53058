/** The line between table and charts: dragged, or moved by the arrow keys. */

import { type KeyboardEvent, type PointerEvent, useRef } from 'react';
import styles from './RunsPage.module.css';

interface Props {
  /** Share of the width that is left of it. */
  share: number;
  change: (share: number, done: boolean) => void;
}

const LEAST = 0.2;
const MOST = 0.8;
const STEP = 0.02;

const within = (share: number): number => Math.round(Math.min(MOST, Math.max(LEAST, share)) * 1000) / 1000;

export function Divider({ share, change }: Props) {
  const dragged = useRef(false);
  const shareAt = (event: PointerEvent<HTMLElement>): number => {
    const box = event.currentTarget.parentElement?.getBoundingClientRect();
    return box && box.width > 0 ? within((event.clientX - box.left) / box.width) : share;
  };
  const press = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowLeft' ? -STEP : event.key === 'ArrowRight' ? STEP : 0;
    if (step === 0) return;
    event.preventDefault();
    change(within(share + step), true);
  };
  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the table"
      aria-valuenow={Math.round(share * 100)}
      aria-valuemin={LEAST * 100}
      aria-valuemax={MOST * 100}
      tabIndex={0}
      className={styles.divider}
      onKeyDown={press}
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        dragged.current = true;
      }}
      onPointerMove={(event) => dragged.current && change(shareAt(event), false)}
      onPointerUp={(event) => {
        if (!dragged.current) return;
        dragged.current = false;
        change(shareAt(event), true);
      }}
      onDoubleClick={() => change(0.46, true)}
    />
  );
}
