/** Group A against group B: how their metrics differ, and how sure that is; or their curves. */

import { Group, SegmentedControl, Select, Text } from '@mantine/core';
import { useCallback, useMemo } from 'react';
import { Empty } from '@/components/Empty';
import { ChartsPanel } from '@/features/charts/ChartsPanel';
import { formatNumber } from '@/lib/format';
import { isSure, LEAST_RUNS, RESAMPLES } from './bootstrap';
import { CrossGrid } from './CrossGrid';
import { FieldSelect } from './FieldSelect';
import { type Field, rankMetrics, rankParams } from './fields';
import { GroupEditor } from './GroupEditor';
import styles from './GroupsTab.module.css';
import { clauseOf, compareGroups, countValues, defaultSplit, type GroupRow, readGroup, splitters } from './groups';
import type { TabProps } from './state';
import type { Comparison } from './useComparison';
import { useGroup } from './useGroup';
import { useSteps } from './useSteps';

const NO_RUNS: readonly never[] = [];

export function GroupsTab({ comparison, state, change }: TabProps & { comparison: Comparison }) {
  const { runs, fields, difference, places } = comparison;
  const fieldsToSplit = useMemo(() => splitters(fields), [fields]);
  const split = useMemo(() => {
    const telling = rankParams(fields, rankMetrics(fields)[0]);
    const rank = (field: Field) => (telling.includes(field) ? telling.indexOf(field) : telling.length);
    return defaultSplit(fieldsToSplit.toSorted((a, b) => rank(a) - rank(b)));
  }, [fields, fieldsToSplit]);
  const untouched = state.a === undefined && state.b === undefined;
  const texts =
    untouched && split
      ? { a: clauseOf(split.field, split.a), b: clauseOf(split.field, split.b) }
      : { a: state.a, b: state.b };
  const runIds = useMemo(() => runs.map(({ runId }) => runId), [runs]);
  const choiceA = useMemo(() => readGroup(texts.a, runIds), [texts.a, runIds]);
  const choiceB = useMemo(() => readGroup(texts.b, runIds), [texts.b, runIds]);
  const groupA = useGroup(choiceA, runs);
  const groupB = useGroup(choiceB, runs);
  // What is not touched stays as it is shown when the other one is changed.
  const set = (which: 'a' | 'b') => (text: string | undefined) => change({ ...texts, [which]: text });
  const make = useCallback(
    () =>
      compareGroups({
        difference,
        places,
        a: groupA.places,
        b: groupB.places,
        stat: state.stat ?? 'last',
        flipped: new Set(state.flipped),
      }),
    [difference, places, groupA.places, groupB.places, state.stat, state.flipped],
  );
  const { progress, result } = useSteps(make);
  const both = groupA.places.filter((place) => groupB.places.includes(place)).length;
  const isSplit = groupA.places.length > 0 && groupB.places.length > 0;
  return (
    <>
      <SplitBy fields={fieldsToSplit} texts={texts} change={change} />
      <div className={styles.editors}>
        <GroupEditor
          title="Group A"
          choice={choiceA}
          places={groupA.places}
          runs={runs}
          error={groupA.error}
          set={set('a')}
        />
        <GroupEditor
          title="Group B"
          choice={choiceB}
          places={groupB.places}
          runs={runs}
          error={groupB.error}
          set={set('b')}
        />
      </div>
      <Group px="lg" pb="sm" gap="md">
        <SegmentedControl
          size="xs"
          aria-label="What is shown of the groups"
          data={[
            { value: 'table', label: 'Differences' },
            { value: 'curves', label: 'Curves' },
          ]}
          value={state.curves ? 'curves' : 'table'}
          onChange={(value) => change({ curves: value === 'curves' ? true : undefined })}
        />
        {both > 0 && (
          <Text size="xs" c="var(--hr-warn)">
            {both} {both === 1 ? 'run is' : 'runs are'} in both groups.
          </Text>
        )}
        {!state.curves && (
          <Text size="xs" c="dimmed">
            Mean of B less mean of A, with a 95 % interval from {RESAMPLES.toLocaleString('en-US')} resamples of the
            runs.
          </Text>
        )}
      </Group>
      {!isSplit ? (
        <Empty title="Two groups are needed">
          Write a clause for each group, choose a field to split by, or choose runs one by one.
        </Empty>
      ) : state.curves ? (
        <Curves comparison={comparison} a={groupA.places} b={groupB.places} state={state} change={change} />
      ) : (
        <GroupTable rows={result ?? progress ?? NO_RUNS} find={state.q ?? ''} />
      )}
    </>
  );
}

interface SplitProps {
  fields: ReturnType<typeof splitters>;
  texts: { a: string | undefined; b: string | undefined };
  change: TabProps['change'];
}

