/** The star of a run, an experiment or a model: puts it into the bar at the left, for the one who looks. */

import { ActionIcon } from '@mantine/core';
import { Star } from 'lucide-react';
import { type StarKind, useStars } from './useStars';

interface Props {
  kind: StarKind;
  id: string;
  /** Width in pixels of the star. */
  size?: number;
}

export function StarButton({ kind, id, size = 16 }: Props) {
  const { has, toggle } = useStars();
  const on = has(kind, id);
  const label = on ? `Remove the star of this ${kind}` : `Star this ${kind}`;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={size + 10}
      aria-pressed={on}
      aria-label={label}
      title={label}
      onClick={(event) => {
        event.stopPropagation();
        event.preventDefault();
        void toggle(kind, id);
      }}
    >
      <Star
        size={size}
        aria-hidden
        color={on ? 'var(--hr-warn)' : 'var(--hr-dim)'}
        fill={on ? 'var(--hr-warn)' : 'none'}
      />
    </ActionIcon>
  );
}
