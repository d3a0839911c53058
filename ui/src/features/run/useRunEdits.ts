/** What people change of a run: its name, tags, note, whether it is in the trash, whether it shall stop. Shown at once, put right if the server says no. */

import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call } from '@/api/client';
import { notices } from '@/components/notices';
import type { KnownRun } from './useRun';

/** Where MLflow keeps the note. */
export const NOTE_TAG = 'mlflow.note.content';

export interface RunEdits {
  rename: (name: string) => Promise<boolean>;
  setTag: (key: string, value: string) => Promise<boolean>;
  deleteTag: (key: string) => Promise<boolean>;
  remove: () => Promise<boolean>;
  restore: () => Promise<boolean>;
  requestStop: (reason: string) => Promise<boolean>;
  cancelStop: () => Promise<boolean>;
}

/** The edits of a run; each says whether it was done, and tells of it itself if it was not. */
export function useRunEdits(runId: string): RunEdits {
  const queries = useQueryClient();
  return useMemo(() => {
    const key = ['run', runId, 'data'];
    const attempt = async (
      what: string,
      work: () => Promise<unknown>,
      sketch?: (known: KnownRun) => KnownRun,
    ): Promise<boolean> => {
      await queries.cancelQueries({ queryKey: key });
      if (sketch) queries.setQueryData<KnownRun>(key, (known) => known && sketch(known));
      try {
        await work();
        return true;
      } catch (error) {
        notices.show({
          color: 'red',
          title: what,
          message: error instanceof Error ? error.message : String(error),
          autoClose: 8000,
        });
        return false;
      } finally {
        void queries.invalidateQueries({ queryKey: key });
        void queries.invalidateQueries({ queryKey: ['run', runId, 'control'] });
      }
    };
    const withInfo = (patch: Partial<KnownRun['run']['info']>) => (known: KnownRun) => ({
      ...known,
      run: { ...known.run, info: { ...known.run.info, ...patch } },
    });
    const withTags = (edit: (tags: Map<string, string>) => void) => (known: KnownRun) => {
      const tags = new Map(known.tags);
      edit(tags);
      return { ...known, tags };
    };
    return {
      rename: (run_name) =>
        attempt(
          'The run was not renamed',
          () => call('runs.update', { run_id: runId, run_name }),
          withInfo({ run_name }),
        ),
      setTag: (tag, value) =>
        attempt(
          `The tag ${tag} was not set`,
          () => call('runs.set_tag', { run_id: runId, key: tag, value }),
          withTags((tags) => tags.set(tag, value)),
        ),
      deleteTag: (tag) =>
        attempt(
          `The tag ${tag} was not removed`,
          () => call('runs.delete_tag', { run_id: runId, key: tag }),
          withTags((tags) => tags.delete(tag)),
        ),
      remove: () =>
        attempt(
          'The run was not deleted',
          () => call('runs.delete', { run_id: runId }),
          withInfo({ lifecycle_stage: 'deleted' }),
        ),
      restore: () =>
        attempt(
          'The run was not restored',
          () => call('runs.restore', { run_id: runId }),
          withInfo({ lifecycle_stage: 'active' }),
        ),
      requestStop: (reason) =>
        attempt('The run was not asked to stop', () => call('control.request_stop', { run_id: runId, reason })),
      cancelStop: () => attempt('The request was not taken back', () => call('control.cancel_stop', { run_id: runId })),
    };
  }, [queries, runId]);
}
