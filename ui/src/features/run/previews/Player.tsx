/** A sound or a film of a run, in the browser's own player. */

import { Loader, Text } from '@mantine/core';
import { useState } from 'react';
import { Failure } from '@/components/Failure';
import { useBlob, useBlobUrl } from '../files';
import { nameOf } from '../kinds';

interface Props {
  runId: string;
  path: string;
  kind: 'audio' | 'video';
}

export function Player({ runId, path, kind }: Props) {
  const { data, error, refetch } = useBlob(runId, path);
  const url = useBlobUrl(data);
  const [bad, setBad] = useState(false);
  if (error && !data) return <Failure title="The file could not be read" error={error} retry={() => void refetch()} />;
  if (bad) return <Text c="dimmed">The browser cannot play this file. Download it to play it elsewhere.</Text>;
  if (!url) return <Loader size="sm" />;
  const common = { src: url, controls: true, 'aria-label': nameOf(path), onError: () => setBad(true) };
  if (kind === 'audio') return <audio {...common} style={{ width: '100%', maxWidth: 560 }} />;
  return <video {...common} style={{ maxWidth: '100%', maxHeight: '70vh' }} />;
}
