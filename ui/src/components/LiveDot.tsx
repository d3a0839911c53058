/** Says whether the page hears of changes; gone while it is not asked to. */

import { Badge, Button, Group } from '@mantine/core';
import { useEffect, useState } from 'react';
import { live, useLiveState } from '@/api/live';
import { formatTime } from '@/lib/format';

export function LiveDot() {
  const state = useLiveState();
  if (state.kind === 'paused') return null;
  if (state.kind === 'live') {
    return (
      <Badge
        variant="outline"
        radius="xl"
        color="gray"
        c="var(--hr-ok)"
        style={{ textTransform: 'none', flex: 'none' }}
        leftSection={
          <span
            aria-hidden
            style={{ width: 7, height: 7, borderRadius: 4, background: 'var(--hr-ok)', display: 'block' }}
          />
        }
        title="Changes show by themselves"
      >
        live
      </Badge>
    );
  }
  return <Lost {...state} />;
}

/** Since when nothing is heard, and when the next try is. */
function Lost({ since, retryAt, message }: { since: number; retryAt: number; message: string }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const left = Math.ceil((retryAt - now) / 1000);
  return (
    <Group gap="xs" wrap="nowrap">
      <Badge
        variant="light"
        color="gray"
        radius="xl"
        style={{ textTransform: 'none', fontVariantNumeric: 'tabular-nums' }}
        title={message}
      >
        <span role="status">Not updating since {formatTime(since).slice(11)}</span>
        {left > 0 ? `, retrying in ${left} s` : ', retrying'}
      </Badge>
      <Button size="compact-xs" variant="default" onClick={live.restart}>
        Retry now
      </Button>
    </Group>
  );
}
