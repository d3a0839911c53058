/** What stands where there is nothing yet: what it would be, and how to get it. */

import { Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Stack gap="sm" p="xl" align="flex-start" maw={640}>
      <Title order={2}>{title}</Title>
      {typeof children === 'string' ? <Text c="dimmed">{children}</Text> : children}
    </Stack>
  );
}
