/** A file of a run, shown as what it is. Large ones are fetched only when somebody says so. */

import { Button, Stack, Text } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { formatBytes } from '@/lib/format';
import { ASK_BYTES, kindOf } from '../kinds';
import { PdfPreview } from './PdfPreview';
import { Picture } from './Picture';
import { Player } from './Player';
import { TablePreview } from './TablePreview';
import { TextPreview } from './TextPreview';

const JsonPreview = lazy(async () => ({ default: (await import('./JsonPreview')).JsonPreview }));
const HtmlPreview = lazy(async () => ({ default: (await import('./HtmlPreview')).HtmlPreview }));

interface Props {
  runId: string;
  path: string;
  /** In bytes. */
  size: number;
}

/** Kinds of which only a part is read, however large the file is. */
const PARTIAL = new Set(['text', 'markdown', 'table', 'unknown', 'html']);

export function FilePreview({ runId, path, size }: Props) {
  const [agreed, setAgreed] = useState(false);
  const kind = kindOf(path);
  if (size === 0) return <Text c="dimmed">This file is empty.</Text>;
  if (kind === 'binary')
    return <Text c="dimmed">There is no preview for this kind of file. Download it to open it.</Text>;
  if (size > ASK_BYTES && !agreed && !PARTIAL.has(kind)) {
    return (
      <Stack align="flex-start" gap="sm">
        <Text>This file is large: {formatBytes(size)}.</Text>
        <Button size="xs" variant="default" onClick={() => setAgreed(true)}>
          Show it anyway
        </Button>
      </Stack>
    );
  }
  switch (kind) {
    case 'image':
      return <Picture runId={runId} path={path} />;
    case 'audio':
    case 'video':
      return <Player runId={runId} path={path} kind={kind} />;
    case 'table':
      return <TablePreview runId={runId} path={path} />;
    case 'pdf':
      return <PdfPreview runId={runId} path={path} />;
    case 'json':
      return (
        <Suspense>
          <JsonPreview runId={runId} path={path} />
        </Suspense>
      );
    case 'html':
      return (
        <Suspense>
          <HtmlPreview runId={runId} path={path} />
        </Suspense>
      );
    default:
      return <TextPreview runId={runId} path={path} markdown={kind === 'markdown'} />;
  }
}