/** The short way to two groups: a field, and two of its values. */
function SplitBy({ fields, texts, change }: SplitProps) {
  const values = useMemo(
    () => new Map(fields.map((field) => [field.name, countValues(field).map(({ value }) => value)])),
    [fields],
  );
  // Which field and values the clauses stand for, if they are such.
  const find = (text: string | undefined) => {
    for (const field of fields) {
      const value = values.get(field.name)?.find((each) => clauseOf(field, each) === text);
      if (text !== undefined && value !== undefined) return { field, value };
    }
    return undefined;
  };
  const [a, b] = [find(texts.a), find(texts.b)];
  const field = a && b && a.field === b.field ? a.field : undefined;
  if (fields.length === 0) return null;
  const choose = (name: string | undefined) => {
    const chosen = fields.find((each) => each.name === name);
    const split = chosen && defaultSplit([chosen]);
    if (split) change({ a: clauseOf(split.field, split.a), b: clauseOf(split.field, split.b) });
  };
  const valueSelect = (label: string, value: string | undefined, which: 'a' | 'b') => (
    <Select
      size="xs"
      w={170}
      label={label}
      disabled={!field}
      allowDeselect={false}
      searchable
      data={field ? (values.get(field.name) ?? []) : []}
      value={(field && value) ?? null}
      onChange={(chosen) => field && chosen !== null && change({ ...texts, [which]: clauseOf(field, chosen) })}
    />
  );
  return (
    <Group px="lg" pt="sm" gap="md" align="end">
      <FieldSelect label="Split by" fields={fields} value={field?.name} choose={choose} />
      {valueSelect('A', a?.value, 'a')}
      {valueSelect('B', b?.value, 'b')}
    </Group>
  );
}

const COLUMNS = ['Mean of A', 'Mean of B', 'Difference', '95 % interval', 'Around 0', 'Runs A, B'] as const;

function GroupTable({ rows, find }: { rows: readonly GroupRow[]; find: string }) {
  const shown = find ? rows.filter(({ key }) => key.toLowerCase().includes(find.toLowerCase())) : rows;
  return (
    <CrossGrid
      label="Metrics of both groups"
      rows={shown.length}
      columns={COLUMNS.length}
      columnWidth={164}
      rowHeight={28}
      headWidth={240}
      headHeight={34}
      corner={`${shown.length} metrics`}
      rowKey={(row) => shown[row]?.key ?? String(row)}
      columnHead={(column) => <span className={styles.head}>{COLUMNS[column]}</span>}
      rowHead={(row) => (
        <span className={`${styles.name} ellipsis`} title={shown[row]?.key}>
          {shown[row]?.key}
        </span>
      )}
      cell={(row, column) => {
        const data = shown[row];
        return data && <GroupCell row={data} column={column} />;
      }}
    />
  );
}

function GroupCell({ row, column }: { row: GroupRow; column: number }) {
  const { low, high, difference } = row;
  const isKnown = low !== undefined && high !== undefined;
  if (column === 4) return isKnown ? <Interval row={row} /> : null;
  if (column === 3) {
    if (!isKnown) return <span className={`${styles.cell} ${styles.few}`}>not enough runs (n &lt; {LEAST_RUNS})</span>;
    return (
      <span className={styles.cell} title={`${low} to ${high}`}>
        {signed(low)} to {signed(high)}
      </span>
    );
  }
  if (column === 2) {
    const sure = isSure(row);
    const isBetter = row.better && difference !== 0 ? difference < 0 === (row.better === 'lower') : undefined;
    const mark = sure && isBetter !== undefined ? (isBetter ? styles.better : styles.worse) : '';
    return (
      <span className={`${styles.cell} ${mark}`} title={String(difference)}>
        {Number.isFinite(difference) ? signed(difference) : ''}
        {sure && isBetter !== undefined && <span> {isBetter ? 'better' : 'worse'}</span>}
      </span>
    );
  }
  const text = [
    Number.isNaN(row.meanA) ? '' : formatNumber(row.meanA),
    Number.isNaN(row.meanB) ? '' : formatNumber(row.meanB),
    '',
    '',
    '',
    `${row.countA}, ${row.countB}`,
  ][column];
  return <span className={styles.cell}>{text}</span>;
}

const signed = (value: number): string =>
  value === 0 ? '0' : `${value < 0 ? '−' : '+'}${formatNumber(Number(Math.abs(value).toPrecision(3)))}`;

/** The interval around 0, which stands in the middle. */
function Interval({ row: { low = 0, high = 0, difference, ...row } }: { row: GroupRow }) {
  const reach = Math.max(Math.abs(low), Math.abs(high)) * 1.1 || 1;
  const x = (value: number) => 75 + (70 * value) / reach;
  const sure = isSure({ ...row, low, high, difference });
  const words = sure ? '0 is outside of the interval' : '0 is within the interval';
  return (
    <svg className={styles.interval} viewBox="0 0 150 18" role="img" aria-label={words}>
      <title>{words}</title>
      <line className={styles.axis} x1={75} x2={75} y1={1} y2={17} />
      <line className={sure ? styles.sureLine : styles.line} x1={x(low)} x2={x(high)} y1={9} y2={9} />
      <circle className={sure ? styles.sureDot : styles.dot} cx={x(difference)} cy={9} r={3.5} />
    </svg>
  );
}

interface CurvesProps extends TabProps {
  comparison: Comparison;
  a: readonly number[];
  b: readonly number[];
}

function Curves({ comparison, a, b, state, change }: CurvesProps) {
  const { runs, difference } = comparison;
  const groups = useMemo(() => {
    const ids = (places: readonly number[]) => places.flatMap((place) => runs[place]?.runId ?? []);
    return [
      { name: 'A', number: 0, runIds: ids(a) },
      { name: 'B', number: 1, runIds: ids(b) },
    ];
  }, [runs, a, b]);
  const experimentIds = useMemo(() => [...new Set(runs.map(({ experimentId }) => experimentId))], [runs]);
  const keys = useMemo(() => difference.metrics.map(({ key }) => key), [difference]);
  return (
    <div style={{ flex: 1, minHeight: 0, overflow: 'auto', padding: '0 16px 8px' }}>
      <ChartsPanel
        runs={NO_RUNS}
        groups={groups}
        experimentIds={experimentIds}
        state={state}
        change={change}
        keys={keys}
      />
    </div>
  );
}
