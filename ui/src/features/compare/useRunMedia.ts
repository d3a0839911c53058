/** The pictures, sounds and films of several runs, by key. */

import { useQueries } from '@tanstack/react-query';
import { kindOf } from '@/features/run/kinds';
import { indexMedia, type MediaSeries } from '@/features/run/media';
import { listFolder } from '@/features/run/useRun';

/** Folders below one another, and in all, that are looked into. */
const MOST_DEPTH = 4;
const MOST_FOLDERS = 60;
/** What headrace and MLflow put there themselves. */
const SKIPPED = new Set(['provenance']);

/** The media of each run, in their order; `undefined` until they are known. */
export function useRunMedia(runIds: readonly string[]) {
  return useQueries({
    queries: runIds.map((runId) => ({
      queryKey: ['run', runId, 'files', 'media of the comparison'],
      queryFn: ({ signal }: { signal: AbortSignal }) => readMedia(runId, signal),
    })),
  });
}

/** Tables are shown on the page of the run. */
async function readMedia(runId: string, signal: AbortSignal): Promise<MediaSeries[]> {
  const paths: string[] = [];
  let folders = [''];
  let looked = 0;
  for (let depth = 0; depth < MOST_DEPTH && folders.length > 0; depth += 1) {
    const below: string[] = [];
    for (const folder of folders) {
      if (looked >= MOST_FOLDERS) break;
      looked += 1;
      const files = await listFolder(runId, folder, signal);
      // A model's folder holds nothing to look at, and often many files.
      if (files.some(({ path }) => path.endsWith('/MLmodel'))) continue;
      for (const { path, is_dir } of files) {
        if (is_dir && !SKIPPED.has(path)) below.push(path);
        else if (!is_dir && ['image', 'audio', 'video'].includes(kindOf(path))) paths.push(path);
      }
    }
    folders = below;
  }
  return indexMedia(paths);
}
