/** Choices for a filter that is being written, with names and values that the server knows. */

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { call } from '@/api/client';
import { formatCount } from '@/lib/format';
import {
  type Choice,
  choiceOfKey,
  choiceOfValue,
  completeAttribute,
  completeJoint,
  completeOperator,
  completeState,
  typedKey,
  typedValue,
  type Wanted,
} from './completion';
import { type Entity, readField } from './fields';

const MOST = 30;

const countNote = (runs: number): string => (runs === 1 ? '1 run' : `${formatCount(runs)} runs`);

/** The choices at the cursor; empty while nothing is `open`. */
export function useCompletion(experimentId: string, wanted: Wanted, open: boolean): readonly Choice[] {
  const field = wanted.kind === 'field' ? wanted : undefined;
  const key = field ? typedKey(field.typed) : '';
  const entity = field?.entity;
  const names = useQuery({
    queryKey: ['runs', experimentId, 'names', entity ?? '', key],
    queryFn: ({ signal }) => searchNames(experimentId, entity, key, signal),
    // Without an entity and a letter, the beginnings are enough.
    enabled: open && field !== undefined && (entity !== undefined || key.length > 0),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
  const value = wanted.kind === 'value' ? wanted : undefined;
  const of = value ? readField(value.field) : undefined;
  const kind = of?.entity === 'param' || of?.entity === 'tag' ? of.entity : undefined;
  const typed = value ? typedValue(value.typed) : '';
  const values = useQuery({
    queryKey: ['runs', experimentId, 'values', kind ?? '', of?.key ?? '', typed],
    queryFn: async ({ signal }) => {
      const request = {
        experiment_ids: [experimentId],
        kind: kind ?? 'param',
        key: of?.key ?? '',
        contains: typed,
        ignore_case: true,
        limit: MOST,
      };
      return (await call('tables.values', request, { signal })).values ?? [];
    },
    enabled: open && kind !== undefined,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
  if (!open) return [];
  switch (wanted.kind) {
    case 'field': {
      const known = (names.data ?? []).filter(({ name }) => name.toLowerCase().includes(key.toLowerCase()));
      const closing = field?.closing ?? '';
      const found = known
        .filter((each) => entity === undefined || each.entity === entity)
        .map((each) => choiceOfKey(each.entity, each.name, countNote(each.runs), closing));
      const first = entity === undefined ? completeAttribute(wanted.typed) : [];
      return (wanted.typed === '' ? first : [...found, ...first]).slice(0, MOST);
    }
    case 'operator':
      return completeOperator(wanted.field, wanted.typed);
    case 'value':
      if (of?.entity === 'attribute' && of.key === 'status') return completeState(wanted.typed, wanted.list);
      return (values.data ?? [])
        .filter((each) => each.value.toLowerCase().includes(typed.toLowerCase()))
        .map((each) => choiceOfValue(each.value, countNote(each.runs), wanted.list));
    case 'joint':
      return completeJoint(wanted.typed);
    default:
      return [];
  }
}

interface Name {
  entity: Entity;
  name: string;
  runs: number;
}

async function searchNames(
  experimentId: string,
  entity: Entity | undefined,
  contains: string,
  signal: AbortSignal,
): Promise<Name[]> {
  const kinds = entity === undefined || entity === 'attribute' ? {} : { kinds: [entity] };
  const request = { experiment_ids: [experimentId], contains, ignore_case: true, limit: MOST, ...kinds };
  const answer = await call('tables.keys', request, { signal });
  return (answer.keys ?? []).map(({ kind, key, runs }) => ({ entity: kind, name: key, runs }));
}
