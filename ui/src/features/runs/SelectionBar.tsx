/** What can be done with the runs that are selected. */

import { ActionIcon, Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ArchiveRestore, Copy, FolderInput, GitCompare, Tag, Trash2, X } from 'lucide-react';
import { useState } from 'react';
import { notifications } from '@mantine/notifications';
import { call } from '@/api/client';
import { copyText } from '@/lib/clipboard';
import { formatCount } from '@/lib/format';
import { moveRuns, restoreRuns, tagRuns, trashRuns } from './bulk';
import styles from './RunsPage.module.css';

interface Props {
  experimentId: string;
  selected: readonly string[];
  trash: boolean;
  clear: () => void;
  compare: () => void;
  /** Compare them with the others; not where there are none, or too many. */
  asGroup: (() => void) | undefined;
  onlyThese: () => void;
}

const MOST_COMPARED = 500;

export function SelectionBar({ experimentId, selected, trash, clear, compare, asGroup, onlyThese }: Props) {
  const [asking, ask] = useState<'tag' | 'move'>();
  if (selected.length === 0) return null;
  const ids = [...selected];
  const many = ids.length > MOST_COMPARED;
  const act = (work: Promise<void>) => {
    clear();
    void work;
  };
  return (
    <section className={styles.selection} aria-label="Selected runs">
      <Text size="sm" fw={600} aria-live="polite">
        {formatCount(ids.length)} selected
      </Text>
      <Button
        size="xs"
        leftSection={<GitCompare size={14} aria-hidden />}
        onClick={compare}
        disabled={ids.length < 2 || many}
        title={many ? `At most ${MOST_COMPARED} runs can be compared; group them instead` : ids.length < 2 ? 'Select another run to compare it with' : undefined}
      >
        Compare
      </Button>
      <Button size="xs" variant="default" onClick={asGroup} disabled={!asGroup} title={asGroup ? 'Compare their means with those of the others' : 'There are no others, or more than 500'}>
        As group A
      </Button>
      <Button size="xs" variant="default" onClick={onlyThese}>
        Show these in the charts
      </Button>
      {!trash && (
        <>
          <Button size="xs" variant="default" leftSection={<Tag size={14} aria-hidden />} onClick={() => ask('tag')}>
            Tag
          </Button>
          <Button size="xs" variant="default" leftSection={<FolderInput size={14} aria-hidden />} onClick={() => ask('move')}>
            Move
          </Button>
        </>
      )}
      <Button
        size="xs"
        variant="default"
        leftSection={<Copy size={14} aria-hidden />}
        onClick={() => {
          void copyText(ids.join('\n')).then((done) => notifications.show({ message: done ? `${formatCount(ids.length)} ids copied.` : 'The browser does not let this page copy.' }));
        }}
      >
        Copy ids
      </Button>
      {trash ? (
        <Button size="xs" variant="default" leftSection={<ArchiveRestore size={14} aria-hidden />} onClick={() => act(restoreRuns(ids))}>
          Restore
        </Button>
      ) : (
        <Button size="xs" variant="default" c="var(--hr-bad)" leftSection={<Trash2 size={14} aria-hidden />} onClick={() => act(trashRuns(ids))}>
          Move to trash
        </Button>
      )}
      <ActionIcon variant="subtle" color="gray" aria-label="Select none" title="Select none" onClick={clear}>
        <X size={16} aria-hidden />
      </ActionIcon>
      {asking === 'tag' && <TagDialog count={ids.length} close={() => ask(undefined)} submit={(key, value) => void tagRuns(ids, key, value)} />}
      {asking === 'move' && (
        <MoveDialog experimentId={experimentId} count={ids.length} close={() => ask(undefined)} submit={(to, name) => act(moveRuns(ids, experimentId, to, name))} />
      )}
    </section>
  );
}

const title = (what: string, count: number): string => `${what} ${count === 1 ? '1 run' : `${formatCount(count)} runs`}`;

function TagDialog({ count, close, submit }: { count: number; close: () => void; submit: (key: string, value: string | undefined) => void }) {
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
          <TextInput label="Key" value={key} onChange={(event) => setKey(event.currentTarget.value)} data-autofocus required />
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

function MoveDialog({ experimentId, count, close, submit }: MoveProps) {
  const [to, setTo] = useState<string | null>(null);
  const [find, setFind] = useState('');
  const pattern = find.replace(/[%_'"\\]/g, '_');
  const { data, error } = useQuery({
    queryKey: ['experiments', 'names', pattern],
    queryFn: async ({ signal }) => (await call('experiments.search', { max_results: 100, ...(pattern ? { filter: `name ILIKE '%${pattern}%'` } : {}) }, { signal })).experiments ?? [],
    placeholderData: (old) => old,
  });
  const options = (data ?? []).filter((each) => each.experiment_id !== experimentId).map((each) => ({ value: each.experiment_id, label: each.name }));
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
