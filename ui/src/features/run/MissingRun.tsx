/** What stands there if the server has no such run: which one was asked for, and a search for others. */

import { Button, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Search } from 'lucide-react';
import { useState } from 'react';
import { Failure } from '@/components/Failure';
import { RunLink } from '@/components/RunLink';
import { RunStateBadge } from '@/components/RunStateBadge';
import { formatAge } from '@/lib/format';
import { quoteValue, selectRuns } from './useRun';

export function MissingRun({ runId, experimentId }: { runId: string; experimentId: string }) {
  const [text, setText] = useState('');
  const [wanted] = useDebouncedValue(text.trim(), 200);
  const { data, error } = useQuery({
    queryKey: ['runs', 'find', experimentId, wanted],
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: ({ signal }) => {
      const like = quoteValue(`%${wanted}%`);
      const filter = wanted ? `attributes.run_name ILIKE ${like} OR attributes.run_id LIKE ${like}` : '';
      return selectRuns(experimentId, filter, { limit: 12, order: ['attributes.start_time DESC'], signal });
    },
  });
  return (
    <Stack p="xl" gap="md" maw={720}>
      <Title order={1}>There is no such run</Title>
      <Text style={{ overflowWrap: 'anywhere' }}>
        This server has no run <span className="mono">{runId}</span>. It may have been deleted for good, or be on
        another server.
      </Text>
      <Group>
        <Button
          variant="default"
          renderRoot={(props) => <Link {...props} to="/experiments/$experimentId/runs" params={{ experimentId }} />}
        >
          Runs of experiment {experimentId}
        </Button>
        <Button variant="default" renderRoot={(props) => <Link {...props} to="/experiments" />}>
          All experiments
        </Button>
      </Group>
      <TextInput
        label="Find a run of this experiment"
        placeholder="Name or ID"
        leftSection={<Search size={14} aria-hidden />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {error ? (
        <Failure error={error} />
      ) : data?.length === 0 ? (
        <Text c="dimmed">No run matches.</Text>
      ) : (
        <Stack gap={4} component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
          {data?.map((run) => (
            <li key={run.runId}>
              <Group gap="sm" wrap="nowrap">
                <RunLink run={run} experimentId={experimentId} />
                <RunStateBadge state={run.status} />
                <Text size="xs" c="dimmed">
                  {formatAge(run.startTime)}
                </Text>
              </Group>
            </li>
          ))}
        </Stack>
      )}
    </Stack>
  );
}
