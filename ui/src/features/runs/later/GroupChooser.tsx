/** By which params and tags rows are grouped. Loaded when somebody chooses them. */

import { Button, Checkbox, ScrollArea, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '@/api/client';
import type { LateProps } from '@/components/Late';
import { LatePopover } from '@/components/LatePopover';
import { SearchBox } from '@/components/SearchBox';
import { labelField, writeField } from '../fields';

interface Props {
  experimentId: string;
  group: readonly string[];
  change: (group: string[]) => void;
}

const MOST_LEVELS = 3;
const ALWAYS = ['status', 'user_id'];

export function GroupChooser({ button, ...props }: Props & LateProps) {
  return (
    <LatePopover button={button} position="bottom-end" width={300} padding="sm">
      {() => <Chooser {...props} />}
    </LatePopover>
  );
}

function Chooser({ experimentId, group, change }: Props) {
  const [find, setFind] = useState('');
  const { data } = useQuery({
    queryKey: ['runs', experimentId, 'groups', find],
    queryFn: async ({ signal }) => {
      const request = {
        experiment_ids: [experimentId],
        kinds: ['param' as const, 'tag' as const],
        contains: find,
        ignore_case: true,
        limit: 100,
      };
      return (await call('tables.keys', request, { signal })).keys ?? [];
    },
    placeholderData: (old) => old,
    staleTime: 10_000,
  });
  const wanted = find.toLowerCase();
  const names = [
    ...group,
    ...(data ?? []).map(({ kind, key }) => writeField(kind, key)),
    ...ALWAYS.filter((name) => labelField(name).toLowerCase().includes(wanted)),
  ];
  const rows = [...new Set(names)]
    .filter((name) => !name.startsWith('tags.mlflow.') || group.includes(name))
    .sort((left, right) => rank(left, group) - rank(right, group));
  const toggle = (name: string) =>
    change(group.includes(name) ? group.filter((each) => each !== name) : [...group, name]);
  return (
    <Stack gap="sm">
      <SearchBox label="Search params and tags" value={find} onChange={setFind} data-autofocus />
      <ScrollArea.Autosize
        mah={280}
        type="auto"
        offsetScrollbars
        viewportProps={{ tabIndex: 0, 'aria-label': 'Fields to group by' }}
      >
        <Stack gap={4}>
          {rows.map((name) => (
            <Checkbox
              key={name}
              size="xs"
              label={name.startsWith('tags.') ? `tag ${labelField(name)}` : labelField(name)}
              checked={group.includes(name)}
              disabled={!group.includes(name) && group.length >= MOST_LEVELS}
              onChange={() => toggle(name)}
            />
          ))}
        </Stack>
      </ScrollArea.Autosize>
      {group.length > 0 ? (
        <Button size="compact-xs" variant="default" onClick={() => change([])}>
          Do not group
        </Button>
      ) : (
        <Text size="xs" c="dimmed">
          Rows with the same values fold into one, with mean and deviation; the charts draw a line and a band.
        </Text>
      )}
    </Stack>
  );
}

/** What is chosen comes first, then what people have given their runs, then what is recorded of every run. */
function rank(name: string, group: readonly string[]): number {
  if (group.includes(name)) return 0;
  if (name.startsWith('tags.headrace.')) return 3;
  return name.startsWith('tags.') ? 2 : 1;
}
