/** Changes of many runs at once, as counted jobs of the server, with a way back. */

import { Button } from '@mantine/core';
import type { Job, Tag } from '@/api/calls';
import { call } from '@/api/client';
import { notices } from '@/components/notices';
import { formatCount } from '@/lib/format';

const FIRST_PAUSE_MS = 120;
const MOST_PAUSE_MS = 2000;

/** Wait for the end of a job. */
async function finish(job: Job): Promise<Job> {
  let now = job;
  let pause = FIRST_PAUSE_MS;
  while (now.state === 'PENDING' || now.state === 'RUNNING') {
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 1.6, MOST_PAUSE_MS);
    now = (await call('jobs.get', { job_id: job.job_id })).job;
  }
  return now;
}

const runsOf = (count: number): string => (count === 1 ? '1 run' : `${formatCount(count)} runs`);

interface Change {
  /** Begins the job. */
  start: () => Promise<{ job: Job }>;
  /** What has been done, behind "3 runs": "are in the trash". */
  done: (count: number) => string;
  failed: string;
  undo?: (() => Promise<{ job: Job }>) | undefined;
}

/** Carry out a change and tell what became of it. */
async function carryOut({ start, done, failed, undo }: Change): Promise<void> {
  try {
    const job = await finish((await start()).job);
    const changed = job.done - job.failed;
    if (job.state !== 'FINISHED') throw new Error(job.reason ?? `The job ${job.job_id} is ${job.state.toLowerCase()}.`);
    const [first] = job.failures;
    if (job.failed > 0) {
      notices.show({
        color: 'red',
        autoClose: false,
        title: `${runsOf(job.failed)} could not be changed`,
        message: first ? `${first.id}: ${first.reason}` : '',
      });
    }
    if (changed > 0) tell(done(changed), job.job_id, failed, undo);
  } catch (error) {
    tellFailure(failed, error);
  }
}

/** Say that something went wrong, and what. */
export function tellFailure(title: string, error: unknown): void {
  notices.show({ color: 'red', title, message: error instanceof Error ? error.message : String(error) });
}

function tell(message: string, id: string, failed: string, undo: Change['undo']): void {
  notices.show({
    id,
    autoClose: 10_000,
    message: (
      <>
        {message}{' '}
        {undo && (
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => {
              notices.hide(id);
              void carryOut({ start: undo, done: (count) => `${runsOf(count)} as before.`, failed });
            }}
          >
            Undo
          </Button>
        )}
      </>
    ),
  });
}

/** Put runs, and those under them, into the trash. */
export const trashRuns = (run_ids: string[]): Promise<void> =>
  carryOut({
    start: () => call('jobs.delete_runs', { run_ids, include_children: true }),
    done: (count) => `${runsOf(count)} moved to the trash.`,
    failed: 'The runs are not in the trash',
    undo: () => call('jobs.restore_runs', { run_ids, include_children: true }),
  });

/** Take runs out of the trash. */
export const restoreRuns = (run_ids: string[]): Promise<void> =>
  carryOut({
    start: () => call('jobs.restore_runs', { run_ids, include_children: true }),
    done: (count) => `${runsOf(count)} restored.`,
    failed: 'The runs are not restored',
    undo: () => call('jobs.delete_runs', { run_ids, include_children: true }),
  });

/** Set a tag, or remove it if there is no value. A tag that stood there before cannot be brought back, so there is no way back. */
export const tagRuns = (run_ids: string[], key: string, value: string | undefined): Promise<void> => {
  const tags: Tag[] = value === undefined ? [] : [{ key, value }];
  return carryOut({
    start: () => call('jobs.tag_runs', { run_ids, tags, remove: value === undefined ? [key] : [] }),
    done: (count) =>
      value === undefined ? `The tag ${key} is off ${runsOf(count)}.` : `${runsOf(count)} tagged ${key}: ${value}.`,
    failed: 'The runs are not tagged',
  });
};

/** Move runs, and those under them, to another experiment. */
export const moveRuns = (run_ids: string[], from: string, to: string, name: string): Promise<void> =>
  carryOut({
    start: () => call('jobs.move_runs', { run_ids, to_experiment_id: to, include_children: true }),
    done: (count) => `${runsOf(count)} moved to ${name}.`,
    failed: 'The runs are not moved',
    undo: () => call('jobs.move_runs', { run_ids, to_experiment_id: from, include_children: true }),
  });
