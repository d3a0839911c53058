/** Asks for the name of a view. What the server says against it stands below the name. */

import { Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { FormDialog } from '@/components/FormDialog';

interface Props {
  title: string;
  hint?: string;
  name: string;
  /** What the button says. */
  action: string;
  submit: (name: string) => Promise<void>;
  close: () => void;
  other?: { label: string; run: () => Promise<void> };
}

export function ViewNameDialog({ hint, name: first, submit, ...props }: Props) {
  const [name, setName] = useState(first);
  return (
    <FormDialog {...props} isReady={name.trim() !== ''} submit={() => submit(name.trim())}>
      {(error) => (
        <>
          {hint && (
            <Text size="sm" c="dimmed">
              {hint}
            </Text>
          )}
          <TextInput
            data-autofocus
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={error}
            maxLength={250}
          />
        </>
      )}
    </FormDialog>
  );
}
