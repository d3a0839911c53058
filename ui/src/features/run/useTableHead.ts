/** The first rows of a table among a run's files: read by the server, or in the page where it cannot. */

import { useQuery } from '@tanstack/react-query';
import { ApiError, call } from '@/api/client';
import { readDelimited, readJsonLines, readSplitTable, type TableHead } from './delimited';
import { fetchHead, fetchText } from './files';
import { ASK_BYTES, endingOf, TEXT_BYTES } from './kinds';

/** Rows that are shown at first. */
export const HEAD_ROWS = 200;

/** The first rows of a table. */
export function useTableHead(runId: string, path: string, rows: number) {
  return useQuery({
    queryKey: ['run-file', runId, path, 'table', rows],
    staleTime: 30_000,
    retry: false,
    queryFn: async ({ signal }): Promise<TableHead> => {
      try {
        const head = await call('artifacts.table_head', { run_id: runId, path, rows }, { signal });
        return {
          columns: head.columns,
          rows: head.rows,
          ...(head.total_rows === undefined ? {} : { total: head.total_rows }),
        };
      } catch (error) {
        if (signal.aborted || (error instanceof ApiError && error.isPassing)) throw error;
        const read = await readHere(runId, path, rows, signal);
        if (!read) throw error;
        return read;
      }
    },
  });
}

/** Read what a text says; undefined if it is none. */
async function readHere(
  runId: string,
  path: string,
  rows: number,
  signal: AbortSignal,
): Promise<TableHead | undefined> {
  const ending = endingOf(path);
  if (ending === 'json') {
    const { size } = await fetchHead(runId, path, 1, signal);
    return size > ASK_BYTES ? undefined : readSplitTable(JSON.parse(await fetchText(runId, path, signal)), rows);
  }
  if (!['csv', 'tsv', 'jsonl', 'ndjson'].includes(ending)) return undefined;
  const { bytes, cut } = await fetchHead(runId, path, TEXT_BYTES, signal);
  const text = new TextDecoder().decode(bytes);
  return ending === 'csv' || ending === 'tsv'
    ? readDelimited(text, ending === 'tsv' ? '\t' : ',', rows, cut)
    : readJsonLines(text, rows, cut);
}
