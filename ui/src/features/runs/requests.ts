/** What the table asks the server for: a first page at once, then all rows, more columns of them, and anew what has changed. */

import type { KeyCount, SelectRuns } from '@/api/calls';
import { call } from '@/api/client';
import { quoteText } from './fields';
import { guard } from './filterText';
import { BASE_COLUMNS, type Frame, joinFrames, NUMBER, readFrame } from './frame';
import { serverSort } from './sorting';

/** Which runs are meant. */
export interface Question {
  experimentId: string;
  q: string;
  trash: boolean;
}

/** Rows of the first page: enough for any screen. */
const HEAD = 1000;
const PAGE = 100_000;
const MOST_CELLS = 10_000_000;
/** More rows than these are not held. */
export const MOST_ROWS = 500_000;
const MOST_IDS = 400;

function select({ experimentId, q, trash }: Question, columns: readonly string[], limit: number): SelectRuns {
  const names = [...new Set(columns)];
  return {
    experiment_ids: [experimentId],
    filter: q,
    run_view_type: trash ? 'DELETED_ONLY' : 'ACTIVE_ONLY',
    select: names,
    limit: Math.min(limit, Math.floor(MOST_CELLS / names.length)),
  };
}

/** The first rows of an order, with the counts. */
export async function readHead(
  question: Question,
  sort: readonly string[],
  columns: readonly string[],
  signal: AbortSignal,
): Promise<Frame & { clock: number }> {
  const request = { ...select(question, [...BASE_COLUMNS, ...columns], HEAD), order_by: serverSort(sort), count: true };
  const answer = await call('tables.runs', request, { signal });
  return { ...readFrame(answer), clock: answer.clock };
}

async function readPages(request: SelectRuns, signal: AbortSignal): Promise<Frame> {
  const pages: Frame[] = [];
  let page_token: string | undefined;
  let size = 0;
  do {
    const answer = await call('tables.runs', { ...request, ...(page_token ? { page_token } : {}) }, { signal });
    pages.push(readFrame(answer));
    size += answer.rows;
    page_token = answer.next_page_token;
  } while (page_token !== undefined && size < MOST_ROWS);
  return joinFrames(pages);
}

/** All rows, newest first. */
export async function readRows(question: Question, columns: readonly string[], signal: AbortSignal): Promise<Frame> {
  return { ...(await readPages(select(question, [...BASE_COLUMNS, ...columns], PAGE), signal)), complete: true };
}

/** More columns of all rows, with the numbers by which they are found. */
export const readColumns = (question: Question, columns: readonly string[], signal: AbortSignal): Promise<Frame> =>
  readPages(select(question, [NUMBER, ...columns], PAGE), signal);

/** The first rows with many columns. `complete` says whether these are all rows. */
export async function readSample(
  question: Question,
  columns: readonly string[],
  rows: number,
  signal: AbortSignal,
): Promise<Frame & { clock: number }> {
  const answer = await call('tables.runs', select(question, [NUMBER, ...columns], rows), { signal });
  return { ...readFrame(answer), clock: answer.clock };
}

/** Some runs by their ids, of those that match; with `anyStage` wherever in the experiment they are. */
export async function readRuns(
  question: Question,
  ids: readonly string[],
  columns: readonly string[],
  signal: AbortSignal | undefined,
  anyStage = false,
): Promise<Frame> {
  const pages: Frame[] = [];
  for (let from = 0; from < ids.length; from += MOST_IDS) {
    const named = `run_id IN (${ids
      .slice(from, from + MOST_IDS)
      .map(quoteText)
      .join(', ')})`;
    const q = question.q.trim() === '' ? named : `${guard(question.q)} AND ${named}`;
    const request = select({ ...question, q }, [...BASE_COLUMNS, ...columns], MOST_IDS);
    if (anyStage) request.run_view_type = 'ALL';
    pages.push(readFrame(await call('tables.runs', request, { signal })));
  }
  return joinFrames(pages);
}

/** How many runs match. */
export async function countRuns(question: Question, signal: AbortSignal): Promise<number> {
  const answer = await call('tables.runs', { ...select(question, ['run_id'], 1), count: true }, { signal });
  return answer.matching ?? answer.rows;
}

/** Which of the runs has changed since a clock; `undefined` if all must be read again. */
export async function changedSince(
  question: Question,
  clock: number,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  const request = { cursor: clock, wait_ms: 0, experiment_ids: [question.experimentId], limit: 2 * MOST_IDS };
  const answer = await call('changes.follow', request, { signal });
  const ids = new Set(
    answer.changes.filter(({ kind }) => kind === 'RUN' || kind === 'METRICS').map(({ id }) => id ?? ''),
  );
  return answer.reset || answer.more || ids.has('') || ids.size > MOST_IDS ? undefined : [...ids];
}

/** Names of metrics and params, those that most runs have first; `complete` if these are all of them. */
export interface Keys {
  metrics: readonly KeyCount[];
  params: readonly KeyCount[];
  total: number;
  complete: boolean;
}

const MOST_KEYS = 2000;

/** The names that runs of an experiment have. Where there are very many, the first of them: the server searches the others. */
export async function readKeys(experimentId: string, signal: AbortSignal): Promise<Keys> {
  const request = { experiment_ids: [experimentId], limit: MOST_KEYS };
  const answer = await call('tables.keys', { ...request, kinds: ['metric', 'param'] }, { signal });
  const keys = answer.keys ?? [];
  const complete = answer.next_page_token === undefined;
  const params = complete
    ? keys.filter(({ kind }) => kind === 'param')
    : ((await call('tables.keys', { ...request, kinds: ['param'] }, { signal })).keys ?? []);
  return { metrics: keys.filter(({ kind }) => kind === 'metric'), params, total: answer.total, complete };
}
