/** The name of a run as a field, while it is edited. */

import { ActionIcon, Group, TextInput } from '@mantine/core';
import { Check, X } from 'lucide-react';
import { type FormEvent, useState } from 'react';

interface Props {
  name: string;
  save: (name: string) => Promise<boolean>;
  done: () => void;
}

export function RunTitle({ name, save, done }: Props) {
  const [text, setText] = useState(name);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const wanted = text.trim();
    if (!wanted || wanted === name || (await save(wanted))) done();
  };
  return (
    <form
      onSubmit={(event) => void submit(event)}
      onKeyDown={(event) => event.key === 'Escape' && done()}
      style={{ padding: '0 16px 8px' }}
    >
      <Group gap="xs" wrap="nowrap">
        <TextInput
          size="xs"
          w={420}
          autoFocus
          aria-label="Name of the run"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onFocus={(event) => event.currentTarget.select()}
        />
        <ActionIcon type="submit" size={30} variant="filled" aria-label="Save the name">
          <Check size={15} aria-hidden />
        </ActionIcon>
        <ActionIcon size={30} variant="default" aria-label="Cancel" onClick={done}>
          <X size={15} aria-hidden />
        </ActionIcon>
      </Group>
    </form>
  );
}
