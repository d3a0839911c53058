/** An error in words, with what can be done about it. The rest of the page lives on. */

import { Alert, Button, Group, Text } from '@mantine/core';
import { TriangleAlert } from 'lucide-react';
import { ApiError } from '@/api/client';

interface Props {
  error: unknown;
  retry?: (() => void) | undefined;
  title?: string | undefined;
}

export function Failure({ error, retry, title }: Props) {
  const message = error instanceof Error ? error.message : String(error);
  const status = error instanceof ApiError && error.status > 0 ? ` (HTTP ${error.status} ${error.code})` : '';
  return (
    <Alert
      color="red"
      variant="light"
      icon={<TriangleAlert size={18} aria-hidden />}
      title={title ?? 'That did not work'}
      role="alert"
    >
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {message}
        {status}
      </Text>
      {retry && (
        <Group mt="sm">
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        </Group>
      )}
    </Alert>
  );
}
