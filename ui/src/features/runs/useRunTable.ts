/** The rows of the workspace: read in two steps, widened by columns as they are wanted, and kept up to date run by run. */

import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { ApiError } from '@/api/client';
import { live, type News, useNews } from '@/api/live';
import { addColumns, BASE_COLUMNS, type Frame, NUMBER, patchFrame } from './frame';
import { changedSince, countRuns, type Question, readColumns, readHead, readRows, readRuns } from './requests';

/** More changed runs than these at once, and all rows are read again. */
const MOST_PATCHED = 400;
/** Values that were read so long before are no news. */
const FRESH_MS = 10_000;
/** When it is asked what has changed between the reading of the rows and the first news. */
const CATCH_UP_MS = 2000;

/** Rows with the clock of the database from which on changes are to be heard. */
export type ClockedFrame = Frame & { clock: number };

/** What a table shows. */
export interface RunTableState {
  /** Rows; of an earlier question while those of this one are on their way or cannot be read (`isOld`). */
  frame: ClockedFrame | undefined;
  isOld: boolean;
  isReading: boolean;
  error: unknown;
  /** Why some columns could not be read. */
  columnError: unknown;
  retry: () => void;
}

/** Values that are known before the table asks for them. */
export interface Known {
  sample: ClockedFrame | undefined;
  sampleAt: number;
}

/** The key of the rows of an experiment in the cache. */
export const framesKey = (experimentId: string) => ['runs', experimentId, 'frame'] as const;

const isSameKey = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((each, place) => each === b[place]);

