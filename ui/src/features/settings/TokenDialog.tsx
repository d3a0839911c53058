/** Asks for the server's token, tries it, and lets all pages read again. */

import { PasswordInput, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, call, setToken } from '@/api/client';
import { live } from '@/api/live';
import { FormDialog } from '@/components/FormDialog';

interface Props {
  close: () => void;
  /** What stands above; that the server needs one, unless somebody came here on their own. */
  title?: string;
}

export function TokenDialog({ close, title = 'This server needs a token' }: Props) {
  const [token, setText] = useState('');
  const queries = useQueryClient();
  const submit = async () => {
    setToken(token.trim());
    try {
      await call('server.info', {});
    } catch (failure) {
      if (!(failure instanceof ApiError && failure.status === 401)) throw failure;
      setToken(null);
      throw new Error('This is not the token of this server.');
    }
    live.restart();
    void queries.invalidateQueries();
  };
  return (
    <FormDialog
      title={title}
      action="Go on"
      isReady={token.trim() !== ''}
      submit={submit}
      close={close}
      other={{ label: 'Not now' }}
    >
      {(error) => (
        <>
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
        </>
      )}
    </FormDialog>
  );
}
