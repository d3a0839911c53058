/** The files of a run: a tree at the left, what is chosen at the right. Each file has an address. */

import { Button, Group, Skeleton, Text } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { Suspense, useMemo, useState } from 'react';
import { CopyButton } from '@/components/CopyButton';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { notices } from '@/components/notices';
import { formatBytes } from '@/lib/format';
import styles from './ArtifactsTab.module.css';
import { FileTree } from './FileTree';
import { download } from './files';
import { foldersAbove, type Listing, listFileRows } from './fileTree';
import { nameOf } from './kinds';
import { FilePreview } from './previews/FilePreview';
import { fileInPython } from './python';
import type { Address } from './useAddress';
import { folderQuery } from './useRun';

export default function ArtifactsTab({ address }: { address: Address }) {
  const { runId, path, openFile } = address;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  // The folders above the file of the address are open, unless they were closed by hand.
  const open = useMemo(
    () => new Set([...chosen, ...foldersAbove(path)].filter((folder) => !closed.has(folder))),
    [chosen, closed, path],
  );
  const folders = useMemo(() => [...new Set(['', ...open, ...foldersAbove(path)])], [open, path]);
  const answers = useQueries({ queries: folders.map((folder) => folderQuery(runId, folder)) });
  const listings = new Map<string, Listing>(
    folders.map((folder, place) => [
      folder,
      { files: answers[place]?.data, failed: answers[place]?.isError === true && !answers[place]?.data },
    ]),
  );
  const rows = listFileRows(listings, open);
  const failure = answers.find(({ error, data }) => error && !data);
  const toggle = (folder: string) => {
    const isOpen = open.has(folder);
    setChosen(isOpen ? without(chosen, folder) : new Set([...chosen, folder]));
    setClosed(isOpen ? new Set([...closed, folder]) : without(closed, folder));
  };
  const [root] = answers;
  if (root?.error && !root.data) {
    return (
      <Failure title="The files of this run could not be listed" error={root.error} retry={() => void root.refetch()} />
    );
  }
  if (root?.data?.length === 0) {
    return (
      <Empty title="No files yet">
        {'What the run logs with log_artifact, log_text, log_figure and the like is found here.'}
      </Empty>
    );
  }
  const found = rows.find((row) => row.path === path && (row.kind === 'file' || row.kind === 'folder'));
  const listed = listings.get(foldersAbove(path).at(-1) ?? '');
  return (
    <div className={styles.split}>
      <div>
        <FileTree rows={rows} selected={path} select={openFile} toggle={toggle} />
        {failure && (
          <Failure title="A folder could not be listed" error={failure.error} retry={() => void failure.refetch()} />
        )}
      </div>
      <div className={styles.pane}>
        {!path ? (
          <Text c="dimmed">Choose a file to look at it.</Text>
        ) : found?.kind === 'file' ? (
          <File key={path} runId={runId} path={path} size={found.size} />
        ) : found?.kind === 'folder' ? (
          <Folder runId={runId} path={path} />
        ) : listed?.files ? (
          <Text c="dimmed">
            The run has no file <span className="mono">{path}</span>.
          </Text>
        ) : listed?.failed ? null : (
          <Skeleton height={200} />
        )}
      </div>
    </div>
  );
}

const without = (set: ReadonlySet<string>, member: string): ReadonlySet<string> =>
  new Set([...set].filter((each) => each !== member));

function File({ runId, path, size }: { runId: string; path: string; size: number }) {
  const [loading, setLoading] = useState(false);
  const save = async () => {
    setLoading(true);
    try {
      await download(runId, path);
    } catch (error) {
      notices.show({
        color: 'red',
        title: 'The file was not downloaded',
        message: error instanceof Error ? error.message : String(error),
      });
    } finally {
      setLoading(false);
    }
  };
  return (
    <>
      <div className={styles.paneHead}>
        <Group gap="xs" wrap="nowrap" miw={0}>
          <strong className="ellipsis" title={path}>
            {nameOf(path)}
          </strong>
          <Text size="xs" c="dimmed" style={{ flex: 'none' }}>
            {formatBytes(size)}
          </Text>
          <CopyButton text={path} label="Copy the path" size={22} />
        </Group>
        <Group gap="xs">
          <CopyButton text={fileInPython(runId, path)} label="Copy as Python" worded />
          <Button
            size="xs"
            variant="default"
            leftSection={<Download size={14} aria-hidden />}
            loading={loading}
            onClick={() => void save()}
          >
            Download
          </Button>
        </Group>
      </div>
      <Suspense fallback={<Skeleton height={200} />}>
        <FilePreview runId={runId} path={path} size={size} />
      </Suspense>
    </>
  );
}

function Folder({ runId, path }: { runId: string; path: string }) {
  return (
    <div className={styles.paneHead}>
      <Group gap="xs" wrap="nowrap" miw={0}>
        <strong className="ellipsis">{path}</strong>
        <Text size="xs" c="dimmed">
          folder
        </Text>
        <CopyButton text={path} label="Copy the path" size={22} />
        <CopyButton text={fileInPython(runId, path)} label="Copy as Python" worded />
      </Group>
    </div>
  );
}
