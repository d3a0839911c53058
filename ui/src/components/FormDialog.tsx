/** A dialog that asks for something and sends it: it closes when that is done, and else says what was against it. */

import { Button, Group, Modal, Stack } from '@mantine/core';
import { type ReactNode, type SubmitEvent, useState } from 'react';

interface Props {
  title: string;
  /** What the button says that sends. */
  action: string;
  isReady: boolean;
  submit: () => Promise<void>;
  close: () => void;
  /** The button beside it, which closes the dialog; if it has work to do, when that is done. */
  other?: { label: string; run?: () => Promise<void> };
  size?: 'md' | 'lg';
  /** The fields; given what was against the last attempt. */
  children: (error: string | undefined) => ReactNode;
}

export function FormDialog({ title, action, isReady, submit, close, other, size = 'md', children }: Props) {
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
    void attempt(submit);
  };
  const run = other?.run;
  return (
    <Modal opened onClose={close} title={title} centered size={size}>
      <form onSubmit={send}>
        <Stack gap="md">
          {children(error)}
          <Group justify="flex-end" gap="sm">
            {other && (
              <Button variant="default" disabled={busy && !!run} onClick={run ? () => void attempt(run) : close}>
                {other.label}
              </Button>
            )}
            <Button type="submit" loading={busy} disabled={!isReady}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
