/** What the colours of runs mean. */

import { Group, Text, useComputedColorScheme } from '@mantine/core';
import { markGradient, noColor } from '@/charts/palettes';
import { formatNumber } from '@/lib/format';

export type Legend =
  | { kind: 'own' }
  /** All are grey: none has a `value`, or each has one that is no finite `number`. */
  | { kind: 'none'; label: string; lacks: 'value' | 'number' }
  /** `log`: equal ratios are equally far apart. */
  | { kind: 'scale'; label: string; low: number; high: number; log?: boolean }
  | { kind: 'choices'; label: string; items: readonly { name: string; color: string; count: number }[] };

export function ColorLegend({ legend }: { legend: Legend }) {
  const dark = useComputedColorScheme('light') === 'dark';
  if (legend.kind === 'own') return null;
  if (legend.kind === 'none') {
    const what = legend.lacks === 'value' ? 'has a value' : 'has a finite number';
    return <GreyNote>{`No run here ${what} of ${legend.label}: all are grey`}</GreyNote>;
  }
  if (legend.kind === 'scale') {
    return (
      <Group gap="xs" wrap="nowrap">
        <Text size="xs" c="dimmed" className="ellipsis" maw={160} title={legend.label}>
          {legend.label}
        </Text>
        <Text size="xs">{formatNumber(legend.low)}</Text>
        <div aria-hidden style={{ width: 96, height: 8, borderRadius: 4, background: markGradient(dark) }} />
        <Text size="xs">{formatNumber(legend.high)}</Text>
        {legend.log && (
          <Text size="xs" c="dimmed">
            logarithmic
          </Text>
        )}
      </Group>
    );
  }
  return (
    <Group gap="sm" wrap="wrap">
      <Text size="xs" c="dimmed" className="ellipsis" maw={160} title={legend.label}>
        {legend.label}
      </Text>
      {legend.items.map(({ name, color, count }) => (
        <Group key={name} gap={4} wrap="nowrap">
          <span aria-hidden style={{ width: 10, height: 10, borderRadius: 5, background: color, flex: 'none' }} />
          <Text size="xs" className="ellipsis" maw={140} title={name}>
            {name} ({count})
          </Text>
        </Group>
      ))}
    </Group>
  );
}

/** Why runs are grey. */
export function GreyNote({ children }: { children: string }) {
  const dark = useComputedColorScheme('light') === 'dark';
  return (
    <Group gap={4} wrap="nowrap" role="status">
      <span aria-hidden style={{ width: 10, height: 10, borderRadius: 5, background: noColor(dark), flex: 'none' }} />
      <Text size="xs" style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
    </Group>
  );
}
