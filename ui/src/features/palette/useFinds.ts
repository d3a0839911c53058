/** What the palette finds on the server for a few letters: experiments, runs, models and, inside an experiment, metrics. */

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { LinkProps } from '@tanstack/react-router';
import { call } from '@/api/client';
import { readColumn } from '@/api/columns';
import { quoteText } from '@/features/runs/fields';

/** Something to go to. */
export interface Find {
  id: string;
  group: 'Experiments' | 'Runs' | 'Logged models' | 'Metrics';
  label: string;
  detail: string;
  link: LinkProps;
}

const EACH = 6;
/** Runs are searched in the experiments that changed last. */
const MOST_EXPERIMENTS = 200;
const RUN_ID = /^[0-9a-f]{6,32}$/;

interface Words {
  query: string;
  experimentId: string | undefined;
}

/** Finds for what was typed; those for the letters before stay until the new ones are there. */
export function useFinds(query: string, experimentId: string | undefined) {
  return useQuery({
    queryKey: ['palette', query, experimentId ?? ''],
    queryFn: ({ signal }) => findAll({ query, experimentId }, signal),
    enabled: query.length > 0,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    staleTime: 10_000,
  });
}

async function findAll(words: Words, signal: AbortSignal): Promise<Find[]> {
  const like = quoteText(`%${words.query}%`);
  const experiments = await call(
    'experiments.search',
    { max_results: MOST_EXPERIMENTS, order_by: ['last_update_time DESC'] },
    { signal },
  );
  const known = new Map((experiments.experiments ?? []).map((each) => [each.experiment_id, each.name]));
  const ids = [...new Set([...(words.experimentId ? [words.experimentId] : []), ...known.keys()])];
  const found = await Promise.allSettled([
    findExperiments(like, signal),
    ids.length ? findRuns(words, ids, known, signal) : [],
    ids.length ? findModels(words, ids, known, signal) : [],
    words.experimentId ? findMetrics(words.query, words.experimentId, signal) : [],
  ]);
  signal.throwIfAborted();
  const failed = found.find((each) => each.status === 'rejected');
  const finds = found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  if (failed && finds.length === 0) throw failed.reason;
  return finds;
}

async function findExperiments(like: string, signal: AbortSignal): Promise<Find[]> {
  const { experiments = [] } = await call(
    'experiments.search',
    { filter: `name ILIKE ${like}`, max_results: EACH, order_by: ['last_update_time DESC'] },
    { signal },
  );
  return experiments.map(({ experiment_id, name }) => ({
    id: `experiment ${experiment_id}`,
    group: 'Experiments',
    label: name,
    detail: experiment_id,
    link: { to: '/experiments/$experimentId/runs', params: { experimentId: experiment_id } },
  }));
}

async function findRuns(
  { query, experimentId }: Words,
  ids: string[],
  names: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<Find[]> {
  const byName = `attributes.run_name ILIKE ${quoteText(`%${query}%`)}`;
  const filter = RUN_ID.test(query) ? `${byName} OR attributes.run_id LIKE ${quoteText(`${query}%`)}` : byName;
  const columns = ['run_id', 'run_name', 'experiment_id'];
  const select = (experiment_ids: string[], limit: number) =>
    call('tables.runs', { experiment_ids, filter, limit, select: columns }, { signal });
  // The experiment one is in comes first; there are often many runs of one name.
  const tables = [await select(experimentId ? [experimentId] : ids, EACH)];
  const missing = EACH - (tables[0]?.rows ?? 0);
  if (experimentId && missing > 0) {
    const others = ids.filter((id) => id !== experimentId);
    if (others.length) tables.push(await select(others, missing));
  }
  return tables.flatMap((table) => {
    const [id, name, home] = (table.columns ?? []).map((column) => readColumn(column, table.rows));
    if (!id || !name || !home) return [];
    return Array.from({ length: table.rows }, (_, row): Find => {
      const [runId, place] = [id.text(row), home.text(row)];
      return {
        id: `run ${runId}`,
        group: 'Runs',
        label: name.text(row) || runId,
        detail: `${names.get(place) ?? place} · ${runId.slice(0, 8)}`,
        link: { to: '/experiments/$experimentId/runs/$runId', params: { experimentId: place, runId } },
      };
    });
  });
}

async function findModels(
  { query }: Words,
  ids: string[],
  names: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<Find[]> {
  const byName = `name ILIKE ${quoteText(`%${query}%`)}`;
  const filter = /^m-[0-9a-f]{4,32}$/.test(query) ? `model_id LIKE ${quoteText(`${query}%`)}` : byName;
  const { models = [] } = await call(
    'logged_models.search',
    { experiment_ids: ids, filter, max_results: EACH },
    { signal },
  );
  return models.map(({ info }) => ({
    id: `model ${info.model_id}`,
    group: 'Logged models',
    label: info.name || info.model_id,
    detail: `${names.get(info.experiment_id) ?? info.experiment_id} · ${info.model_id}`,
    link: {
      to: '/experiments/$experimentId/models/$modelId',
      params: { experimentId: info.experiment_id, modelId: info.model_id },
    },
  }));
}

async function findMetrics(query: string, experimentId: string, signal: AbortSignal): Promise<Find[]> {
  const { keys = [] } = await call(
    'tables.keys',
    {
      experiment_ids: [experimentId],
      kinds: ['metric'],
      contains: query,
      ignore_case: true,
      order: 'count',
      limit: EACH,
    },
    { signal },
  );
  return keys.map(({ key, runs }) => ({
    id: `metric ${key}`,
    group: 'Metrics',
    label: key,
    detail: `chart of this experiment, ${runs} ${runs === 1 ? 'run' : 'runs'}`,
    link: {
      to: '/experiments/$experimentId/runs',
      params: { experimentId },
      search: { mode: 'charts', find: key },
    },
  }));
}
