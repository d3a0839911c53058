/** The runs that a chart's brushes leave, with the values of its axes; sorted by any of them. */

import { UnstyledButton } from '@mantine/core';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { useMemo, useState } from 'react';
import { Ends } from '@/components/Ends';
import { RunLink } from '@/components/RunLink';
import { formatNumber } from '@/lib/format';
import { highlight, useIsHighlighted } from '@/lib/highlight';
import { showValue } from './axes';
import { compareNames } from './boxes';
import { CrossGrid } from './CrossGrid';
import type { Field } from './fields';
import styles from './MatchTable.module.css';
import type { ComparedRun } from './useComparison';

interface Props {
  runs: readonly ComparedRun[];
  fields: readonly Field[];
  within: readonly boolean[];
}

interface Sort {
  name: string;
  down: boolean;
}

export function MatchTable({ runs, fields, within }: Props) {
  const [sort, setSort] = useState<Sort>();
  const order = useMemo(() => sortPlaces(runs, fields, within, sort), [runs, fields, within, sort]);
  const turn = (name: string) =>
    setSort((now) => (now?.name === name ? { name, down: !now.down } : { name, down: false }));
  return (
    <div className={styles.box}>
      <CrossGrid
        label="Runs within the brushes"
        rows={order.length}
        columns={fields.length}
        columnWidth={150}
        rowHeight={28}
        headWidth={240}
        headHeight={32}
        corner={`${order.length} runs`}
        rowKey={(row) => runs[order[row] ?? -1]?.runId ?? String(row)}
        columnHead={(column) => {
          const field = fields[column];
          return field && <SortHead field={field} sort={sort} turn={turn} />;
        }}
        rowHead={(row) => {
          const run = runs[order[row] ?? -1];
          return run && <RunName run={run} />;
        }}
        cell={(row, column) => {
          const field = fields[column];
          const place = order[row] ?? -1;
          if (!field) return null;
          const style = field.numeric ? { width: '100%' } : undefined;
          return (
            <span className={`${field.numeric ? 'number' : ''} ellipsis`} style={style} title={field.texts()[place]}>
              {showValue(field, place, formatNumber)}
            </span>
          );
        }}
      />
    </div>
  );
}

function SortHead({ field, sort, turn }: { field: Field; sort: Sort | undefined; turn: (name: string) => void }) {
  const isSorted = sort?.name === field.name;
  const Icon = sort?.down ? ArrowDown : ArrowUp;
  return (
    <UnstyledButton className={styles.sort} title={field.label} onClick={() => turn(field.name)}>
      <Ends text={field.label} />
      {isSorted && <Icon size={12} aria-label={sort.down ? 'falling' : 'rising'} style={{ flex: 'none' }} />}
    </UnstyledButton>
  );
}

function RunName({ run }: { run: ComparedRun }) {
  const lit = useIsHighlighted(run.runId);
  return (
    <span
      className={`${styles.name} ${lit ? styles.lit : ''}`}
      onPointerEnter={() => highlight.set(run.runId)}
      onPointerLeave={() => highlight.set(null)}
    >
      <RunLink run={run} experimentId={run.experimentId} />
    </span>
  );
}

/** The places of the runs that are shown, in their order; runs without a value come last both ways. */
function sortPlaces(
  runs: readonly ComparedRun[],
  fields: readonly Field[],
  within: readonly boolean[],
  sort: Sort | undefined,
): number[] {
  const places = runs.map((_, place) => place).filter((place) => within[place]);
  const field = fields.find(({ name }) => name === sort?.name);
  if (!sort || !field) return places;
  const [texts, numbers] = [field.texts(), field.numbers()];
  const way = sort.down ? -1 : 1;
  return places.sort((a, b) => {
    const [left, right] = [texts[a], texts[b]];
    if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined);
    return way * (field.numeric ? (numbers[a] ?? 0) - (numbers[b] ?? 0) : compareNames(left, right));
  });
}
