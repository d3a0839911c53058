/** Questions about experiments and folders: a name, a folder, a note. What the server says against it stands below. */

import { Autocomplete, Text, Textarea, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { FormDialog } from '@/components/FormDialog';
import { folderOf, joinName, splitName } from './tree';
import { useExperimentChanges } from './useExperimentChanges';

/** What is asked. `count` experiments are in the folder. */
export type Question =
  | { kind: 'create'; folder: string }
  | { kind: 'move'; experimentId: string; name: string }
  | { kind: 'renameFolder'; path: string; count: number }
  | { kind: 'moveFolder'; path: string; count: number }
  | { kind: 'describe'; experimentId: string; name: string; note: string };

interface Props {
  question: Question;
  folders: readonly string[];
  close: () => void;
}

const leafOf = (path: string): string => splitName(path).at(-1) ?? path;

function titleOf(question: Question): string {
  switch (question.kind) {
    case 'create':
      return 'New experiment';
    case 'move':
      return `Move "${leafOf(question.name)}" to a folder`;
    case 'renameFolder':
      return `Rename the folder "${leafOf(question.path)}"`;
    case 'moveFolder':
      return `Move the folder "${leafOf(question.path)}"`;
    case 'describe':
      return `Note of "${question.name}"`;
  }
}
const ACTIONS: Readonly<Record<Question['kind'], string>> = {
  create: 'Create',
  move: 'Move',
  renameFolder: 'Rename',
  moveFolder: 'Move',
  describe: 'Save',
};

export function ExperimentDialog({ question, folders, close }: Props) {
  const [text, setText] = useState(() => firstText(question));
  const changes = useExperimentChanges();
  const navigate = useNavigate();
  const submit = async (): Promise<void> => {
    const value = text.trim();
    if (question.kind === 'create') {
      const experimentId = await changes.create(value);
      void navigate({ to: '/experiments/$experimentId/runs', params: { experimentId } });
    } else if (question.kind === 'move') {
      await changes.rename(question.experimentId, joinName(trimSlashes(value), leafOf(question.name)));
    } else if (question.kind === 'renameFolder') {
      await changes.moveFolder(question.path, joinName(folderOf(question.path), value));
    } else if (question.kind === 'moveFolder') {
      await changes.moveFolder(question.path, joinName(trimSlashes(value), leafOf(question.path)));
    } else {
      await changes.describe(question.experimentId, text);
    }
  };
  const needsText = question.kind === 'create' || question.kind === 'renameFolder';
  return (
    <FormDialog
      title={titleOf(question)}
      action={ACTIONS[question.kind]}
      isReady={!needsText || text.trim() !== ''}
      submit={submit}
      close={close}
      other={{ label: 'Cancel' }}
      size={question.kind === 'describe' ? 'lg' : 'md'}
    >
      {(error) => (
        <>
          <Field question={question} folders={folders} text={text} setText={setText} error={error} />
          {'count' in question && (
            <Text size="sm" c="dimmed">
              {question.count === 1 ? 'One experiment gets' : `${question.count} experiments get`} a new name with it.
              Their ids, runs and links stay.
            </Text>
          )}
        </>
      )}
    </FormDialog>
  );
}

interface FieldProps {
  question: Question;
  folders: readonly string[];
  text: string;
  setText: (text: string) => void;
  error: string | undefined;
}

function Field({ question, folders, text, setText, error }: FieldProps) {
  if (question.kind === 'describe') {
    return (
      <Textarea
        data-autofocus
        label="Markdown"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        error={error}
        autosize
        minRows={6}
        maxRows={20}
      />
    );
  }
  if (question.kind === 'move' || question.kind === 'moveFolder') {
    return (
      <Autocomplete
        data-autofocus
        label="Folder"
        description="A slash goes one folder down; what is not there yet is made. Empty is the top."
        placeholder="top"
        value={text}
        onChange={setText}
        error={error}
        // What is written out already needs no list over the buttons.
        data={folders.filter((folder) => folder !== text)}
        limit={200}
        maxDropdownHeight={240}
      />
    );
  }
  return (
    <TextInput
      data-autofocus
      label="Name"
      description={question.kind === 'create' ? 'A slash makes a folder: team/project/experiment' : undefined}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      error={error}
    />
  );
}

function firstText(question: Question): string {
  if (question.kind === 'create') return question.folder ? `${question.folder}/` : '';
  if (question.kind === 'move') return folderOf(question.name);
  if (question.kind === 'renameFolder') return leafOf(question.path);
  return question.kind === 'moveFolder' ? folderOf(question.path) : question.note;
}

const trimSlashes = (path: string): string => path.replace(/\/+$/, '');
