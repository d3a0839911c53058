/** Says whether the page hears of changes; gone while it is not asked to. */

import { Badge, Button, Group } from '@mantine/core';
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
  return (
    <Group gap="xs" role="status" title={state.message} wrap="nowrap">
      <Badge variant="light" color="gray" radius="xl" style={{ textTransform: 'none' }}>
        Not updating since {formatTime(state.since).slice(11)}
      </Badge>
      <Button size="compact-xs" variant="default" onClick={live.restart}>
        Retry now
      </Button>
    </Group>
  );
}
