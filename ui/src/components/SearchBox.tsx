/** A small box for a part of what is looked for. */

import { TextInput, type TextInputProps } from '@mantine/core';
import { Search } from 'lucide-react';
import type { Ref } from 'react';

interface Props extends Omit<TextInputProps, 'label' | 'value' | 'onChange'> {
  /** What it looks for, in words; stands in it as well, if there is no `placeholder`. */
  label: string;
  value: string;
  onChange: (text: string) => void;
  ref?: Ref<HTMLInputElement>;
}

export function SearchBox({ label, onChange, ...props }: Props) {
  return (
    <TextInput
      size="xs"
      leftSection={<Search size={14} aria-hidden />}
      placeholder={label}
      aria-label={label}
      onChange={(event) => onChange(event.currentTarget.value)}
      {...props}
    />
  );
}
