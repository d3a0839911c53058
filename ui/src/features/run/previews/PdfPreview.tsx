/** A PDF in the browser's own viewer. */

import { Anchor, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Failure } from '@/components/Failure';
import { fetchBlob, useBlobUrl } from '../files';
import { isPdf, nameOf } from '../kinds';
import styles from './previews.module.css';

export function PdfPreview({ runId, path }: { runId: string; path: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['run-file', runId, path, 'pdf'],
    staleTime: 30_000,
    queryFn: async ({ signal }) => {
      const blob = await fetchBlob(runId, path, signal);
      const bytes = new Uint8Array(await blob.slice(0, 5).arrayBuffer());
      return isPdf(bytes) ? new Blob([blob], { type: 'application/pdf' }) : null;
    },
  });
  const url = useBlobUrl(data ?? undefined);
  if (error && data === undefined)
    return <Failure title="The file could not be read" error={error} retry={() => void refetch()} />;
  if (data === null) return <Text c="dimmed">This file is called a PDF, but is none. Download it to look at it.</Text>;
  if (!url) return <Skeleton height={420} />;
  return (
    <div>
      <iframe className={styles.frame} src={url} title={nameOf(path)} />
      <Text size="xs" c="dimmed" mt={4}>
        <Anchor href={url} target="_blank" rel="noopener noreferrer" size="xs">
          Open in a tab of its own
        </Anchor>
      </Text>
    </div>
  );
}
