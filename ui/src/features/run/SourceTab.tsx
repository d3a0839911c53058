/** Where a run comes from: commit, what was not committed, command, machine, packages. */

import { Select, Skeleton, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { CodeBlock } from '@/components/CodeBlock';
import { CopyButton } from '@/components/CopyButton';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { commitAddress } from './commit';
import { DiffView } from './DiffView';
import { useFile } from './files';
import { ASK_BYTES, nameOf } from './kinds';
import { PackagesPanel } from './PackagesPanel';
import { Panel } from './Panel';
import {
  CELLS_FILE,
  DIFF_FILE,
  type Fact,
  FOLDER,
  joinCommand,
  REQUIREMENTS_FILE,
  readProcess,
  SOURCE_FOLDER,
  writeSteps,
} from './provenance';
import styles from './RunPage.module.css';
import type { Address } from './useAddress';
import { type KnownRun, useFolder } from './useRun';

export default function SourceTab({ address, known }: { address: Address; known: KnownRun }) {
  const { runId, openFile } = address;
  const top = useFolder(runId, FOLDER);
  const members = (top.data ?? [])
    .filter(({ path, is_dir }) => is_dir && nameOf(path) !== SOURCE_FOLDER)
    .map(({ path }) => nameOf(path));
  const [member, setMember] = useState('');
  const folder = member ? `${FOLDER}/${member}` : FOLDER;
  const here = useFolder(runId, folder);
  const files = new Map((here.data ?? []).map((file) => [nameOf(file.path), file]));
  const process = useFile(runId, `${folder}/process.json`, files.has('process.json'), (text) =>
    readProcess(JSON.parse(text)),
  );
  if (top.error && !top.data)
    return (
      <Failure
        title="The record of the run's origin could not be read"
        error={top.error}
        retry={() => void top.refetch()}
      />
    );
  if (!top.data || !here.data) return <Skeleton height={240} />;
  const told = process.data ?? readProcess(undefined);
  const tags = known.tags;
  const commit = told.commit || tags.get('mlflow.source.git.commit') || '';
  const remote = told.remote || tags.get('mlflow.source.git.repoURL') || '';
  const branch = told.branch || tags.get('mlflow.source.git.branch') || '';
  const source = tags.get('mlflow.source.name') ?? '';
  if (top.data.length === 0 && !commit && !source) {
    return (
      <Empty title="No source recorded">
        {
          'The client that made this run has not said which code it ran. The client of headrace records commit, changes, packages and command by itself.'
        }
      </Empty>
    );
  }
  const steps = writeSteps(
    { ...told, commit, remote },
    runId,
    folder,
    files.has(DIFF_FILE),
    files.has(REQUIREMENTS_FILE),
  );
  return (
    <Stack gap="md">
      {members.length > 0 && (
        <Select
          size="xs"
          w={240}
          label="Process"
          allowDeselect={false}
          value={member}
          onChange={(next) => setMember(next ?? '')}
          data={[
            { value: '', label: 'the one that began the run' },
            ...members.map((name) => ({ value: name, label: name })),
          ]}
        />
      )}
      <div
        className={styles.columns}
        style={{ gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 380px), 1fr))' }}
      >
        <Panel title="Code" flush>
          <Facts
            facts={[
              { name: 'Program', value: told.file || source },
              { name: 'Entry point', value: tags.get('mlflow.project.entryPoint') ?? '' },
              { name: 'Branch', value: branch },
              { name: 'Repository', value: remote },
              { name: 'Working folder', value: told.folder },
              {
                name: 'Not committed',
                value:
                  told.changed === undefined
                    ? ''
                    : told.changed === 1
                      ? '1 changed file'
                      : `${told.changed} changed files`,
              },
              {
                name: 'Not in git',
                value: told.untrackedCount ? `${told.untrackedCount}: ${told.untracked.slice(0, 20).join(', ')}` : '',
              },
              { name: 'Left out of the diff', value: told.leftOut.join(', ') },
            ]}
          >
            {commit && (
              <tr>
                <th scope="row">Commit</th>
                <td>
                  <Commit commit={commit} remote={remote} />
                </td>
              </tr>
            )}
          </Facts>
        </Panel>
        {(told.host.length > 0 || told.seeds.length > 0 || told.variables.length > 0) && (
          <Panel title="Machine" flush>
            <div className={styles.scroll} style={{ maxHeight: 300 }}>
              <Facts
                facts={[
                  ...told.host,
                  ...told.seeds.map(({ name, value }) => ({ name: `seed of ${name}`, value })),
                  ...told.variables,
                ]}
              />
            </div>
          </Panel>
        )}
      </div>
      {told.problems.length > 0 && (
        <Text size="sm" c="var(--hr-warn)">
          Not all could be found out: {told.problems.map(({ name, value }) => `${name} (${value})`).join('; ')}
        </Text>
      )}
      {told.command.length > 0 && (
        <Panel title="Command">
          <CodeBlock text={joinCommand(told.command)} label="command line" />
        </Panel>
      )}
      {steps && (
        <Panel title="How to repeat it">
          <CodeBlock text={steps} label="lines for a shell" />
        </Panel>
      )}
      {files.has(DIFF_FILE) && (
        <Changes
          runId={runId}
          path={`${folder}/${DIFF_FILE}`}
          size={Number(files.get(DIFF_FILE)?.file_size ?? 0)}
          openFile={openFile}
        />
      )}
      {files.has(CELLS_FILE) && (
        <TextFile title="Notebook cells that were run" runId={runId} path={`${folder}/${CELLS_FILE}`} />
      )}
      {files.has(SOURCE_FOLDER) && <Program runId={runId} folder={`${folder}/${SOURCE_FOLDER}`} />}
      {files.has('environment.json') ? (
        <PackagesPanel runId={runId} path={`${folder}/environment.json`} />
      ) : (
        files.has(REQUIREMENTS_FILE) && (
          <TextFile title="Packages" runId={runId} path={`${folder}/${REQUIREMENTS_FILE}`} />
        )
      )}
    </Stack>
  );
}

