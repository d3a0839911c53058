/** Short notes in the corner: what was done, with a way back; and what failed. */

import { Button, Group } from '@mantine/core';
import { FailureFacts } from '@/components/Failure';
import { notices } from '@/components/notices';

/** So long can a change be undone from its note, in milliseconds. */
const UNDO_MS = 10_000;

/** Say what was done, with a button that undoes it. */
export function showUndo(message: string, undo: () => Promise<void>): void {
  const id = notices.show({
    autoClose: UNDO_MS,
    message: (
      <Group justify="space-between" gap="sm" wrap="nowrap">
        <span style={{ overflowWrap: 'anywhere' }}>{message}</span>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => {
            notices.hide(id);
            void undo();
          }}
        >
          Undo
        </Button>
      </Group>
    ),
  });
}

/** Say what failed, in the server's words. */
export function showFailure(title: string, failure: unknown): void {
  const words = failure instanceof Error ? failure.message : String(failure);
  notices.show({
    color: 'red',
    title,
    message: (
      <>
        {words}
        <FailureFacts error={failure} />
      </>
    ),
  });
}
