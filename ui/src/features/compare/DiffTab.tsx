/** All that the runs have, side by side: runs as columns, or as rows. */

import { ActionIcon, Button, Group, SegmentedControl, Switch, Tooltip } from '@mantine/core';
import { FileDiff, Table2 } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import { Empty } from '@/components/Empty';
import { SearchBox } from '@/components/SearchBox';
import { CodeChanges } from './CodeChanges';
import { CrossGrid } from './CrossGrid';
import { DiffCell, KeyHead, TopKeyHead } from './DiffCell';
import styles from './DiffTab.module.css';
import { buildDiff, type Line, type RowLine, type SectionLine } from './diff';
import { type RunActions, RunHead } from './RunHead';
import { type TabProps, toggled } from './state';
import type { Comparison } from './useComparison';
import { useTyped } from './useTyped';

interface Props extends TabProps {
  comparison: Comparison;
  actions: RunActions;
}

export function DiffTab({ comparison, state, change, actions }: Props) {
  const [code, setCode] = useState(false);
  const { runs, difference, places } = comparison;
  const base = Math.max(
    0,
    runs.findIndex(({ runId }) => runId === state.base),
  );
  const [typed, type] = useTyped(state.q ?? '', (q) => change({ q: q || undefined }, 'replace'));
  const find = useDeferredValue(typed);
  const lines = useMemo(() => {
    const view = {
      base,
      all: state.all ?? false,
      find,
      stat: state.stat ?? 'last',
      flipped: new Set(state.flipped),
    } as const;
    return buildDiff(difference, places, view);
  }, [difference, places, base, state.all, find, state.stat, state.flipped]);
  const rows = lines.filter((line): line is RowLine => line.kind === 'row');
  const onFlip = (key: string) => change({ flipped: toggled(state.flipped, key) });
  const layout: LayoutProps = { lines, rows, comparison, base, actions, onFlip };
  return (
    <>
      <Group px="lg" py="sm" gap="md" wrap="wrap">
        <SearchBox w={220} label="Find a key or value" value={typed} onChange={type} />
        <Switch
          size="xs"
          label="Only differences"
          checked={!state.all}
          onChange={(event) => change({ all: event.currentTarget.checked ? undefined : true })}
        />
        <Group gap="xs">
          <span className="dim" style={{ fontSize: 12.5 }}>
            Metrics:
          </span>
          <SegmentedControl
            size="xs"
            aria-label="Value of metrics"
            data={[
              { value: 'last', label: 'Last' },
              { value: 'min', label: 'Min' },
              { value: 'max', label: 'Max' },
              { value: 'best', label: 'Best' },
            ]}
            value={state.stat ?? 'last'}
            onChange={(value) =>
              change({ stat: value === 'min' || value === 'max' || value === 'best' ? value : undefined })
            }
          />
        </Group>
        <Tooltip label={state.transposed ? 'Runs as columns' : 'Runs as rows'}>
          <ActionIcon
            variant={state.transposed ? 'filled' : 'default'}
            size={30}
            aria-label="Runs as rows"
            aria-pressed={state.transposed ?? false}
            onClick={() => change({ transposed: state.transposed ? undefined : true })}
          >
            <Table2 size={15} aria-hidden style={{ transform: 'rotate(90deg)' }} />
          </ActionIcon>
        </Tooltip>
        <Button
          size="xs"
          variant="default"
          leftSection={<FileDiff size={14} aria-hidden />}
          onClick={() => setCode(true)}
        >
          Code changes
        </Button>
      </Group>
      {lines.length === 0 ? (
        <NoRows find={find} />
      ) : rows.length === 0 ? (
        <Empty title="No differences">
          <Button variant="default" size="xs" onClick={() => change({ all: true })}>
            Show what is the same
          </Button>
        </Empty>
      ) : state.transposed ? (
        <RunsAsRows {...layout} />
      ) : (
        <RunsAsColumns {...layout} />
      )}
      {code && <CodeChanges runs={runs} base={base} comparison={comparison} close={() => setCode(false)} />}
    </>
  );
}

const NoRows = ({ find }: { find: string }) => (
  <Empty title="Nothing found">
    {find ? `No key and no value holds “${find}”.` : 'These runs have nothing to compare.'}
  </Empty>
);

interface LayoutProps {
  lines: readonly Line[];
  rows: readonly RowLine[];
  comparison: Comparison;
  base: number;
  actions: RunActions;
  onFlip: (key: string) => void;
}

const isNumeric = (line: RowLine): boolean =>
  line.section === 'metrics' || (line.section === 'attributes' && line.key === 'duration');

function RunsAsColumns({ lines, rows, comparison: { runs }, base, actions, onFlip }: LayoutProps) {
  const hidden = lines.reduce((sum, line) => sum + (line.kind === 'section' ? line.all - line.shown : 0), 0);
  return (
    <CrossGrid
      label="Differences, runs as columns"
      rows={lines.length}
      columns={runs.length}
      columnWidth={204}
      rowHeight={28}
      headWidth={248}
      headHeight={52}
      corner={
        <span className={styles.count}>
          {rows.length} rows{hidden > 0 && `, ${hidden} the same`}
        </span>
      }
      rowKey={(row) => keyOf(lines[row])}
      section={(row) => {
        const line = lines[row];
        return line?.kind === 'section' ? <SectionHead line={line} /> : undefined;
      }}
      columnHead={(place) => {
        const run = runs[place];
        return run && <RunHead run={run} place={place} count={runs.length} isBase={place === base} actions={actions} />;
      }}
      rowHead={(row) => {
        const line = lines[row];
        return line?.kind === 'row' && <KeyHead line={line} onFlip={onFlip} />;
      }}
      cell={(row, place) => {
        const line = lines[row];
        return line?.kind === 'row' && <DiffCell cell={line.cell(place)} numeric={isNumeric(line)} />;
      }}
    />
  );
}

function RunsAsRows({ lines, rows, comparison: { runs }, base, actions, onFlip }: LayoutProps) {
  const titles = new Map(
    lines.flatMap((line) => (line.kind === 'section' ? [[line.section, line.title] as const] : [])),
  );
  return (
    <CrossGrid
      label="Differences, runs as rows"
      rows={runs.length}
      columns={rows.length}
      columnWidth={168}
      rowHeight={32}
      headWidth={248}
      headHeight={52}
      corner={<span className={styles.count}>{runs.length} runs</span>}
      rowKey={(place) => runs[place]?.runId ?? String(place)}
      columnHead={(column) => {
        const line = rows[column];
        return line && <TopKeyHead line={line} section={titles.get(line.section) ?? ''} onFlip={onFlip} />;
      }}
      rowHead={(place) => {
        const run = runs[place];
        return (
          run && <RunHead flat run={run} place={place} count={runs.length} isBase={place === base} actions={actions} />
        );
      }}
      cell={(place, column) => {
        const line = rows[column];
        return line && <DiffCell cell={line.cell(place)} numeric={isNumeric(line)} />;
      }}
    />
  );
}

const keyOf = (line: Line | undefined): string =>
  line === undefined ? '' : line.kind === 'section' ? line.section : `${line.section}.${line.key}`;

function SectionHead({ line }: { line: SectionLine }) {
  return (
    <>
      <span>{line.title}</span>
      <span className={styles.count}>{line.shown === line.all ? line.all : `${line.shown} of ${line.all} differ`}</span>
    </>
  );
}
