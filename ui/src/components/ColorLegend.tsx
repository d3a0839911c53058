/** What the colours of runs mean. */

import { Group, Text, useComputedColorScheme } from '@mantine/core';
import { markGradient } from '@/charts/palettes';
import { formatNumber } from '@/lib/format';

export type Legend =
  | { kind: 'own' }
  /** `log`: equal ratios are equally far apart. */
  | { kind: 'scale'; label: string; low: number; high: number; log?: boolean }
  | { kind: 'choices'; label: string; items: readonly { name: string; color: string; count: number }[] };

export function ColorLegend({ legend }: { legend: Legend }) {
  const dark = useComputedColorScheme('light') === 'dark';
  if (legend.kind === 'own') return null;
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
