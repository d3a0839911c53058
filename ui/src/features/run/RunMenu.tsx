/** What can be done with a run: compare it, copy it, step to the ones beside it, delete and restore it. */

import { ActionIcon, Button, Group, Menu, Tooltip } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { ChevronDown, ChevronLeft, ChevronRight, EllipsisVertical } from 'lucide-react';
import { notices } from '@/components/notices';
import { guessBetter } from '@/lib/better';
import { copyText } from '@/lib/clipboard';
import { useKeys } from '@/lib/keys';
import { findBestRun } from './ParamsPanel';
import { runInPython } from './python';
import type { Tab } from './useAddress';
import { type KnownRun, selectRuns } from './useRun';
import type { RunEdits } from './useRunEdits';

interface Props {
  known: KnownRun;
  tab: Tab;
  /** Metrics from the most telling one on. */
  metrics: readonly string[];
  edits: RunEdits;
  rename: () => void;
}

/** So many metrics are offered to choose a best run by. */
const OFFERED = 6;

export function RunMenu({ known, tab, metrics, edits, rename }: Props) {
  const navigate = useNavigate();
  const { info } = known.run;
  const { run_id: runId, experiment_id: experimentId } = info;
  const parent = known.tags.get('mlflow.parentRunId');
  const deleted = info.lifecycle_stage === 'deleted';
  const tell = (message: string) => notices.show({ message, autoClose: 4000 });
  const compare = (other: string) =>
    void navigate({ to: '/compare-runs', search: { runs: [runId, other], experiments: [experimentId] } });
  const attempt = (work: () => Promise<void>) => {
    work().catch((error: unknown) =>
      notices.show({
        color: 'red',
        title: 'That did not work',
        message: error instanceof Error ? error.message : String(error),
      }),
    );
  };
  const compareBest = (metric: string) =>
    attempt(async () => {
      const best = await findBestRun(runId, experimentId, metric);
      if (best) compare(best.runId);
      else tell(`This run is the best by ${metric}.`);
    });
  const findBeside = (later: boolean) => {
    const start = Number(info.start_time);
    const [sign, order] = later ? (['>', 'ASC'] as const) : (['<', 'DESC'] as const);
    return selectRuns(experimentId, `attributes.start_time ${sign} ${start}`, {
      limit: 1,
      order: [`attributes.start_time ${order}`],
      active: true,
    });
  };
  const step = (later: boolean) =>
    attempt(async () => {
      const [beside] = await findBeside(later);
      if (!beside)
        tell(later ? 'There is no later run in this experiment.' : 'There is no earlier run in this experiment.');
      else if (tab === 'overview')
        await navigate({ to: '/experiments/$experimentId/runs/$runId', params: { experimentId, runId: beside.runId } });
      else
        await navigate({
          to: '/experiments/$experimentId/runs/$runId/$tab',
          params: { experimentId, runId: beside.runId, tab },
        });
    });
  const copy = async (what: string, text: string) =>
    tell((await copyText(text)) ? `Copied ${what}` : 'The browser did not allow it.');
  useKeys({
    '[': { run: () => step(false), label: 'Earlier run' },
    ']': { run: () => step(true), label: 'Later run' },
  });
  return (
    <Group gap="sm" wrap="nowrap">
      <ActionIcon.Group>
        <Tooltip label="Earlier run ( [ )" openDelay={300}>
          <ActionIcon variant="default" size={30} aria-label="Earlier run" onClick={() => step(false)}>
            <ChevronLeft size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Later run ( ] )" openDelay={300}>
          <ActionIcon variant="default" size={30} aria-label="Later run" onClick={() => step(true)}>
            <ChevronRight size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </ActionIcon.Group>
      <Menu position="bottom-end" shadow="md" width={300}>
        <Menu.Target>
          <Button size="xs" variant="default" rightSection={<ChevronDown size={13} aria-hidden />}>
            Compare
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {parent && <Menu.Item onClick={() => compare(parent)}>With its parent</Menu.Item>}
          <Menu.Item
            onClick={() =>
              attempt(async () => {
                const [before] = await findBeside(false);
                if (before) compare(before.runId);
                else tell('There is no earlier run in this experiment.');
              })
            }
          >
            With the run before
          </Menu.Item>
          {metrics.length > 0 && <Menu.Label>With the best run, by</Menu.Label>}
          {metrics.slice(0, OFFERED).map((metric) => (
            <Menu.Item key={metric} onClick={() => compareBest(metric)}>
              {guessBetter(metric) === 'lower' ? 'Lowest' : 'Highest'} {metric}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Menu position="bottom-end" shadow="md" width={200}>
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label="More about this run">
            <EllipsisVertical size={15} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={rename}>Rename</Menu.Item>
          <Menu.Item onClick={() => void copy('the run ID', runId)}>Copy run ID</Menu.Item>
          <Menu.Item onClick={() => void copy('the lines of Python', runInPython(runId))}>Copy as Python</Menu.Item>
          <Menu.Item onClick={() => void copy('the address', location.href)}>Copy link</Menu.Item>
          <Menu.Divider />
          {deleted ? (
            <Menu.Item onClick={() => void edits.restore()}>Restore</Menu.Item>
          ) : (
            <Menu.Item color="red" onClick={() => void edits.remove()}>
              Move to trash
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
