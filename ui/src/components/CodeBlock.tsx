/** A text in fixed width: code, logs, configuration. It can be copied and wrapped. */

import { ActionIcon, Tooltip } from '@mantine/core';
import { WrapText } from 'lucide-react';
import { useMemo, useState } from 'react';
import styles from './CodeBlock.module.css';
import { CopyButton } from './CopyButton';

interface Props {
  text: string;
  /** What it is, for those who do not see it: "requirements.txt". */
  label: string;
  /** Line numbers, which start here. */
  numbersFrom?: number | undefined;
  /** In pixels or any CSS length; without it the block is as high as its text. */
  maxHeight?: number | string | undefined;
}

export function CodeBlock({ text, label, numbersFrom, maxHeight }: Props) {
  const [wrapped, setWrapped] = useState(false);
  const numbers = useMemo(() => {
    if (numbersFrom === undefined || wrapped) return undefined;
    const lines = text.endsWith('\n') ? text.slice(0, -1).split('\n') : text.split('\n');
    return lines.map((_, place) => numbersFrom + place).join('\n');
  }, [text, numbersFrom, wrapped]);
  return (
    <div className={styles.block}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={styles.scroll} style={{ maxHeight }} aria-label={label} tabIndex={0}>
        {numbers !== undefined && (
          <pre className={styles.numbers} aria-hidden>
            {numbers}
          </pre>
        )}
        <pre className={`${styles.text} ${wrapped ? styles.wrapped : ''}`}>{text}</pre>
      </section>
      <div className={styles.tools}>
        <Tooltip label={wrapped ? 'Do not wrap lines' : 'Wrap lines'} openDelay={300}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={24}
            aria-label="Wrap lines"
            aria-pressed={wrapped}
            onClick={() => setWrapped(!wrapped)}
          >
            <WrapText size={14} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <CopyButton text={text} label={`Copy ${label}`} />
      </div>
    </div>
  );
}
