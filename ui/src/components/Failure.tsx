/** An error in words, with what can be done about it. The rest of the page lives on. */

import { ActionIcon, Alert, Button, Group, Text } from '@mantine/core';
import { Check, Copy, TriangleAlert, X } from 'lucide-react';
import { useState } from 'react';
import { ApiError, askForToken } from '@/api/client';
import { copyText } from '@/lib/clipboard';

interface Props {
  error: unknown;
  retry?: (() => void) | undefined;
  title?: string | undefined;
}

export function Failure({ error, retry, title }: Props) {
  const message = error instanceof Error ? error.message : String(error);
  const needsToken = error instanceof ApiError && error.status === 401;
  return (
    <Alert
      color="red"
      variant="default"
      styles={{
        root: {
          background: 'color-mix(in srgb, var(--hr-bad) 7%, var(--mantine-color-body))',
          borderColor: 'var(--hr-bad)',
        },
        icon: { color: 'var(--hr-bad)' },
      }}
      icon={<TriangleAlert size={18} aria-hidden />}
      title={title ?? 'That did not work'}
      role="alert"
    >
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {message}
      </Text>
      <FailureFacts error={error} />
      {(retry || needsToken) && (
        <Group mt="sm" gap="xs">
          {needsToken && (
            <Button size="xs" variant="default" onClick={askForToken}>
              Enter the token
            </Button>
          )}
          {retry && (
            <Button size="xs" variant="default" onClick={retry}>
              Try again
            </Button>
          )}
        </Group>
      )}
    </Alert>
  );
}

/** What whoever runs the server wants to know of an answer that said no: its status, and under which id it stands in the log. */
export function FailureFacts({ error }: { error: unknown }) {
  if (!(error instanceof ApiError) || error.status === 0) return null;
  const { status, code, requestId } = error;
  return (
    <Text fz={12} lh="20px" mt={4} c="var(--hr-dim)" style={{ overflowWrap: 'anywhere' }}>
      {`HTTP ${status}${code && ` ${code}`}`}
      {requestId !== undefined && (
        <>
          {' · request '}
          <code style={{ fontFamily: 'var(--hr-mono)' }}>{requestId}</code> <CopyId id={requestId} />
        </>
      )}
    </Text>
  );
}

/** Not `CopyButton`: a part of the page's first file, since what failed may be the fetching of others. */
function CopyId({ id }: { id: string }) {
  const [outcome, setOutcome] = useState<'copied' | 'refused' | undefined>();
  const said =
    outcome === 'copied' ? 'Copied' : outcome === 'refused' ? 'The browser did not allow it' : 'Copy request id';
  const Icon = outcome === 'copied' ? Check : outcome === 'refused' ? X : Copy;
  const copy = async () => setOutcome((await copyText(id)) ? 'copied' : 'refused');
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={20}
      style={{ verticalAlign: 'top' }}
      aria-label="Copy request id"
      title={said}
      onClick={() => void copy()}
    >
      <Icon size={12} aria-hidden />
      <span className="visually-hidden" role="status">
        {outcome ? said : ''}
      </span>
    </ActionIcon>
  );
}
