/** A small button that copies a text and says that it did. */

import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { Check, Copy, X } from 'lucide-react';
import { type MouseEvent, useEffect, useState } from 'react';
import { copyText } from '@/lib/clipboard';

interface Props {
  /** What is copied; a function is asked when the button is pressed. */
  text: string | (() => string);
  /** What the button does, in words: "Copy run ID". */
  label: string;
  size?: number;
  /** Show the label as a word beside the sign. */
  worded?: boolean;
  className?: string | undefined;
}

export function CopyButton({ text, label, size = 24, worded = false, className }: Props) {
  const [outcome, setOutcome] = useState<'copied' | 'refused' | undefined>();
  useEffect(() => {
    if (!outcome) return;
    const timer = setTimeout(() => setOutcome(undefined), 1500);
    return () => clearTimeout(timer);
  }, [outcome]);
  const said = outcome === 'copied' ? 'Copied' : outcome === 'refused' ? 'The browser did not allow it' : label;
  const Icon = outcome === 'copied' ? Check : outcome === 'refused' ? X : Copy;
  const copy = async (event: MouseEvent) => {
    event.stopPropagation();
    const done = await copyText(typeof text === 'string' ? text : text());
    setOutcome(done ? 'copied' : 'refused');
  };
  const sign = (
    <Icon
      size={worded ? 14 : Math.round(size * 0.6)}
      aria-hidden
      color={outcome === 'copied' ? 'var(--hr-ok)' : undefined}
    />
  );
  const voice = (
    <span className="visually-hidden" role="status">
      {outcome ? said : ''}
    </span>
  );
  if (worded) {
    return (
      <Button
        size="xs"
        variant="default"
        leftSection={sign}
        className={className}
        onClick={(event) => void copy(event)}
      >
        {label}
        {voice}
      </Button>
    );
  }
  return (
    <Tooltip label={said} openDelay={300} withArrow>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={size}
        className={className}
        aria-label={label}
        onClick={(event) => void copy(event)}
      >
        {sign}
        {voice}
      </ActionIcon>
    </Tooltip>
  );
}
