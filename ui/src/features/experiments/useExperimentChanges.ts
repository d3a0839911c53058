/** What can be done with experiments and folders. Each change resolves when the list shows it; what failed is told. */

import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Job } from '@/api/calls';
import { call } from '@/api/client';
import { showFailure, showUndo } from './toasts';
import { OVERVIEW } from './useOverview';

/** The tag that holds an experiment's note, in MLflow's words. */
export const NOTE_TAG = 'mlflow.note.content';

const POLL_MS = 300;
const MOST_POLLS = 400;

export interface ExperimentChanges {
  create: (name: string) => Promise<string>;
  rename: (experimentId: string, name: string) => Promise<void>;
  /** Rename a folder, and with it all that is below. */
  moveFolder: (from: string, to: string) => Promise<void>;
  archive: (experimentId: string, name: string) => Promise<void>;
  restore: (experimentId: string) => Promise<void>;
  describe: (experimentId: string, note: string) => Promise<void>;
}

/** Changes of experiments. `archive` and `restore` tell of failures themselves, the others reject. */
export function useExperimentChanges(): ExperimentChanges {
  const queries = useQueryClient();
  return useMemo(() => {
    const refresh = () => queries.invalidateQueries({ queryKey: ['experiments'] });
    const restore = async (experimentId: string) => {
      try {
        await call('experiments.restore', { experiment_id: experimentId });
        await refresh();
      } catch (failure) {
        showFailure('The experiment is not restored', failure);
      }
    };
    return {
      create: async (name) => {
        const { experiment_id } = await call('experiments.create', { name });
        await refresh();
        return experiment_id;
      },
      rename: async (experimentId, name) => {
        await call('experiments.update', { experiment_id: experimentId, new_name: name });
        await refresh();
      },
      moveFolder: async (from, to) => {
        const { job } = await call('jobs.move_experiments', { from_prefix: from, to_prefix: to });
        const done = await follow(job);
        await refresh();
        const [first] = done.failures;
        if (first) throw new Error(`${done.failed} of ${done.total} experiments were not moved: ${first.reason}`);
        if (done.state !== 'FINISHED') throw new Error(done.reason ?? `The job is ${done.state.toLowerCase()}.`);
      },
      archive: async (experimentId, name) => {
        try {
          await call('experiments.delete', { experiment_id: experimentId });
        } catch (failure) {
          showFailure('The experiment is not archived', failure);
          return;
        }
        await queries.invalidateQueries({ queryKey: OVERVIEW });
        showUndo(`"${name}" is archived.`, () => restore(experimentId));
      },
      restore,
      describe: async (experimentId, note) => {
        await call('experiments.set_tag', { experiment_id: experimentId, key: NOTE_TAG, value: note });
        await refresh();
      },
    };
  }, [queries]);
}

const ENDS: ReadonlySet<Job['state']> = new Set(['FINISHED', 'FAILED', 'CANCELLED']);

/** Wait for the end of a job. */
async function follow(job: Job): Promise<Job> {
  let latest = job;
  for (let polls = 0; !ENDS.has(latest.state) && polls < MOST_POLLS; polls += 1) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    latest = (await call('jobs.get', { job_id: job.job_id })).job;
  }
  if (!ENDS.has(latest.state)) throw new Error('The move still goes on; its job stands in the settings.');
  return latest;
}
