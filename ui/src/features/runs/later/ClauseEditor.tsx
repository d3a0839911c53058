/** The parts of one clause of the filter, to be changed: the comparison and its values. Loaded when somebody opens a chip. */

import { Button, Group, Select, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { LateProps } from '@/components/Late';
import { LatePopover } from '@/components/LatePopover';
import { operatorsFor } from '../completion';
import type { Comparison } from '../filterText';

interface Props {
  comparison: Comparison;
  save: (comparison: Comparison) => void;
}

const wantsList = (operator: string): boolean => operator === 'IN' || operator === 'NOT IN';

export function ClausePopover({ button, comparison, save }: Props & LateProps) {
  return (
    <LatePopover button={button} width={300} position="bottom-start">
      {(close) => (
        <ClauseEditor
          comparison={comparison}
          save={(changed) => {
            close();
            save(changed);
          }}
        />
      )}
    </LatePopover>
  );
}

function ClauseEditor({ comparison, save }: Props) {
  const [operator, setOperator] = useState(comparison.operator);
  const [values, setValues] = useState<readonly string[]>(comparison.values);
  const first = useRef<HTMLFormElement>(null);
  // The focus was on the chip while this was on its way.
  useEffect(() => first.current?.querySelector<HTMLInputElement>('[data-autofocus]')?.focus(), []);
  const known = operatorsFor(comparison.field);
  const operators = known.includes(comparison.operator) ? [...known] : [comparison.operator, ...known];
  const most = operator.startsWith('IS') ? 0 : operator === 'BETWEEN' ? 2 : 1;
  // LIKE is for texts; ranges are of numbers.
  const quoted = /LIKE$/.test(operator) ? true : operator === 'BETWEEN' ? false : comparison.quoted;
  const given = wantsList(operator) ? values.filter(Boolean) : values.slice(0, most);
  const numeric = quoted || given.every((value) => value.trim() !== '' && Number.isFinite(Number(value)));
  const enough = wantsList(operator)
    ? given.length > 0
    : given.length === most && (quoted || given.every((value) => value !== ''));
  const set = (place: number, value: string) =>
    setValues([0, 1].map((each) => (each === place ? value : (values[each] ?? ''))));
  return (
    <form
      ref={first}
      onSubmit={(event) => {
        event.preventDefault();
        if (numeric && enough) save({ field: comparison.field, operator, values: given, quoted });
      }}
    >
      <Stack gap="sm">
        <Text size="xs" className="mono ellipsis" title={comparison.field}>
          {comparison.field}
        </Text>
        <Select
          size="xs"
          aria-label="Comparison"
          data={operators}
          value={operator}
          allowDeselect={false}
          onChange={(value) => value && setOperator(value)}
          comboboxProps={{ withinPortal: false }}
        />
        {wantsList(operator) ? (
          <TagsInput
            size="xs"
            aria-label="Values"
            value={[...given]}
            onChange={setValues}
            comboboxProps={{ withinPortal: false }}
          />
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
