/** The state of a run as icon, word and colour. */

import { Ban, CircleAlert, CircleCheck, CircleDotDashed, CircleHelp, Clock } from 'lucide-react';
import type { CSSProperties } from 'react';

const STATES = {
  RUNNING: { icon: CircleDotDashed, word: 'running', color: 'var(--hr-accent)' },
  SCHEDULED: { icon: Clock, word: 'scheduled', color: 'var(--hr-dim)' },
  FINISHED: { icon: CircleCheck, word: 'finished', color: 'var(--hr-ok)' },
  FAILED: { icon: CircleAlert, word: 'failed', color: 'var(--hr-bad)' },
  KILLED: { icon: Ban, word: 'killed', color: 'var(--hr-dim)' },
  LOST: { icon: CircleHelp, word: 'lost', color: 'var(--hr-warn)' },
} as const;

/** `compact` shows the icon alone; its word is then read by screen readers and shown as a tooltip. */
export function RunStateBadge({ state, compact = false }: { state: string; compact?: boolean }) {
  const known = STATES[state as keyof typeof STATES] ?? {
    icon: CircleHelp,
    word: state.toLowerCase(),
    color: 'var(--hr-dim)',
  };
  const Icon = known.icon;
  const style: CSSProperties = { color: known.color, display: 'inline-flex', alignItems: 'center', gap: 4 };
  return (
    <span style={style} title={known.word}>
      <Icon size={14} aria-hidden />
      <span className={compact ? 'visually-hidden' : undefined}>{known.word}</span>
    </span>
  );
}
