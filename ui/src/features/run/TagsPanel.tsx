/** The tags of a run: those that people set, to be edited; those of clients behind a switch. */

import { ActionIcon, Button, Group, Switch, Text, TextInput, UnstyledButton } from '@mantine/core';
import { Check, Pencil, Trash2, X } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { CopyButton } from '@/components/CopyButton';
import { notices } from '@/components/notices';
import { Key } from './Key';
import { Panel } from './Panel';
import styles from './RunPage.module.css';
import type { RunEdits } from './useRunEdits';

const OF_CLIENTS = /^(mlflow|headrace)\./;

interface Props {
  tags: ReadonlyMap<string, string>;
  edits: RunEdits;
}

export function TagsPanel({ tags, edits }: Props) {
  const [all, setAll] = useState(false);
  const [adding, setAdding] = useState(false);
  const [edited, setEdited] = useState<string>();
  const keys = [...tags.keys()].sort((a, b) => a.localeCompare(b));
  const own = keys.filter((key) => !OF_CLIENTS.test(key));
  const hidden = keys.length - own.length;
  const shown = all ? keys : own;
  const remove = async (key: string) => {
    const value = tags.get(key) ?? '';
    if (!(await edits.deleteTag(key))) return;
    const id = notices.show({
      message: (
        <Group justify="space-between">
          <span>Removed the tag {key}</span>
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => {
              notices.hide(id);
              void edits.setTag(key, value);
            }}
          >
            Undo
          </Button>
        </Group>
      ),
      autoClose: 8000,
    });
  };
  const actions = (
    <Group gap="sm">
      {hidden > 0 && (
        <Switch
          size="xs"
          label={`Show ${hidden} set by clients`}
          checked={all}
          onChange={(event) => setAll(event.currentTarget.checked)}
        />
      )}
      <Button size="compact-xs" variant="default" onClick={() => setAdding(true)}>
        Add tag
      </Button>
    </Group>
  );
  return (
    <Panel title="Tags" note={String(own.length)} actions={actions} flush>
      {adding && <TagForm taken={tags} done={() => setAdding(false)} save={edits.setTag} />}
      {shown.length === 0 && !adding && (
        <Text size="sm" c="dimmed" p="md">
          No tags.
        </Text>
      )}
      <div className={styles.scroll} style={{ maxHeight: 360 }}>
        {shown.map((key) =>
          edited === key ? (
            <TagForm
              key={key}
              fixed={key}
              value={tags.get(key) ?? ''}
              taken={tags}
              done={() => setEdited(undefined)}
              save={edits.setTag}
            />
          ) : (
            <div key={key} className={styles.tag}>
              <Key name={key} />
              <UnstyledButton
                className={styles.valueButton}
                title={tags.get(key)}
                fz="12.5px"
                onClick={() => setEdited(key)}
                aria-label={`${tags.get(key) || 'empty'}, edit the tag ${key}`}
              >
                {tags.get(key) || <span className="dim">empty</span>}
              </UnstyledButton>
              <Group gap={2} wrap="nowrap">
                <CopyButton text={tags.get(key) ?? ''} label={`Copy the value of ${key}`} size={22} />
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size={22}
                  aria-label={`Edit ${key}`}
                  onClick={() => setEdited(key)}
                >
                  <Pencil size={13} aria-hidden />
                </ActionIcon>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size={22}
                  aria-label={`Remove the tag ${key}`}
                  onClick={() => void remove(key)}
                >
                  <Trash2 size={13} aria-hidden />
                </ActionIcon>
              </Group>
            </div>
          ),
        )}
      </div>
    </Panel>
  );
}

interface FormProps {
  /** The key of a tag that is there already. */
  fixed?: string;
  value?: string;
  taken: ReadonlyMap<string, string>;
  done: () => void;
  save: (key: string, value: string) => Promise<boolean>;
}

function TagForm({ fixed, value = '', taken, done, save }: FormProps) {
  const [key, setKey] = useState(fixed ?? '');
  const [text, setText] = useState(value);
  const problem =
    fixed === undefined && taken.has(key.trim()) ? 'There is such a tag; saving replaces its value.' : undefined;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!key.trim()) return;
    if (text === value && fixed !== undefined) done();
    else if (await save(fixed ?? key.trim(), text)) done();
  };
  return (
    <form
      onSubmit={(event) => void submit(event)}
      onKeyDown={(event) => event.key === 'Escape' && done()}
      style={{ padding: '6px 12px' }}
    >
      <Group gap="sm" wrap="nowrap" align="start">
        {fixed === undefined ? (
          <TextInput
            size="xs"
            flex={2}
            autoFocus
            placeholder="Key"
            aria-label="Key of the tag"
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            error={problem}
          />
        ) : (
          <div style={{ flex: 2, minWidth: 0, paddingTop: 6 }}>
            <Key name={fixed} />
          </div>
        )}
        <TextInput
          size="xs"
          flex={3}
          autoFocus={fixed !== undefined}
          placeholder="Value"
          aria-label="Value of the tag"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <ActionIcon type="submit" size={30} variant="filled" aria-label="Save the tag">
          <Check size={15} aria-hidden />
        </ActionIcon>
        <ActionIcon size={30} variant="default" aria-label="Cancel" onClick={done}>
          <X size={15} aria-hidden />
        </ActionIcon>
      </Group>
    </form>
  );
}