function Facts({ facts, children }: { facts: readonly Fact[]; children?: React.ReactNode }) {
  return (
    <table className={styles.table}>
      <tbody>
        {children}
        {facts.map(
          ({ name, value }) =>
            value && (
              <tr key={name}>
                <th scope="row" style={{ width: 130 }}>
                  {name}
                </th>
                <td className="mono" style={{ overflowWrap: 'anywhere' }}>
                  {value}
                </td>
              </tr>
            ),
        )}
      </tbody>
    </table>
  );
}

function Commit({ commit, remote }: { commit: string; remote: string }) {
  const address = commitAddress(remote, commit);
  return (
    <>
      {address ? (
        <a
          href={address}
          target="_blank"
          rel="noopener noreferrer"
          className="mono"
          style={{ overflowWrap: 'anywhere' }}
        >
          {commit}
        </a>
      ) : (
        <span className="mono" style={{ overflowWrap: 'anywhere' }}>
          {commit}
        </span>
      )}{' '}
      <CopyButton text={commit} label="Copy the commit" size={20} />
    </>
  );
}

function Changes({
  runId,
  path,
  size,
  openFile,
}: {
  runId: string;
  path: string;
  size: number;
  openFile: (path: string) => void;
}) {
  const isSmall = size <= ASK_BYTES;
  const { data, error } = useFile(runId, path, isSmall, (text) => text);
  return (
    <Panel
      title="Changes that were not committed"
      actions={
        <button
          type="button"
          className={styles.valueButton}
          style={{ color: 'var(--hr-accent)', fontSize: 12.5 }}
          onClick={() => openFile(path)}
        >
          {DIFF_FILE}
        </button>
      }
    >
      {!isSmall ? (
        <Text c="dimmed">The diff is too large to be shown here; download it.</Text>
      ) : data !== undefined ? (
        <DiffView text={data} />
      ) : error ? (
        <Failure error={error} />
      ) : (
        <Skeleton height={120} />
      )}
    </Panel>
  );
}

function TextFile({ title, runId, path }: { title: string; runId: string; path: string }) {
  const { data, error } = useFile(runId, path, true, (text) => text);
  return (
    <Panel title={title}>
      {data !== undefined ? (
        <CodeBlock text={data} label={nameOf(path)} numbersFrom={1} maxHeight={480} />
      ) : error ? (
        <Failure error={error} />
      ) : (
        <Skeleton height={120} />
      )}
    </Panel>
  );
}

/** The program's own file, which is kept if git does not know it. */
function Program({ runId, folder }: { runId: string; folder: string }) {
  const { data } = useFolder(runId, folder);
  return data?.map(
    (file) =>
      !file.is_dir && (
        <TextFile key={file.path} title={`Program: ${nameOf(file.path)}`} runId={runId} path={file.path} />
      ),
  );
}
