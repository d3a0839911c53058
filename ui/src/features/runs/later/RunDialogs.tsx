/** Questions about many runs: which tag, which experiment. Loaded when they are asked. */

import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '@/api/client';
import { formatCount } from '@/lib/format';

const title = (what: string, count: number): string =>
  `${what} ${count === 1 ? '1 run' : `${formatCount(count)} runs`}`;

export function TagDialog({
  count,
  close,
  submit,
}: {
  count: number;
  close: () => void;
  submit: (key: string, value: string | undefined) => void;
}) {
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const send = (given: string | undefined) => {
    if (key.trim() === '') return;
    close();
    submit(key.trim(), given);
  };
  return (
    <Modal opened onClose={close} title={title('Tag', count)} centered>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send(value);
        }}
      >
        <Stack gap="md">
          <TextInput
            label="Key"
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            data-autofocus
            required
          />
          <TextInput label="Value" value={value} onChange={(event) => setValue(event.currentTarget.value)} />
          <Group justify="space-between">
            <Button variant="default" onClick={() => send(undefined)} disabled={key.trim() === ''}>
              Remove this tag
            </Button>
            <Button type="submit" disabled={key.trim() === ''}>
              Set the tag
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface MoveProps {
  experimentId: string;
  count: number;
  close: () => void;
  submit: (to: string, name: string) => void;
}

export function MoveDialog({ experimentId, count, close, submit }: MoveProps) {
  const [to, setTo] = useState<string | null>(null);
  const [find, setFind] = useState('');
  const pattern = find.replace(/[%_'"\\]/g, '_');
  const { data, error } = useQuery({
    queryKey: ['experiments', 'names', pattern],
    queryFn: async ({ signal }) =>
      (
        await call(
          'experiments.search',
          { max_results: 100, ...(pattern ? { filter: `name ILIKE '%${pattern}%'` } : {}) },
          { signal },
        )
      ).experiments ?? [],
    placeholderData: (old) => old,
  });
  const options = (data ?? [])
    .filter((each) => each.experiment_id !== experimentId)
    .map((each) => ({ value: each.experiment_id, label: each.name }));
  const chosen = options.find((each) => each.value === to);
  return (
    <Modal opened onClose={close} title={title('Move', count)} centered>
      <Stack gap="md">
        <Select
          label="To the experiment"
          placeholder="Search by name"
          data={options}
          value={to}
          onChange={setTo}
          searchable
          searchValue={find}
          onSearchChange={setFind}
          filter={({ options: all }) => all}
          nothingFoundMessage={error ? error.message : 'No other experiment has such a name'}
          data-autofocus
          comboboxProps={{ withinPortal: true }}
        />
        <Text size="sm" c="dimmed">
          Their ids and files stay as they are; runs under them come along.
        </Text>
        <Group justify="flex-end">
          <Button
            disabled={!chosen}
            onClick={() => {
              if (!chosen) return;
              close();
              submit(chosen.value, chosen.label);
            }}
          >
            Move
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
