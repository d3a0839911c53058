/** Asks for the name of a view. What the server says against it stands below the name. */

import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { type SubmitEvent, useState } from 'react';

interface Props {
  title: string;
  hint?: string;
  name: string;
  /** What the button says. */
  action: string;
  submit: (name: string) => Promise<void>;
  close: () => void;
  other?: { label: string; run: () => Promise<void> };
}

export function ViewNameDialog({ title, hint, name: first, action, submit, close, other }: Props) {
  const [name, setName] = useState(first);
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
      close();
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
      setBusy(false);
    }
  };
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    void attempt(() => submit(name.trim()));
  };
  return (
    <Modal opened onClose={close} closeButtonProps={{ 'aria-label': 'Close' }} title={title} centered>
      <form onSubmit={send}>
        <Stack gap="md">
          {hint && (
            <Text size="sm" c="dimmed">
              {hint}
            </Text>
          )}
          <TextInput
            data-autofocus
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={error}
            maxLength={250}
          />
          <Group justify="flex-end" gap="sm">
            {other && (
              <Button variant="default" disabled={busy} onClick={() => void attempt(other.run)}>
                {other.label}
              </Button>
            )}
            <Button type="submit" loading={busy} disabled={name.trim() === ''}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