/** Read and follow the runs of an experiment. `columns` are those to be shown, sorted or grouped by. */
export function useRunTable(
  { experimentId, q, trash }: Question,
  sort: readonly string[],
  columns: readonly string[],
  { sample, sampleAt }: Known,
): RunTableState {
  const queries = useQueryClient();
  const question = useMemo(() => ({ experimentId, q, trash }), [experimentId, q, trash]);
  const key = useMemo(
    () => [...framesKey(experimentId), trash ? 'trash' : 'active', q] as const,
    [experimentId, trash, q],
  );
  const latest = useRef({ sort, columns });
  latest.current = { sort, columns };

  const query = useQuery({
    queryKey: key,
    queryFn: async ({ signal }): Promise<ClockedFrame> => {
      const before = queries.getQueryData<ClockedFrame>(key);
      const wanted = new Set([...latest.current.columns, ...(before?.whole ?? [])]);
      const names = [...wanted].filter((name) => !BASE_COLUMNS.includes(name));
      const head = await readHead(question, latest.current.sort, names, signal);
      if (head.complete) return head;
      if (before === undefined) queries.setQueryData(key, head);
      const all = await readRows(question, names, signal);
      return { ...all, clock: head.clock, matching: head.matching, total: head.total };
    },
    placeholderData: keepPreviousData,
    structuralSharing: false,
    gcTime: 120_000,
    retry: (count, error) => count < 3 && error instanceof ApiError && error.isPassing,
  });
  const kept = useRef<ClockedFrame>(undefined);
  if (query.data) kept.current = query.data;
  const frame = query.data ?? kept.current;
  const isOld = query.isPlaceholderData || query.data === undefined;
  const ready = frame?.complete === true && !isOld;

  const change = useCallback(
    (work: (frame: ClockedFrame) => ClockedFrame) => {
      queries.setQueryData<ClockedFrame>(key, (old) => old && work(old));
    },
    [queries, key],
  );

  // One thing at a time is worked into the rows: columns that are wanted, or runs that have changed.
  const busy = useRef(false);
  const changed = useRef(new Set<string>());
  const failed = useRef(new Set<string>());
  const caughtUp = useRef(false);
  const [columnError, setColumnError] = useState<unknown>();
  const [turn, setTurn] = useState(0);
  const abort = useRef(new AbortController());
  // biome-ignore lint/correctness/useExhaustiveDependencies: another key is another table
  useEffect(() => {
    const controller = new AbortController();
    abort.current = controller;
    busy.current = false;
    caughtUp.current = false;
    changed.current.clear();
    failed.current.clear();
    setColumnError(undefined);
    return () => controller.abort();
  }, [key]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the turn says that there is something to do
  useEffect(() => {
    if (!frame || isOld || busy.current) return;
    // It is of the active runs: those in the trash are others.
    const known = sample && !trash && !caughtUp.current && Date.now() - sampleAt < FRESH_MS ? sample : undefined;
    if (!ready) {
      // The first rows get what is known of them; the columns are read when all rows are there.
      const early = columns.filter((name) => known?.columns.has(name) && !frame.columns.has(name));
      if (known && early.length > 0)
        change((old) => ({ ...addColumns(old, pick(known, early), false), clock: old.clock }));
      return;
    }
    const missing = columns.filter((name) => !frame.whole.has(name) && !failed.current.has(name));
    const ids = [...changed.current];
    const { signal } = abort.current;
    if (missing.length > 0 && known?.complete && missing.every((name) => known.columns.has(name))) {
      change((old) => ({ ...addColumns(old, pick(known, missing), true), clock: Math.min(old.clock, known.clock) }));
    } else if (missing.length > 0) {
      busy.current = true;
      readColumns(question, missing, signal)
        .then((answer) => change((old) => ({ ...addColumns(old, pick(answer, missing), true), clock: old.clock })))
        .catch((error: unknown) => {
          if (signal.aborted) return;
          for (const name of missing) failed.current.add(name);
          setColumnError(error);
        })
        .finally(() => finish(signal));
    } else if (ids.length > 0) {
      busy.current = true;
      changed.current.clear();
      const names = [...frame.columns.keys()].filter((name) => !BASE_COLUMNS.includes(name));
      let lost = false;
      readRuns(question, ids, names, signal)
        .then(async (answer) => {
          const isFiltered = question.q.trim() !== '';
          let counted = false;
          change((old) => {
            const next = patchFrame(old, ids, answer);
            if (next === old) return old;
            counted = next.size !== old.size;
            return { ...next, total: isFiltered ? old.total : next.total, clock: old.clock };
          });
          if (!isFiltered || !counted) return;
          const total = await countRuns({ ...question, q: '' }, signal);
          change((old) => ({ ...old, total }));
        })
        .catch(() => {
          // Still to be read: with the next news, or when the server is back.
          lost = true;
          if (!signal.aborted) for (const id of ids) changed.current.add(id);
        })
        .finally(() => finish(signal, lost));
    }
    function finish(of: AbortSignal, lost = false) {
      if (of.aborted) return;
      busy.current = false;
      if (!lost) setTurn((count) => count + 1);
    }
  }, [frame, isOld, ready, columns, sample, sampleAt, trash, question, change, turn]);

  const note = useCallback(
    (ids: ReadonlySet<string> | undefined) => {
      if (ids === undefined || ids.has('') || ids.size + changed.current.size > MOST_PATCHED) {
        changed.current.clear();
        void queries.invalidateQueries({ queryKey: key, exact: true });
        return;
      }
      for (const id of ids) changed.current.add(id);
      if (changed.current.size > 0) setTurn((count) => count + 1);
    },
    [queries, key],
  );

  useNews(
    useCallback(
      ({ changes, reset }: News) => {
        const own = changes.filter(
          ({ kind, experiment_id }) => (kind === 'RUN' || kind === 'METRICS') && experiment_id === experimentId,
        );
        if (own.length === 0 && !reset) return;
        // What is not on the screen is read again when it comes back.
        void queries.invalidateQueries({
          queryKey: framesKey(experimentId),
          predicate: (each) => !isSameKey(each.queryKey, key),
          refetchType: 'none',
        });
        note(reset ? undefined : new Set(own.map(({ id }) => id ?? '')));
      },
      [experimentId, key, queries, note],
    ),
  );

  // Rows may have changed before the first news, or while another page was looked at.
  const since = useRef<number>(undefined);
  useEffect(() => {
    since.current ??= live.heardTo();
  }, []);
  const { dataUpdatedAt } = query;
  useEffect(() => {
    if (!ready || caughtUp.current) return;
    const wait = Date.now() - dataUpdatedAt > CATCH_UP_MS ? 0 : CATCH_UP_MS;
    const timer = setTimeout(() => {
      const clock = queries.getQueryData<ClockedFrame>(key)?.clock;
      if (clock === undefined || caughtUp.current) return;
      caughtUp.current = true;
      const from = since.current ?? live.heardFrom();
      if (from !== undefined && clock >= from) return; // all that came after the rows has been told
      changedSince(question, clock, abort.current.signal)
        .then((ids) => note(ids && new Set(ids)))
        .catch(() => undefined); // The live dot says that the server is gone; it tells all when it is back.
    }, wait);
    return () => clearTimeout(timer);
  }, [ready, dataUpdatedAt, question, key, queries, note]);

  const { refetch } = query;
  const retry = useCallback(() => {
    failed.current.clear();
    setColumnError(undefined);
    setTurn((count) => count + 1);
    void refetch();
  }, [refetch]);
  return { frame, isOld, isReading: query.isFetching, error: query.error, columnError, retry };
}

/** Of an answer the columns of these names, with the numbers of the rows. */
function pick(answer: Frame, names: readonly string[]): Frame {
  const wanted = new Set([...names, NUMBER]);
  return { ...answer, columns: new Map([...answer.columns].filter(([name]) => wanted.has(name))) };
}
