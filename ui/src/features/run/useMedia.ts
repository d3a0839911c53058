/** Which files of a run are media: the folder of image series, and a walk through the other folders that ends somewhere. */

import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { nameOf } from './kinds';
import { indexMedia, type MediaSeries, readTableList } from './media';
import { type KnownRun, listFolder, useFolder } from './useRun';

const MOST_FOLDERS = 60;
const DEEPEST = 4;
const WALK_PACE_MS = 30_000;
/** Not looked through: series have a folder of their own, pictures of tables are shown in their tables, sources are no media. */
const PASSED_OVER = new Set(['images', 'table_images', 'provenance']);

export interface Media {
  series: readonly MediaSeries[];
  /** Bytes by path. */
  sizes: ReadonlyMap<string, number>;
  /** Some folders were not looked through. */
  partial: boolean;
  error: Error | null;
  waiting: boolean;
}

/** The media of a run. */
export function useMedia(known: KnownRun): Media {
  const { run_id: runId, status } = known.run.info;
  const images = useFolder(runId, 'images');
  const walk = useQuery({
    queryKey: ['run', runId, 'walk'],
    staleTime: WALK_PACE_MS,
    refetchInterval: status === 'RUNNING' ? WALK_PACE_MS : false,
    queryFn: ({ signal }) => walkFolders(runId, signal),
  });
  const listed = known.tags.get('mlflow.loggedArtifacts');
  return useMemo(() => {
    const files = [...(images.data?.filter((file) => !file.is_dir) ?? []), ...(walk.data?.files ?? [])];
    return {
      series: indexMedia(
        files.map(({ path }) => path),
        readTableList(listed),
      ),
      sizes: new Map(files.map(({ path, file_size }) => [path, Number(file_size ?? 0)])),
      partial: walk.data?.partial ?? false,
      error: (images.data ? null : images.error) ?? (walk.data ? null : walk.error),
      waiting: images.isPending || walk.isPending,
    };
  }, [images.data, images.error, images.isPending, walk.data, walk.error, walk.isPending, listed]);
}

async function walkFolders(runId: string, signal: AbortSignal) {
  const files: { path: string; file_size?: number }[] = [];
  let level = [''];
  let looked = 0;
  let partial = false;
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST || looked + level.length > MOST_FOLDERS) {
      partial = true;
      level = depth > DEEPEST ? [] : level.slice(0, MOST_FOLDERS - looked);
    }
    looked += level.length;
    const listings = await Promise.all(level.map((path) => listFolder(runId, path, signal)));
    level = [];
    for (const entries of listings) {
      // A model's folder holds its weights and its environment.
      if (entries.some(({ path }) => nameOf(path) === 'MLmodel')) continue;
      for (const entry of entries) {
        if (!entry.is_dir) files.push(entry);
        else if (!PASSED_OVER.has(entry.path)) level.push(entry.path);
      }
    }
  }
  return { files, partial };
}
