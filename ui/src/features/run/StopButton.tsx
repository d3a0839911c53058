/** Asks a run to stop, and says what came of the request. */

import { Button, Group, Popover, Text, TextInput } from '@mantine/core';
import { CircleStop } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import type { RunControl } from '@/api/calls';
import { formatAge } from '@/lib/format';
import type { RunEdits } from './useRunEdits';

interface Props {
  control: RunControl;
  edits: RunEdits;
}

const STOPPABLE = new Set(['RUNNING', 'SCHEDULED', 'LOST']);

export function StopButton({ control, edits }: Props) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  if (!STOPPABLE.has(control.state)) return null;
  const { stop } = control;
  if (stop) {
    return (
      <Group gap="xs" wrap="nowrap">
        <Text size="xs" c="var(--hr-warn)" role="status" title={stop.reason || undefined}>
          Stop asked {formatAge(stop.asked_at)}
          {stop.asked_by && stop.asked_by !== 'anyone' && ` by ${stop.asked_by}`}
          {stop.seen_at ? '; the run has heard it' : '; not heard yet'}
        </Text>
        <Button size="xs" variant="default" onClick={() => void edits.cancelStop()}>
          Take back
        </Button>
      </Group>
    );
  }
  const ask = async (event: FormEvent) => {
    event.preventDefault();
    if (await edits.requestStop(reason)) setOpen(false);
  };
  return (
    <Popover opened={open} onChange={setOpen} width={320} position="bottom-end" trapFocus shadow="md">
      <Popover.Target>
        <Button
          size="xs"
          variant="light"
          color="red"
          leftSection={<CircleStop size={14} aria-hidden />}
          onClick={() => setOpen(!open)}
        >
          Stop
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form onSubmit={(event) => void ask(event)}>
          <TextInput
            size="sm"
            label="Why"
            description="The run is told at its next sign of life, and can end in good order."
            placeholder="Diverged"
            maxLength={1000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Group justify="flex-end" gap="sm" mt="md">
            <Button size="xs" variant="default" onClick={() => setOpen(false)}>
              Cancel
            </Button>
            <Button size="xs" color="red.9" type="submit">
              Ask to stop
            </Button>
          </Group>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
