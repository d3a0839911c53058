/** The lines of metrics beside their values, for the rows in sight and the columns that are wide enough. */

import { useQueries } from '@tanstack/react-query';
import { useCallback, useMemo, useRef } from 'react';
import { call } from '@/api/client';
import { readLines } from '@/api/columns';
import { useRefresh } from '@/api/refresh';
import { readField } from './fields';
import { type Placed, SPARK_WIDTH } from './layout';

/** Means of buckets, by run and column. */
export interface Sparks {
  get(id: string, column: string): Float64Array | undefined;
}

const BUCKETS = 40;
const BLOCK = 24;
const PACE_MS = 3000;

/** The runs in blocks that stay the same while the table is scrolled: each is asked for once. */
function useBlocks(ids: readonly string[]): readonly (readonly string[])[] {
  const kept = useRef<string[][]>([]);
  return useMemo(() => {
    const known = new Set(kept.current.flat());
    const fresh = ids.filter((id) => !known.has(id));
    const wanted = new Set(ids);
    const still = kept.current.filter((block) => block.some((id) => wanted.has(id)));
    for (let from = 0; from < fresh.length; from += BLOCK) still.push(fresh.slice(from, from + BLOCK));
    kept.current = still;
    return still;
  }, [ids]);
}

/** Read the lines; nothing is asked for while no column is wide enough. */
export function useSparklines(ids: readonly string[], columns: readonly Placed[]): Sparks | undefined {
  const keys = useMemo(() => {
    const wide = columns.filter(({ width }) => width >= SPARK_WIDTH).map(({ name }) => readField(name));
    return [...new Set(wide.filter(({ entity, step }) => entity === 'metric' && !step).map(({ key }) => key))];
  }, [columns]);
  const blocks = useBlocks(keys.length > 0 ? ids : NONE);
  useRefresh({
    queryKey: ['spark'],
    paceMs: PACE_MS,
    about: ({ kind, id }) => (kind === 'METRICS' && keys.length > 0 ? id : undefined),
    holds: ([, , block], changed) => Array.isArray(block) && block.some((id) => changed.has(id)),
  });
  return useQueries({
    queries: blocks.flatMap((block) =>
      keys.map((key) => ({
        queryKey: ['spark', key, block],
        queryFn: ({ signal }: { signal: AbortSignal }) => readSparks(block, key, signal),
        structuralSharing: false,
        staleTime: 30_000,
        gcTime: 60_000,
      })),
    ),
    combine: useCallback(
      (results: { data: Map<string, Float64Array> | undefined }[]): Sparks | undefined => {
        if (keys.length === 0) return undefined;
        const found = new Map<string, Map<string, Float64Array>>();
        results.forEach(({ data }, place) => {
          const key = keys[place % keys.length] ?? '';
          const all = found.get(key) ?? new Map<string, Float64Array>();
          for (const [id, values] of data ?? []) all.set(id, values);
          found.set(key, all);
        });
        return {
          get(id, column) {
            const { key, step } = readField(column);
            return step ? undefined : found.get(key)?.get(id);
          },
        };
      },
      [keys],
    ),
  });
}

const NONE: readonly string[] = [];

async function readSparks(
  run_ids: readonly string[],
  key: string,
  signal: AbortSignal,
): Promise<Map<string, Float64Array>> {
  const answer = await call('series.chart', { run_ids: [...run_ids], keys: [key], buckets: BUCKETS }, { signal });
  return new Map(readLines(answer).map(({ run, means }) => [run, means]));
}
