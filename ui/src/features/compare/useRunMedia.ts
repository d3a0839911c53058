/** The pictures, sounds, films and logged tables of several runs, by key. */

import { useQueries } from '@tanstack/react-query';
import { kindOf } from '@/features/run/kinds';
import { indexMedia, type MediaSeries, readTableList } from '@/features/run/media';
import { listFolder } from '@/features/run/useRun';
import type { Comparison } from './useComparison';

/** Folders below one another, and in all, that are looked into. */
const MOST_DEPTH = 4;
const MOST_FOLDERS = 60;
/** What headrace and MLflow put there themselves; pictures of tables are shown in their tables. */
const SKIPPED = new Set(['provenance', 'table_images']);
/** The tag in which a run's logged tables stand. */
const LISTED = 'tags.mlflow.loggedArtifacts';

/** The media of the first `count` runs, in their order; `undefined` until they are known. */
export function useRunMedia(comparison: Comparison, count: number) {
  const listed = comparison.byName.get(LISTED)?.texts();
  return useQueries({
    queries: comparison.runs.slice(0, count).map(({ runId }, place) => ({
      queryKey: ['run', runId, 'files', 'media of the comparison'],
      queryFn: ({ signal }: { signal: AbortSignal }) => listMedia(runId, signal),
      select: (paths: string[]): MediaSeries[] => indexMedia(paths, readTableList(listed?.[place])),
    })),
  });
}

async function listMedia(runId: string, signal: AbortSignal): Promise<string[]> {
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
  return paths;
}
