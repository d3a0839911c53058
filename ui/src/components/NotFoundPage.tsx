/** There is no page at this address. */

import { Button, Stack, Text, Title } from '@mantine/core';
import { Link, useLocation } from '@tanstack/react-router';

export function NotFoundPage() {
  const { pathname } = useLocation();
  return (
    <Stack p="xl" gap="sm" align="flex-start">
      <Title order={1}>There is no page here</Title>
      <Text c="dimmed">
        Nothing stands at <span className="mono">{pathname}</span>.
      </Text>
      <Button component={Link} to="/" variant="default" size="xs">
        Go to the home page
      </Button>
    </Stack>
  );
}
