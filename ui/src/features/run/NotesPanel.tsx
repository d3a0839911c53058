/** The note of a run in Markdown. What is typed is kept on the server by itself; what stood there before can be had back. */

import { Button, Group, SegmentedControl, Text, Textarea } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { Markdown } from '@/components/Markdown';
import { Panel } from './Panel';

interface Props {
  /** As the server has it. */
  note: string;
  save: (note: string) => Promise<boolean>;
}

const PAUSE_MS = 800;

type Saving = 'no' | 'waiting' | 'saving' | 'saved' | 'failed';

const WORDS: Readonly<Record<Saving, string>> = {
  no: '',
  waiting: 'Not saved yet',
  saving: 'Saving',
  saved: 'Saved',
  failed: 'Not saved',
};

export function NotesPanel({ note, save }: Props) {
  const [mode, setMode] = useState<'read' | 'write'>('read');
  const [draft, setDraft] = useState(note);
  const [saving, setSaving] = useState<Saving>('no');
  const [before, setBefore] = useState<string>();
  const kept = useRef(note);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const pending = useRef<string>(undefined);

  // Somebody else's edit comes in while nothing of ours is under way.
  if (saving !== 'waiting' && saving !== 'saving' && saving !== 'failed' && mode === 'read' && draft !== note)
    setDraft(note);
  const elsewhere = mode === 'write' && note !== kept.current && note !== draft && saving !== 'saving';

  const store = async (text: string) => {
    clearTimeout(timer.current);
    pending.current = undefined;
    if (text === kept.current) {
      setSaving('saved');
      return;
    }
    setSaving('saving');
    const done = await save(text);
    if (done) kept.current = text;
    setSaving(done ? 'saved' : 'failed');
  };
  const type = (text: string) => {
    setDraft(text);
    setSaving('waiting');
    pending.current = text;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void store(text), PAUSE_MS);
  };
  const write = () => {
    kept.current = note;
    setDraft(note);
    setBefore(note);
    setMode('write');
  };
  const read = () => {
    if (pending.current !== undefined) void store(pending.current);
    setMode('read');
  };
  const latest = useRef(save);
  useEffect(() => {
    latest.current = save;
  });
  // Whoever leaves the page within the pause has still written it.
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      if (pending.current !== undefined) void latest.current(pending.current);
    },
    [],
  );

  const actions = (
    <Group gap="sm" wrap="nowrap">
      <Text size="xs" c={saving === 'failed' ? 'var(--hr-bad)' : 'dimmed'} role="status" miw={70} ta="right">
        {WORDS[saving]}
      </Text>
      {before !== undefined && before !== draft && (
        <Button size="compact-xs" variant="subtle" onClick={() => type(before)}>
          Undo
        </Button>
      )}
      <SegmentedControl
        size="xs"
        aria-label="Read or write the note"
        value={mode}
        onChange={(next) => (next === 'write' ? write() : read())}
        data={[
          { value: 'read', label: 'Read' },
          { value: 'write', label: 'Write' },
        ]}
      />
    </Group>
  );
  return (
    <Panel title="Notes" actions={actions}>
      {elsewhere && (
        <Group gap="sm" mb="sm">
          <Text size="xs" c="var(--hr-warn)">
            The note was changed elsewhere meanwhile. What you type replaces it.
          </Text>
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => {
              kept.current = note;
              setDraft(note);
              setSaving('no');
            }}
          >
            Take theirs
          </Button>
        </Group>
      )}
      {mode === 'write' ? (
        <Textarea
          aria-label="Note in Markdown"
          placeholder="What was tried, and what came of it. Markdown."
          autosize
          minRows={5}
          maxRows={24}
          autoFocus
          value={draft}
          onChange={(event) => type(event.currentTarget.value)}
          onBlur={() => pending.current !== undefined && void store(pending.current)}
          styles={{ input: { fontFamily: 'var(--hr-mono)', fontSize: 13 } }}
        />
      ) : draft ? (
        <Markdown source={draft} />
      ) : (
        <Button variant="default" size="xs" onClick={write}>
          Write a note
        </Button>
      )}
    </Panel>
  );
}
