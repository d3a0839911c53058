/** The params of a run, which can be searched, and set against those of the best run. */

import { Badge, Group, Popover, Switch, Text, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { PastParam } from '@/api/calls';
import { call } from '@/api/client';
import { MISSING, uint32 } from '@/api/columns';
import { CodeBlock } from '@/components/CodeBlock';
import { CopyButton } from '@/components/CopyButton';
import { SearchBox } from '@/components/SearchBox';
import { guessBetter } from '@/lib/better';
import { Key } from './Key';
import { Panel } from './Panel';
import { RowList } from './RowList';
import styles from './RunPage.module.css';
import { metricField, selectRuns } from './useRun';

interface Props {
  runId: string;
  experimentId: string;
  params: ReadonlyMap<string, string>;
  past: readonly PastParam[];
  /** The metric that says which run is best. */
  metric: string | undefined;
  query: string;
  setQuery: (query: string) => void;
  differing: boolean;
  setDiffering: (differing: boolean) => void;
}

/** Longer values are opened by a click, in characters. */
const LONG = 48;

export function ParamsPanel({
  runId,
  experimentId,
  params,
  past,
  metric,
  query,
  setQuery,
  differing,
  setDiffering,
}: Props) {
  const { data: best, error } = useBestRun(runId, experimentId, metric, differing);
  const wanted = query.toLowerCase();
  const keys = useMemo(() => {
    const theirs = differing && best ? [...best.others.keys()] : [];
    const all = [...new Set([...params.keys(), ...theirs])].sort((a, b) =>
      a.localeCompare(b, undefined, { numeric: true }),
    );
    return all.filter((key) => {
      if (differing && best && !best.others.has(key)) return false;
      return !wanted || key.toLowerCase().includes(wanted) || params.get(key)?.toLowerCase().includes(wanted);
    });
  }, [params, wanted, differing, best]);
  const before = useMemo(() => describePast(past), [past]);
  const note =
    differing && best
      ? `${keys.length} of ${best.others.size} that differ`
      : keys.length === params.size
        ? String(params.size)
        : `${keys.length} of ${params.size}`;
  const actions = (
    <Group gap="sm" wrap="nowrap">
      {metric && (
        <Tooltip
          label={`Only params that differ from the run with the ${guessBetter(metric) === 'lower' ? 'lowest' : 'highest'} ${metric}`}
          multiline
          maw={320}
        >
          <div>
            <Switch
              size="xs"
              label="Differs from best"
              checked={differing}
              onChange={(event) => setDiffering(event.currentTarget.checked)}
            />
          </div>
        </Tooltip>
      )}
      <SearchBox w={140} label="Find params and metrics" placeholder="Find" value={query} onChange={setQuery} />
    </Group>
  );
  return (
    <Panel title="Params" note={note} actions={actions} flush>
      {differing && best && (
        <Text size="xs" c="dimmed" px="md" pt="xs">
          {best.runId === undefined
            ? 'This run is the best one: nothing to compare with.'
            : `Against ${best.name}, whose values stand behind the arrow.`}
        </Text>
      )}
      {error && (
        <Text size="xs" c="var(--hr-bad)" px="md" pt="xs" role="alert">
          The best run could not be read: {error.message}
        </Text>
      )}
      {keys.length === 0 ? (
        <Text size="sm" c="dimmed" p="md">
          {params.size === 0 ? 'This run has no params.' : 'No param matches.'}
        </Text>
      ) : (
        <RowList
          label="Params"
          count={keys.length}
          columns={styles.param ?? ''}
          maxHeight={420}
          rowKey={(row) => keys[row] ?? String(row)}
          head={
            <>
              <th scope="col">Param</th>
              <th scope="col">Value</th>
              <th scope="col">
                <span className="visually-hidden">Copy</span>
              </th>
            </>
          }
          row={(row) => {
            const key = keys[row] ?? '';
            const changed = before.get(key);
            return (
              <>
                <th scope="row" className={styles.key}>
                  <Key name={key} />
                </th>
                <Group component="td" gap="xs" wrap="nowrap" miw={0}>
                  <Value label={key} text={params.get(key)} />
                  {changed && (
                    <Badge
                      size="xs"
                      variant="outline"
                      color="gray"
                      c="var(--hr-warn)"
                      style={{ textTransform: 'none', flex: 'none' }}
                      title={changed}
                    >
                      changed by an attempt
                    </Badge>
                  )}
                  {differing && best?.others.has(key) && (
                    <Text
                      span
                      size="xs"
                      c="dimmed"
                      className="ellipsis mono"
                      maw="50%"
                      style={{ flex: 'none' }}
                      title={best.others.get(key)}
                    >
                      → {best.others.get(key) ?? 'not set'}
                    </Text>
                  )}
                </Group>
                <td>
                  <CopyButton
                    text={params.get(key) ?? ''}
                    label={`Copy the value of ${key}`}
                    size={22}
                    className={styles.reveal}
                  />
                </td>
              </>
            );
          }}
        />
      )}
    </Panel>
  );
}

/** What params were before, in words. */
function describePast(past: readonly PastParam[]): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const { key, value, attempt } of past) {
    const told = words.get(key);
    words.set(key, `${told ? `${told}; ` : ''}${value} up to attempt ${attempt}`);
  }
  return words;
}

function Value({ label, text }: { label: string; text: string | undefined }) {
  if (text === undefined) return <span className="dim">not set</span>;
  if (text.length <= LONG && !text.includes('\n')) return <span className={styles.value}>{text}</span>;
  return (
    <Popover width={560} position="bottom-start" withinPortal shadow="md">
      <Popover.Target>
        <button type="button" className={styles.valueButton} title="Show the whole value">
          {text}
        </button>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <CodeBlock text={text} label={label} maxHeight={360} />
      </Popover.Dropdown>
    </Popover>
  );
}

interface BestRun {
  /** Missing if this run is the best one. */
  runId?: string;
  name: string;
  /** Params that differ, with the best run's value; undefined where it has none. */
  others: ReadonlyMap<string, string | undefined>;
}

function useBestRun(runId: string, experimentId: string, metric: string | undefined, enabled: boolean) {
  return useQuery({
    queryKey: ['run', runId, 'best', metric],
    enabled: enabled && metric !== undefined,
    staleTime: 30_000,
    queryFn: async ({ signal }): Promise<BestRun> => {
      const best = await findBestRun(runId, experimentId, metric ?? '', signal);
      if (!best) return { name: '', others: new Map() };
      const { rows } = await call(
        'tables.compare',
        { run_ids: [runId, best.runId], only_differences: true },
        { signal },
      );
      const params = rows.filter(({ section }) => section === 'params');
      const others = new Map(
        params.map(({ key, texts, codes }) => {
          const code = uint32(codes)[1] ?? MISSING;
          return [key, code === MISSING ? undefined : texts[code]] as const;
        }),
      );
      return { runId: best.runId, name: best.name, others };
    },
  });
}

/** The run of the experiment with the best value of a metric; undefined if it is the run itself, or there is none. */
export async function findBestRun(runId: string, experimentId: string, metric: string, signal?: AbortSignal) {
  const field = metricField(metric);
  const order = `${field} ${guessBetter(metric) === 'lower' ? 'ASC' : 'DESC'}`;
  // NaN compares with nothing, so that a run whose metric is NaN is never the best.
  const filter = `${field} > -1e308 AND ${field} < 1e308`;
  const [best] = await selectRuns(experimentId, filter, {
    limit: 1,
    order: [order],
    ...(signal && { signal }),
    active: true,
  });
  return best && best.runId !== runId ? best : undefined;
}
