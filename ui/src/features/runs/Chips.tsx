/** The clauses of the filter as chips: each can be dropped by a click, and changed where it is one comparison. */

import { Button, Group, Popover, Select, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { X } from 'lucide-react';
import { useState } from 'react';
import { operatorsFor } from './completion';
import styles from './FilterBox.module.css';
import { type Comparison, dropPart, labelPart, type Part, readParts, replacePart, writeComparison } from './filterText';

interface Props {
  q: string;
  apply: (q: string) => void;
}

export function Chips({ q, apply }: Props) {
  const parts = readParts(q);
  if (parts.length === 0) return null;
  return (
    <ul className={styles.chips} aria-label="Clauses of the filter" style={{ listStyle: 'none', margin: 0 }}>
      {parts.map((part) => (
        <li key={`${part.start} ${part.text}`} className={styles.chip}>
          <Label part={part} change={(written) => apply(replacePart(q, part, written))} />
          <button type="button" className={styles.drop} aria-label={`Drop ${part.text}`} title="Drop this clause" onClick={() => apply(dropPart(q, part))}>
            <X size={13} aria-hidden />
          </button>
        </li>
      ))}
    </ul>
  );
}

function Label({ part, change }: { part: Part; change: (written: string) => void }) {
  const [open, setOpen] = useState(false);
  if (!part.simple) {
    return (
      <span className={`${styles.label} mono`} title={part.text}>
        {part.text}
      </span>
    );
  }
  return (
    <Popover opened={open} onChange={setOpen} width={300} trapFocus withinPortal shadow="md" position="bottom-start">
      <Popover.Target>
        <button type="button" className={styles.label} title={part.text} onClick={() => setOpen(!open)}>
          {labelPart(part)}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <Editor
          comparison={part.simple}
          save={(comparison) => {
            setOpen(false);
            change(writeComparison(comparison));
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

const wantsList = (operator: string): boolean => operator === 'IN' || operator === 'NOT IN';

function Editor({ comparison, save }: { comparison: Comparison; save: (comparison: Comparison) => void }) {
  const [operator, setOperator] = useState(comparison.operator);
  const [values, setValues] = useState<readonly string[]>(comparison.values);
  const known = operatorsFor(comparison.field);
  const operators = known.includes(comparison.operator) ? [...known] : [comparison.operator, ...known];
  const most = operator.startsWith('IS') ? 0 : operator === 'BETWEEN' ? 2 : 1;
  // LIKE is for texts; ranges are of numbers.
  const quoted = /LIKE$/.test(operator) ? true : operator === 'BETWEEN' ? false : comparison.quoted;
  const given = wantsList(operator) ? values.filter(Boolean) : values.slice(0, most);
  const numeric = quoted || given.every((value) => value.trim() !== '' && Number.isFinite(Number(value)));
  const enough = wantsList(operator) ? given.length > 0 : given.length === most && (quoted || given.every((value) => value !== ''));
  const set = (place: number, value: string) => setValues([0, 1].map((each) => (each === place ? value : (values[each] ?? ''))));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (numeric && enough) save({ field: comparison.field, operator, values: given, quoted });
      }}
    >
      <Stack gap="sm">
        <Text size="xs" className="mono ellipsis" title={comparison.field}>
          {comparison.field}
        </Text>
        <Select size="xs" aria-label="Comparison" data={operators} value={operator} allowDeselect={false} onChange={(value) => value && setOperator(value)} comboboxProps={{ withinPortal: false }} />
        {wantsList(operator) ? (
          <TagsInput size="xs" aria-label="Values" value={[...given]} onChange={setValues} comboboxProps={{ withinPortal: false }} />
        ) : (
          Array.from({ length: most }, (_, place) => (
            <TextInput
              // biome-ignore lint/suspicious/noArrayIndexKey: the lower and the higher end
              key={place}
              size="xs"
              aria-label={most === 2 ? (place === 0 ? 'From' : 'To') : 'Value'}
              value={values[place] ?? ''}
              onChange={(event) => set(place, event.currentTarget.value)}
              error={!numeric && place === 0 ? 'A number is needed here' : undefined}
              data-autofocus={place === 0 || undefined}
            />
          ))
        )}
        <Group justify="flex-end">
          <Button size="xs" type="submit" disabled={!numeric || !enough}>
            Apply
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
