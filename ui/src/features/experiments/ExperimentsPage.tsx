/** All experiments, as a tree of folders in one scroll. */

import { Button, SegmentedControl, Skeleton, Stack, Text } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { FlaskConical, Plus, X } from 'lucide-react';
import { useDeferredValue, useMemo, useRef, useState } from 'react';
import type { ExperimentOverview } from '@/api/calls';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { PageHeader } from '@/components/PageHeader';
import pieces from '@/components/pieces.module.css';
import { SearchBox } from '@/components/SearchBox';
import { ShareButton } from '@/features/views/ShareButton';
import { formatCount } from '@/lib/format';
import { useKeys } from '@/lib/keys';
import { ExperimentDialog, type Question } from './ExperimentDialog';
import classes from './ExperimentsPage.module.css';
import { ExperimentTree } from './ExperimentTree';
import { Snippet } from './Snippet';
import type { ExperimentList } from './search';
import { buildRows, listFolders, NONE_OPEN, readOpen } from './tree';
import { useOverview } from './useOverview';

const route = getRouteApi('/experiments');
const NONE: readonly ExperimentOverview[] = [];

export function ExperimentsPage() {
  const state = route.useSearch();
  const navigate = route.useNavigate();
  const change = (patch: Partial<ExperimentList>, replace = false) =>
    void navigate({ search: (prev) => clean({ ...prev, ...patch }), replace });
  const { data = NONE, error, isPending, refetch } = useOverview(state.trash === true);
  const query = useDeferredValue(state.q ?? '');
  const sort = state.sort ?? 'name';
  const rows = useMemo(
    () => buildRows(data, { open: readOpen(state.open, data), query, sort }),
    [data, state.open, query, sort],
  );
  const folders = useMemo(() => listFolders(data), [data]);
  const [question, ask] = useState<Question>();
  const filter = useRef<HTMLInputElement>(null);
  const matching = rows.reduce((count, row) => count + (row.kind === 'experiment' ? 1 : 0), 0);

  const toggle = (path: string) => {
    const open = readOpen(state.open, data);
    if (!open.delete(path)) open.add(path);
    change({ open: open.size ? [...open] : [NONE_OPEN] });
  };
  useKeys({
    '/': { label: 'Filter experiments', run: () => filter.current?.focus() },
    n: { label: 'New experiment', run: () => ask({ kind: 'create', folder: '' }) },
  });

  return (
    <div className={classes.page}>
      <PageHeader
        crumbs={[{ label: 'Experiments' }]}
        badge={isPending || (error && data === NONE) ? undefined : countOf(matching, data.length, query)}
        actions={
          <>
            <ShareButton />
            <Button
              size="xs"
              leftSection={<Plus size={14} aria-hidden />}
              onClick={() => ask({ kind: 'create', folder: '' })}
            >
              New experiment
            </Button>
          </>
        }
      />
      <div className={`${pieces.tools} ${classes.tools}`}>
        <SearchBox
          ref={filter}
          className={classes.filter}
          label="Filter experiments"
          placeholder="Name, note or tag"
          value={state.q ?? ''}
          onChange={(text) => change({ q: text || undefined } as Partial<ExperimentList>, true)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
        <SegmentedControl
          size="xs"
          aria-label="Which experiments"
          value={state.trash ? 'trash' : 'active'}
          onChange={(value) => change({ trash: value === 'trash' ? true : undefined } as Partial<ExperimentList>)}
          data={[
            { value: 'active', label: 'Active' },
            { value: 'trash', label: 'Archived' },
          ]}
        />
      </div>
      {error && (
        <div className={classes.message}>
          <Failure error={error} retry={() => void refetch()} title="The experiments cannot be read" />
        </div>
      )}
      {isPending ? (
        <Waiting />
      ) : rows.length > 0 ? (
        <ExperimentTree
          rows={rows}
          sort={sort}
          setSort={(next) => change({ sort: next === 'name' ? undefined : next } as Partial<ExperimentList>)}
          toggle={toggle}
          ask={ask}
          trash={state.trash === true}
        />
      ) : (
        !error && <Nothing list={state} drop={() => change({ q: undefined } as Partial<ExperimentList>)} />
      )}
      {question && <ExperimentDialog question={question} folders={folders} close={() => ask(undefined)} />}
    </div>
  );
}

/** Without the fields that are undefined: they would stand in the address. */
function clean(list: ExperimentList): ExperimentList {
  return Object.fromEntries(Object.entries(list).filter(([, value]) => value !== undefined));
}

function countOf(matching: number, all: number, query: string): string {
  const total = `${formatCount(all)} ${all === 1 ? 'experiment' : 'experiments'}`;
  return query ? `${formatCount(matching)} of ${total}` : total;
}

function Nothing({ list, drop }: { list: ExperimentList; drop: () => void }) {
  if (list.q) {
    return (
      <Empty title="No experiment matches">
        <Text c="dimmed">
          None has "{list.q}" in its name, note or tags{list.trash ? ', among the archived ones' : ''}.
        </Text>
        <Button variant="default" size="xs" leftSection={<X size={14} aria-hidden />} onClick={drop}>
          Clear the filter
        </Button>
      </Empty>
    );
  }
  if (list.trash)
    return <Empty title="Nothing is archived">Experiments that you archive wait here, and can be restored.</Empty>;
  return (
    <Empty title="No experiments yet">
      <FlaskConical size={28} aria-hidden color="var(--hr-dim)" />
      <Text c="dimmed">An experiment is made by the first run that names it:</Text>
      <Snippet />
    </Empty>
  );
}

function Waiting() {
  return (
    <Stack gap={6} px="lg" py="sm" aria-label="Loading" role="status">
      {Array.from({ length: 12 }, (_, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike
        <Skeleton key={place} height={30} radius={4} />
      ))}
    </Stack>
  );
}
