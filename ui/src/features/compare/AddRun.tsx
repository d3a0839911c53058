/** A button that finds runs by name, to take them into the comparison. */

import { Button, Group, Popover, Stack, Text, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { Failure } from '@/components/Failure';
import { RunDot } from '@/components/RunDot';
import { RunStateBadge } from '@/components/RunStateBadge';
import { SearchBox } from '@/components/SearchBox';
import { type RunLine, selectRuns } from '@/features/run/useRun';
import { quoteText } from '@/features/runs/fields';
import { formatAge } from '@/lib/format';

const MOST = 12;

interface Props {
  experimentIds: readonly string[];
  taken: readonly string[];
  add: (runId: string) => void;
}

export function AddRun({ experimentIds, taken, add }: Props) {
  return (
    <Popover position="bottom-end" withinPortal trapFocus returnFocus>
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          leftSection={<Plus size={14} aria-hidden />}
          disabled={experimentIds.length === 0}
        >
          Add run
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="sm">
        <RunFinder experimentIds={experimentIds} taken={taken} add={add} />
      </Popover.Dropdown>
    </Popover>
  );
}

/** A search for runs of some experiments by name or id, newest first. */
export function RunFinder({ experimentIds, taken, add }: Props) {
  const [text, setText] = useState('');
  const [wanted] = useDebouncedValue(text.trim(), 200);
  const { data, error } = useQuery({
    queryKey: ['runs', 'to compare', experimentIds, wanted],
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: async ({ signal }) => {
      const like = quoteText(`%${wanted}%`);
      const filter = wanted ? `run_name ILIKE ${like} OR run_id LIKE ${like}` : '';
      const choice = { limit: MOST + taken.length, order: ['start_time DESC'], active: true, signal };
      const found = await Promise.all(experimentIds.map((id) => selectRuns(id, filter, choice)));
      return found.flat().sort((a, b) => b.startTime - a.startTime);
    },
  });
  const shown = data?.filter(({ runId }) => !taken.includes(runId)).slice(0, MOST);
  return (
    <Stack gap="xs" w={320}>
      <SearchBox data-autofocus label="Find a run" placeholder="Name or ID" value={text} onChange={setText} />
      {error && <Failure error={error} />}
      {shown?.length === 0 && (
        <Text size="sm" c="dimmed">
          No other run matches.
        </Text>
      )}
      {shown?.map((run) => (
        <RunChoice key={run.runId} run={run} choose={() => add(run.runId)} />
      ))}
    </Stack>
  );
}

/** A run that can be pressed. */
export function RunChoice({ run, choose, note }: { run: RunLine; choose: () => void; note?: string | undefined }) {
  return (
    <UnstyledButton
      onClick={choose}
      aria-label={`Compare with ${run.name}`}
      style={{ borderRadius: 4, padding: '2px 4px', width: '100%' }}
    >
      <Group gap="xs" wrap="nowrap">
        <RunDot number={run.number} />
        <Text size="sm" className="ellipsis" flex={1} title={run.name}>
          {run.name}
        </Text>
        <RunStateBadge state={run.status} compact />
        <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
          {note ?? formatAge(run.startTime)}
        </Text>
      </Group>
    </UnstyledButton>
  );
}
