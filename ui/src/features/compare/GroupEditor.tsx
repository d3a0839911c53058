/** Says which of the compared runs are in a group: by a clause, or one by one. */

import { Button, Checkbox, Group, Popover, ScrollArea, Stack, Text, TextInput } from '@mantine/core';
import { ListChecks } from 'lucide-react';
import { useEffect, useState } from 'react';
import { RunDot } from '@/components/RunDot';
import styles from './GroupsTab.module.css';
import type { GroupChoice } from './groups';
import type { ComparedRun } from './useComparison';

interface Props {
  title: string;
  choice: GroupChoice | undefined;
  /** Places of its runs. */
  places: readonly number[];
  runs: readonly ComparedRun[];
  error: string | undefined;
  set: (text: string | undefined) => void;
}

export function GroupEditor({ title, choice, places, runs, error, set }: Props) {
  const written = choice?.kind === 'clause' ? choice.clause : '';
  const [text, setText] = useState(written);
  useEffect(() => setText(written), [written]);
  const apply = () => {
    if (text.trim() !== written.trim()) set(text.trim() || undefined);
  };
  const chosen = new Set(places.map((place) => runs[place]?.runId));
  const toggle = (runId: string) => {
    const next = runs.filter((run) => (run.runId === runId ? !chosen.has(runId) : chosen.has(run.runId)));
    set(next.map((run) => run.runId).join(',') || undefined);
  };
  return (
    <div className={styles.editor}>
      <Group gap="xs" mb={4} justify="space-between">
        <Text size="sm" fw={600}>
          {title}
        </Text>
        <Group gap="xs">
          <Text size="xs" c="dimmed" role="status">
            {places.length} {places.length === 1 ? 'run' : 'runs'}
          </Text>
          <Popover position="bottom-end" withinPortal trapFocus returnFocus>
            <Popover.Target>
              <Button
                size="compact-xs"
                variant="default"
                leftSection={<ListChecks size={13} aria-hidden />}
                aria-label={`Choose runs of ${title}`}
              >
                Choose runs
              </Button>
            </Popover.Target>
            <Popover.Dropdown p="xs">
              <ScrollArea.Autosize mah={320} w={280}>
                <Stack gap={6} p={4}>
                  {runs.map((run) => (
                    <Checkbox
                      key={run.runId}
                      size="xs"
                      checked={chosen.has(run.runId)}
                      onChange={() => toggle(run.runId)}
                      label={
                        <Group gap={6} wrap="nowrap">
                          <RunDot number={run.number} />
                          <span className="ellipsis">{run.name}</span>
                        </Group>
                      }
                    />
                  ))}
                </Stack>
              </ScrollArea.Autosize>
            </Popover.Dropdown>
          </Popover>
        </Group>
      </Group>
      <TextInput
        size="xs"
        aria-label={`Runs of ${title}`}
        placeholder={choice?.kind === 'runs' ? 'Runs chosen by hand' : "params.model = 'CNN'"}
        styles={{ input: { fontFamily: 'var(--hr-mono)' } }}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={apply}
        onKeyDown={(event) => event.key === 'Enter' && apply()}
        error={error}
      />
    </div>
  );
}
