/** The columns that the page shows while nobody has chosen any. Once chosen they stay; new names join them while there is room. */

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { type News, useNews } from '@/api/live';
import { type Candidate, chooseColumns, growChoice } from './defaultColumns';
import { readField, writeField } from './fields';
import type { Frame } from './frame';
import { type Keys, readKeys, readSample } from './requests';

const CELLS = 60_000;
const MOST_CANDIDATES = 200;
const KEYS_PACE_MS = 10_000;

export interface ColumnChoice {
  keys: Keys | undefined;
  keysError: unknown;
  sample: (Frame & { clock: number }) | undefined;
  /** Unix milliseconds. */
  sampleAt: number;
  /** `undefined` until it is known. */
  columns: readonly string[] | undefined;
}

/** Names of metrics and params of an experiment, kept up to date at an easy pace. */
export function useRunKeys(experimentId: string) {
  const queries = useQueryClient();
  const due = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(due.current), []);
  useNews(
    useCallback(
      ({ changes, reset }: News) => {
        if (
          !reset &&
          !changes.some(
            ({ kind, experiment_id }) => (kind === 'RUN' || kind === 'METRICS') && experiment_id === experimentId,
          )
        )
          return;
        const queryKey = ['runs', experimentId, 'keys'];
        const known = queries.getQueryData<Keys>(queryKey);
        if (reset || !known || known.total === 0) {
          void queries.invalidateQueries({ queryKey });
          return;
        }
        due.current ??= setTimeout(() => {
          due.current = undefined;
          void queries.invalidateQueries({ queryKey });
        }, KEYS_PACE_MS);
      },
      [experimentId, queries],
    ),
  );
  return useQuery({
    queryKey: ['runs', experimentId, 'keys'],
    queryFn: ({ signal }) => readKeys(experimentId, signal),
    staleTime: KEYS_PACE_MS,
  });
}

/** Choose columns by what the runs of an experiment have; nothing is read unless they are `wanted`. With `all`, whatever differs. */
export function useColumnChoice(experimentId: string, wanted: boolean, all: boolean): ColumnChoice {
  const { data: keys, error } = useRunKeys(experimentId);
  const names = useMemo(() => {
    if (!keys) return undefined;
    const metrics = keys.metrics.slice(0, MOST_CANDIDATES).map(({ key }) => writeField('metric', key));
    const params = keys.params.slice(0, MOST_CANDIDATES).map(({ key }) => writeField('param', key));
    return [...metrics, ...params];
  }, [keys]);
  const mark = names ? `${keys?.metrics.length} ${keys?.params.length}` : '';
  const { data: sample, dataUpdatedAt: sampleAt } = useQuery({
    queryKey: ['runs', experimentId, 'sample', mark],
    queryFn: ({ signal }) => {
      const columns = names ?? [];
      const rows = Math.min(1000, Math.max(50, Math.floor(CELLS / (columns.length + 1))));
      return readSample({ experimentId, q: '', trash: false }, columns, rows, signal);
    },
    enabled: wanted && names !== undefined,
    placeholderData: (old, query) => (query?.queryKey[1] === experimentId ? old : undefined),
    structuralSharing: false,
  });
  const kept = useRef<{ mark: string; columns: readonly string[] }>(undefined);
  const columns = useMemo(() => {
    if (!sample) return undefined;
    const ofKind = (entity: string): Candidate[] =>
      [...sample.columns].flatMap(([name, cells]) =>
        name !== 'number' && readField(name).entity === entity ? [{ name, cells }] : [],
      );
    const chosen = chooseColumns(ofKind('metric'), ofKind('param'), all);
    const kind = `${experimentId} ${all}`;
    const before = kept.current?.mark === kind ? kept.current.columns : undefined;
    const next = before ? growChoice(before, chosen, all) : chosen;
    kept.current = { mark: kind, columns: next };
    return next;
  }, [sample, all, experimentId]);
  return { keys, keysError: error, sample, sampleAt, columns };
}
