/** What lies between the code of two runs: their commits, and what was not committed. */

import { Anchor, Badge, Drawer, Group, Loader, Select, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { fetchBytes } from '@/api/client';
import { Failure } from '@/components/Failure';
import type { DiffFile } from '@/features/run/diff';
import { listFolder } from '@/features/run/useRun';
import styles from './CodeChanges.module.css';
import { compareAddress, type FilePair, pairFiles } from './code';
import type { ComparedRun, Comparison } from './useComparison';

const FOLDER = 'provenance';
const DIFF_PATH = `${FOLDER}/uncommitted.diff`;

interface Props {
  runs: readonly ComparedRun[];
  base: number;
  comparison: Comparison;
  close: () => void;
}

export function CodeChanges({ runs, base, comparison, close }: Props) {
  const [left, setLeft] = useState(runs[base]?.runId ?? '');
  const [right, setRight] = useState(runs[base === 0 ? 1 : 0]?.runId ?? '');
  const diffs = useQuery({
    queryKey: ['compare', 'code', left, right],
    queryFn: async ({ signal }) => {
      const texts = await Promise.all([readDiffOf(left, signal), readDiffOf(right, signal)]);
      return { texts, pairs: pairFiles(texts[0] ?? '', texts[1] ?? '') };
    },
  });
  const choices = runs.map(({ runId, name }) => ({ value: runId, label: name }));
  const names = [left, right].map((id) => runs.find(({ runId }) => runId === id)?.name ?? id);
  return (
    <Drawer opened onClose={close} position="right" size="min(1100px, 92vw)" title="Code changes">
      <Stack gap="md">
        <Group gap="sm" wrap="wrap">
          <RunSelect label="From" choices={choices} value={left} choose={setLeft} />
          <RunSelect label="To" choices={choices} value={right} choose={setRight} />
        </Group>
        <Commits comparison={comparison} left={left} right={right} />
        <div>
          <Title order={3}>Not committed</Title>
          {diffs.isPending && <Loader size="sm" aria-label="Loading" />}
          {diffs.error && <Failure error={diffs.error} retry={() => void diffs.refetch()} />}
          {diffs.data && <Pairs pairs={diffs.data.pairs} texts={diffs.data.texts} names={names} />}
        </div>
      </Stack>
    </Drawer>
  );
}

interface RunSelectProps {
  label: string;
  choices: { value: string; label: string }[];
  value: string;
  choose: (runId: string) => void;
}

const RunSelect = ({ label, choices, value, choose }: RunSelectProps) => (
  <Select
    size="xs"
    w={300}
    searchable
    label={label}
    data={choices}
    value={value}
    limit={100}
    allowDeselect={false}
    onChange={(chosen) => chosen && choose(chosen)}
  />
);

function Commits({ comparison, left, right }: { comparison: Comparison; left: string; right: string }) {
  const read = (key: string, runId: string) => {
    const place = comparison.runs.findIndex((run) => run.runId === runId);
    return comparison.byName.get(`source.mlflow.source.git.${key}`)?.texts()[place];
  };
  const [from, to] = [read('commit', left), read('commit', right)];
  const address =
    from && to ? compareAddress(read('repoURL', right) ?? read('repoURL', left) ?? '', from, to) : undefined;
  const short = (commit: string | undefined) => commit?.slice(0, 10) ?? 'no commit';
  return (
    <div>
      <Title order={3}>Commits</Title>
      <Text size="sm">
        {from === undefined && to === undefined ? (
          'No commit is known of either run.'
        ) : from === to ? (
          <>
            Both ran <span className="mono">{short(from)}</span>.
          </>
        ) : (
          <>
            From <span className="mono">{short(from)}</span> to <span className="mono">{short(to)}</span>
            {address && (
              <>
                {' · '}
                <Anchor href={address} target="_blank" rel="noopener noreferrer" size="sm">
                  Show the commits between
                </Anchor>
              </>
            )}
          </>
        )}
      </Text>
    </div>
  );
}

interface PairsProps {
  pairs: readonly FilePair[];
  texts: readonly (string | undefined)[];
  names: readonly string[];
}

function Pairs({ pairs, texts, names }: PairsProps) {
  if (texts.every((text) => text === undefined)) {
    return (
      <Text size="sm" c="dimmed">
        Neither run has stored uncommitted changes.
      </Text>
    );
  }
  if (pairs.every(({ same }) => same)) {
    return <Text size="sm">Both ran with the same uncommitted changes, in {pairs.length} files.</Text>;
  }
  return (
    <Stack gap="md" mt="xs">
      {pairs.map((pair) => (
        <div key={pair.path}>
          <Group gap="xs" mb={4}>
            <span className="mono">{pair.path}</span>
            {pair.same && (
              <Badge size="sm" variant="light" color="gray" style={{ textTransform: 'none' }}>
                the same in both
              </Badge>
            )}
          </Group>
          {!pair.same && (
            <div className={styles.pair}>
              <Side name={names[0] ?? ''} file={pair.left} />
              <Side name={names[1] ?? ''} file={pair.right} />
            </div>
          )}
        </div>
      ))}
    </Stack>
  );
}

function Side({ name, file }: { name: string; file: DiffFile | undefined }) {
  return (
    <div className={styles.side}>
      <div className={`${styles.title} ellipsis`}>{name}</div>
      {!file ? (
        <Text size="sm" c="dimmed">
          As committed
        </Text>
      ) : file.binary ? (
        <Text size="sm" c="dimmed">
          A binary file was changed
        </Text>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className={styles.code} aria-label={`${file.path} of ${name}`} tabIndex={0}>
          {file.hunks.map((hunk, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: hunks of a diff that is read once
            <div key={place} style={{ padding: 0 }}>
              <div className={styles.heading}>@@ {hunk.heading}</div>
              {hunk.lines.map((line, at) => (
                <div
                  // biome-ignore lint/suspicious/noArrayIndexKey: lines of a diff that is read once
                  key={at}
                  className={line.sign === '+' ? styles.added : line.sign === '-' ? styles.removed : undefined}
                >
                  {line.sign}
                  {line.text}
                </div>
              ))}
            </div>
          ))}
        </section>
      )}
    </div>
  );
}

/** `undefined` if the run has none. */
async function readDiffOf(runId: string, signal: AbortSignal): Promise<string | undefined> {
  const files = await listFolder(runId, FOLDER, signal);
  if (!files.some(({ path }) => path === DIFF_PATH)) return undefined;
  return (await fetchBytes('get-artifact', { run_id: runId, path: DIFF_PATH }, { signal })).text();
}
