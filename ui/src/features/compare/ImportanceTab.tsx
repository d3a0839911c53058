/** Which params a metric depends on, by a small forest that the page grows. */

import { Alert, Anchor, Group, Progress, ScrollArea, Table, Text } from '@mantine/core';
import { useCallback } from 'react';
import { Empty } from '@/components/Empty';
import { rankCorrelation } from '@/lib/statistics';
import { FieldSelect } from './FieldSelect';
import type { Field } from './fields';
import styles from './ImportanceTab.module.css';
import { type Forest, growForest, LEAST_RUNS_FOR_IMPORTANCE } from './importance';
import type { Change, TabProps } from './state';
import { useChoices } from './useChoices';
import type { Comparison } from './useComparison';
import { useSteps } from './useSteps';

/** Below this share of the variance the forest has learned next to nothing. */
const LITTLE = 0.2;

export function ImportanceTab({ comparison, state, change }: TabProps & { comparison: Comparison }) {
  const { metrics, params, numbers } = useChoices(comparison);
  const chosen = comparison.byName.get(state.target ?? '');
  const target = chosen?.numeric ? chosen : metrics[0];
  const known = target ? target.numbers().filter(Number.isFinite).length : 0;
  const isEnough = known >= LEAST_RUNS_FOR_IMPORTANCE && params.length > 0;
  const make = useCallback(() => growForest(params.map(encode), target?.numbers() ?? []), [params, target]);
  const { progress, result } = useSteps(isEnough ? make : undefined);
  if (!target) return <Empty title="No metric to explain">No metric differs between these runs.</Empty>;
  const targets = numbers.filter(({ section }) => section === 'metrics');
  return (
    <>
      <Group px="lg" py="sm" gap="md" align="end">
        <FieldSelect
          label="Metric"
          fields={targets}
          value={target.name}
          choose={(name) => change({ target: name })}
          width={260}
        />
        {isEnough && !result && (
          <Progress value={100 * (progress ?? 0)} w={160} mb={10} aria-label="Growing the forest" />
        )}
        {result && <Quality forest={result} />}
      </Group>
      {params.length === 0 ? (
        <Empty title="No params to explain it">No param differs between these runs.</Empty>
      ) : !isEnough ? (
        <Empty title="Not enough runs">
          {`${known} runs have this metric; at least ${LEAST_RUNS_FOR_IMPORTANCE} are needed to say which params it depends on.`}
        </Empty>
      ) : (
        result && <ImportanceTable forest={result} params={params} target={target} change={change} />
      )}
    </>
  );
}

/** Numbers as they are; texts by codes. */
function encode(field: Field) {
  if (field.numeric) return { name: field.name, values: field.numbers() };
  const codes = new Map<string, number>();
  const values = field.texts().map((text) => {
    if (text === undefined) return Number.NaN;
    const code = codes.get(text) ?? codes.size;
    codes.set(text, code);
    return code;
  });
  return { name: field.name, values };
}

function Quality({ forest: { explained, runs } }: { forest: Forest }) {
  const share = `${Math.round(100 * Math.max(0, explained))} %`;
  if (explained < LITTLE) {
    return (
      <Alert color="yellow" variant="light" p="xs" role="status">
        <Text size="xs">
          The params explain only {share} of the differences between {runs} runs: take the order below as a hint at
          most.
        </Text>
      </Alert>
    );
  }
  return (
    <Text size="xs" c="dimmed" mb={6} role="status">
      The params explain {share} of the differences between {runs} runs (measured on runs the model had not seen).
    </Text>
  );
}

interface TableProps {
  forest: Forest;
  params: readonly Field[];
  target: Field;
  change: Change;
}

function ImportanceTable({ forest, params, target, change }: TableProps) {
  const byName = new Map(params.map((field) => [field.name, field]));
  const most = forest.importances[0]?.share ?? 0;
  return (
    <ScrollArea style={{ flex: 1, minHeight: 0 }} px="lg" pb="md">
      <Table fz={12.5} verticalSpacing={4} maw={900}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={260}>Param</Table.Th>
            <Table.Th>Importance</Table.Th>
            <Table.Th className="number" w={90}>
              Share
            </Table.Th>
            <Table.Th w={240} pl="lg">
              Relation
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {forest.importances.map(({ name, share }) => {
            const field = byName.get(name);
            return (
              field && (
                <Table.Tr key={name}>
                  <Table.Td className="ellipsis" maw={260} title={field.label}>
                    <Anchor
                      component="button"
                      type="button"
                      size="xs"
                      onClick={() => change({ tab: field.numeric ? 'scatter' : 'box', xf: name, yf: target.name })}
                    >
                      {field.label}
                    </Anchor>
                  </Table.Td>
                  <Table.Td>
                    <div className={styles.track}>
                      <div className={styles.bar} style={{ width: `${most > 0 ? (100 * share) / most : 0}%` }} />
                    </div>
                  </Table.Td>
                  <Table.Td className="number">{(100 * share).toFixed(1)} %</Table.Td>
                  <Table.Td pl="lg">{relationOf(field, target)}</Table.Td>
                </Table.Tr>
              )
            );
          })}
        </Table.Tbody>
      </Table>
      <Text size="xs" c="dimmed" mt="sm" maw={760}>
        A random forest of 64 trees guesses the metric from the params; a param is important if the guesses become worse
        when its values are dealt out anew among the runs. Params that always change together share their importance.
        The relation is Spearman's rank correlation.
      </Text>
    </ScrollArea>
  );
}

/** How a metric goes with a param of numbers, in words. */
function relationOf(field: Field, target: Field): string {
  if (!field.numeric) return 'categories: see the boxes';
  const [left, right] = [field.numbers(), target.numbers()];
  const places = [...left.keys()].filter((place) => Number.isFinite(left[place]) && Number.isFinite(right[place]));
  const pick = (values: Float64Array) => places.map((place) => values[place] ?? 0);
  const found = rankCorrelation(pick(left), pick(right));
  if (found === undefined) return '';
  const number = `${found < 0 ? '−' : '+'}${Math.abs(found).toFixed(2)}`;
  if (Math.abs(found) < 0.1) return `${number}, neither way`;
  return found > 0 ? `${number}, rises with it` : `${number}, falls with it`;
}
