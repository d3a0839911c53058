/** What a page shows instead of itself when it cannot be drawn. */

import { Stack, Title } from '@mantine/core';
import type { ErrorComponentProps } from '@tanstack/react-router';
import { Failure } from './Failure';

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  return (
    <Stack p="xl" gap="sm">
      <Title order={1}>This page could not be shown</Title>
      <Failure error={error} retry={reset} />
    </Stack>
  );
}
