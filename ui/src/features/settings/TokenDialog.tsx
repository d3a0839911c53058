/** Asks for the server's token, tries it, and lets all pages read again. */

import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useState } from 'react';
import { ApiError, call, setToken } from '@/api/client';
import { live } from '@/api/live';

export function TokenDialog({ close }: { close: () => void }) {
  const [token, setText] = useState('');
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const queries = useQueryClient();
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    setToken(token.trim());
    try {
      await call('server.info', {});
    } catch (failure) {
      const refused = failure instanceof ApiError && failure.status === 401;
      if (refused) setToken(null);
      const message = failure instanceof Error ? failure.message : String(failure);
      setError(refused ? 'This is not the token of this server.' : message);
      setBusy(false);
      return;
    }
    close();
    live.restart();
    await queries.invalidateQueries();
  };
  return (
    <Modal
      opened
      onClose={close}
      closeButtonProps={{ 'aria-label': 'Close' }}
      title="This server needs a token"
      centered
    >
      <form onSubmit={(event) => void send(event)}>
        <Stack gap="md">
          <Text size="sm" c="dimmed">
            It is what programs send as <span className="mono">MLFLOW_TRACKING_TOKEN</span>. It is kept until this tab
            is closed, and goes nowhere but to this server.
          </Text>
          <PasswordInput
            data-autofocus
            label="Token"
            value={token}
            onChange={(event) => setText(event.currentTarget.value)}
            error={error}
            autoComplete="current-password"
          />
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={close}>
              Not now
            </Button>
            <Button type="submit" loading={busy} disabled={token.trim() === ''}>
              Go on
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
