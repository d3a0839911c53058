/** Since which step values in sight are no numbers: asked for only where one is. */

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call } from '@/api/client';
import { readColumn } from '@/api/columns';
import { quoteText } from './fields';
import type { Placed } from './layout';
import { oddColumn } from './odd';
import type { Line, RunLine } from './rows';

/** The first steps of NaNs and infinities. */
export interface OddSteps {
  get(line: RunLine, column: string): number | undefined;
}

/** Read the steps for lines and columns in sight. */
export function useOddSteps(
  experimentId: string,
  lines: readonly (readonly [number, Line])[],
  columns: readonly Placed[],
): OddSteps | undefined {
  const [ids, names] = useMemo(() => {
    const [found, wanted] = [new Set<string>(), new Set<string>()];
    for (const [, line] of lines) {
      if (line.kind !== 'run') continue;
      for (const { name } of columns) {
        const odd = oddColumn(line, name);
        if (odd === undefined) continue;
        found.add(line.id);
        wanted.add(odd);
      }
    }
    return [[...found].sort(), [...wanted].sort()];
  }, [lines, columns]);
  const { data } = useQuery({
    queryKey: ['runs', experimentId, 'odd', ids, names],
    queryFn: ({ signal }) => readSteps(experimentId, ids, names, signal),
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
    structuralSharing: false,
    gcTime: 60_000,
  });
  return useMemo(() => {
    if (!data || ids.length === 0) return undefined;
    return {
      get(line, column) {
        const name = oddColumn(line, column);
        return name === undefined ? undefined : data.get(name)?.get(line.id);
      },
    };
  }, [data, ids]);
}

async function readSteps(
  experimentId: string,
  ids: readonly string[],
  names: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, Map<string, number>>> {
  const answer = await call(
    'tables.runs',
    {
      experiment_ids: [experimentId],
      filter: `run_id IN (${ids.map(quoteText).join(', ')})`,
      run_view_type: 'ALL',
      select: ['run_id', ...names],
      limit: ids.length,
    },
    { signal },
  );
  const [runs, ...columns] = (answer.columns ?? []).map((column) => readColumn(column, answer.rows));
  return new Map(
    columns.map((column, place) => {
      const rows = [...Array(answer.rows).keys()].filter((row) => column.has(row));
      return [names[place] ?? '', new Map(rows.map((row) => [runs?.text(row) ?? '', column.number(row)]))] as const;
    }),
  );
}
