/** The files of a logged model as a tree, with a look into small texts and a download of all. */

import { ActionIcon, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ChevronDown, ChevronRight, Download, File } from 'lucide-react';
import { useState } from 'react';
import type { FileInfo } from '@/api/calls';
import { call, fetchBytes } from '@/api/client';
import { CodeBlock } from '@/components/CodeBlock';
import { Failure } from '@/components/Failure';
import pieces from '@/components/pieces.module.css';
import { showFailure } from '@/features/experiments/toasts';
import { formatBytes } from '@/lib/format';
import classes from './models.module.css';

const MOST_SHOWN_BYTES = 500_000;
const TEXTS = /(^|\/)(MLmodel|requirements\.txt|[^/]+\.(txt|ya?ml|json|md|toml|cfg|ini|py|csv|log|in))$/;

const pathOf = (modelId: string): string =>
  `api/2.0/mlflow/logged-models/${encodeURIComponent(modelId)}/artifacts/files`;

export function ModelFiles({ modelId }: { modelId: string }) {
  const [shown, show] = useState<string>();
  return (
    <>
      <Folder modelId={modelId} path="" depth={0} shown={shown} show={show} />
      {shown !== undefined && <Look key={shown} modelId={modelId} path={shown} />}
    </>
  );
}

interface FolderProps {
  modelId: string;
  path: string;
  depth: number;
  shown: string | undefined;
  show: (path: string | undefined) => void;
}

function Folder({ modelId, path, depth, shown, show }: FolderProps) {
  const { data, error, refetch } = useQuery({
    queryKey: ['model', modelId, 'files', path],
    queryFn: ({ signal }) => listFolder(modelId, path, signal),
  });
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  if (error) return <Failure error={error} retry={() => void refetch()} title="The files cannot be listed" />;
  if (!data) return <Skeleton height={30} />;
  if (data.length === 0 && depth === 0) {
    return (
      <Text size="sm" c="dimmed">
        It has no files.
      </Text>
    );
  }
  const toggle = (folder: string) => {
    const next = new Set(open);
    if (!next.delete(folder)) next.add(folder);
    setOpen(next);
  };
  return (
    <div>
      {data.map((file) => (
        <div key={file.path}>
          <FileLine
            modelId={modelId}
            file={file}
            depth={depth}
            open={open.has(file.path)}
            chosen={shown === file.path}
            press={() => (file.is_dir ? toggle(file.path) : show(shown === file.path ? undefined : file.path))}
          />
          {file.is_dir && open.has(file.path) && (
            <Folder modelId={modelId} path={file.path} depth={depth + 1} shown={shown} show={show} />
          )}
        </div>
      ))}
    </div>
  );
}

interface LineProps {
  modelId: string;
  file: FileInfo;
  depth: number;
  open: boolean;
  chosen: boolean;
  press: () => void;
}

function FileLine({ modelId, file, depth, open, chosen, press }: LineProps) {
  const name = file.path.split('/').at(-1) ?? file.path;
  const canShow = file.is_dir || (TEXTS.test(file.path) && (file.file_size ?? 0) <= MOST_SHOWN_BYTES);
  const Icon = file.is_dir ? (open ? ChevronDown : ChevronRight) : File;
  const label = (
    <>
      <Icon size={14} aria-hidden />
      <span className={`ellipsis ${canShow ? classes.link : ''}`}>{name}</span>
    </>
  );
  return (
    <div className={`${classes.file} ${chosen ? classes.chosen : ''}`} style={{ paddingLeft: depth * 18 }}>
      {canShow ? (
        <button
          type="button"
          className={`${pieces.bare} ${classes.open}`}
          onClick={press}
          aria-expanded={file.is_dir ? open : chosen}
        >
          {label}
        </button>
      ) : (
        <span style={{ display: 'flex', gap: 6, alignItems: 'center', flex: 1, minWidth: 0 }}>{label}</span>
      )}
      {!file.is_dir && (
        <>
          <span className="dim">{formatBytes(file.file_size ?? 0)}</span>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={24}
            aria-label={`Download ${name}`}
            onClick={() => void download(modelId, file.path, name)}
          >
            <Download size={14} aria-hidden />
          </ActionIcon>
        </>
      )}
    </div>
  );
}

function Look({ modelId, path }: { modelId: string; path: string }) {
  const { data, error } = useQuery({
    queryKey: ['model', modelId, 'text', path],
    queryFn: async ({ signal }) => (await fetchBytes(pathOf(modelId), { artifact_file_path: path }, { signal })).text(),
  });
  if (error) return <Failure error={error} />;
  if (data === undefined) return <Skeleton height={120} mt="sm" />;
  return (
    <div style={{ marginTop: 8 }}>
      <CodeBlock text={data} label={path} maxHeight={420} />
    </div>
  );
}

async function listFolder(modelId: string, path: string, signal: AbortSignal): Promise<FileInfo[]> {
  const found: FileInfo[] = [];
  let page_token = '';
  do {
    const page = await call(
      'logged_models.list_artifacts',
      { model_id: modelId, artifact_directory_path: path, page_token },
      { signal },
    );
    found.push(...(page.files ?? []));
    page_token = page.next_page_token ?? '';
  } while (page_token);
  return found.sort((a, b) => Number(b.is_dir) - Number(a.is_dir) || a.path.localeCompare(b.path));
}

/** Through the client and not by a plain link: the server may want a token. */
async function download(modelId: string, path: string, name: string): Promise<void> {
  try {
    const answer = await fetchBytes(pathOf(modelId), { artifact_file_path: path });
    const url = URL.createObjectURL(await answer.blob());
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (failure) {
    showFailure(`${name} is not downloaded`, failure);
  }
}
