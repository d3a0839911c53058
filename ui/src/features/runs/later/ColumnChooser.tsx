/** Which columns are shown. Names are searched on the server where there are thousands. Loaded when somebody chooses them. */

import { Button, Checkbox, Group, ScrollArea, SegmentedControl, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '@/api/client';
import type { LateProps } from '@/components/Late';
import { LatePopover } from '@/components/LatePopover';
import { SearchBox } from '@/components/SearchBox';
import { formatCount } from '@/lib/format';
import { ATTRIBUTES, readField, writeField } from '../fields';
import type { Frame } from '../frame';
import { NAME_COLUMN } from '../layout';
import { statsOf } from '../stats';

type Kind = 'metric' | 'param' | 'tag' | 'attribute';

interface Props {
  experimentId: string;
  shown: readonly string[];
  sample: Frame | undefined;
  isOpen?: boolean;
  setOpen: (open: boolean) => void;
  change: (columns: string[]) => void;
  /** Back to those that the page chooses; `undefined` if these are shown. */
  reset: (() => void) | undefined;
}

const SHOWN_AT_ONCE = 200;
const KINDS = [
  { value: 'metric', label: 'Metrics' },
  { value: 'param', label: 'Params' },
  { value: 'tag', label: 'Tags' },
  { value: 'attribute', label: 'Other' },
];

export function ColumnChooser({ button, isOpen, setOpen, ...props }: Props & LateProps) {
  return (
    <LatePopover button={button} isOpen={isOpen} setOpen={setOpen} position="bottom-end" width={380} padding="sm">
      {() => <Chooser {...props} />}
    </LatePopover>
  );
}

function Chooser({ experimentId, shown, sample, change, reset }: Omit<Props, 'isOpen' | 'setOpen'>) {
  const [kind, setKind] = useState<Kind>('metric');
  const [find, setFind] = useState('');
  const found = useQuery({
    queryKey: ['runs', experimentId, 'choose', kind, find],
    queryFn: async ({ signal }) => {
      const request = { experiment_ids: [experimentId], contains: find, ignore_case: true, limit: SHOWN_AT_ONCE };
      return call('tables.keys', { ...request, kinds: kind === 'attribute' ? [] : [kind] }, { signal });
    },
    enabled: kind !== 'attribute',
    placeholderData: (old, query) => (query?.queryKey[3] === kind ? keepPreviousData(old) : undefined),
    staleTime: 10_000,
  });
  const chosen = new Set(shown);
  const rows =
    kind === 'attribute'
      ? attributeRows(find)
      : (found.data?.keys ?? []).map(({ key, runs }) => ({ name: writeField(kind, key), label: key, runs }));
  const total = kind === 'attribute' ? rows.length : (found.data?.total ?? 0);
  const toggle = (name: string) => change(chosen.has(name) ? shown.filter((each) => each !== name) : [...shown, name]);
  const names = rows.map(({ name }) => name);
  return (
    <Stack gap="sm">
      <SegmentedControl
        size="xs"
        data={KINDS}
        value={kind}
        onChange={(value) => setKind(asKind(value))}
        aria-label="Kind of column"
        fullWidth
      />
      <SearchBox
        label="Search names"
        placeholder={`Search ${total > 0 ? `${formatCount(total)} ` : ''}names`}
        value={find}
        onChange={setFind}
        data-autofocus
      />
      <ScrollArea.Autosize
        mah={320}
        type="auto"
        offsetScrollbars
        viewportProps={{ tabIndex: 0, 'aria-label': 'Columns' }}
      >
        <Stack gap={2}>
          {rows.map(({ name, label, runs }) => (
            <Group key={name} gap="sm" wrap="nowrap" justify="space-between">
              <Checkbox
                size="xs"
                checked={isChosen(chosen, name)}
                onChange={() => toggle(columnOf(chosen, name))}
                label={label}
                styles={{
                  root: { minWidth: 0, flex: 1 },
                  body: { minWidth: 0 },
                  labelWrapper: { minWidth: 0 },
                  label: { overflowWrap: 'anywhere' },
                }}
              />
              <Text size="xs" c="dimmed" style={{ flex: 'none' }}>
                {noteOf(sample, name, runs)}
              </Text>
            </Group>
          ))}
          {rows.length === 0 && (
            <Text size="sm" c="dimmed" p="xs">
              {found.isFetching ? 'Looking' : found.isError ? found.error.message : 'There is no such name here'}
            </Text>
          )}
          {total > rows.length && (
            <Text size="xs" c="dimmed" p="xs">
              {formatCount(total - rows.length)} more: search for them by a part of their name
            </Text>
          )}
        </Stack>
      </ScrollArea.Autosize>
      <Group justify="space-between" gap="xs">
        <Group gap="xs">
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => change([...shown, ...names.filter((name) => !isChosen(chosen, name))])}
            disabled={rows.length === 0}
          >
            Show these
          </Button>
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => change(shown.filter((name) => !names.includes(name)))}
            disabled={rows.length === 0}
          >
            Hide these
          </Button>
        </Group>
        <Button size="compact-xs" variant="subtle" onClick={reset} disabled={!reset}>
          Back to the default
        </Button>
      </Group>
    </Stack>
  );
}

const asKind = (value: string): Kind =>
  value === 'param' || value === 'tag' || value === 'attribute' ? value : 'metric';

/** A metric is there if any statistic of it is. */
function columnOf(chosen: ReadonlySet<string>, name: string): string {
  const { entity, key } = readField(name);
  if (entity !== 'metric' || chosen.has(name)) return name;
  const isOfIt = (each: string) => {
    const field = readField(each);
    return field.entity === 'metric' && field.key === key && !field.step;
  };
  return [...chosen].find(isOfIt) ?? name;
}

const isChosen = (chosen: ReadonlySet<string>, name: string): boolean => chosen.has(columnOf(chosen, name));

function attributeRows(find: string): { name: string; label: string; runs: undefined }[] {
  return Object.entries(ATTRIBUTES)
    .filter(([name, label]) => name !== NAME_COLUMN && `${name} ${label}`.toLowerCase().includes(find.toLowerCase()))
    .map(([name, label]) => ({ name, label, runs: undefined }));
}

/** Says where a choice is of no use: the same in all runs. */
function noteOf(sample: Frame | undefined, name: string, runs: number | undefined): string {
  const cells = sample?.columns.get(name);
  const equal = cells && statsOf(cells).constant ? 'the same in all · ' : '';
  return runs === undefined ? '' : `${equal}${formatCount(runs)} ${runs === 1 ? 'run' : 'runs'}`;
}
