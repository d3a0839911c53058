/** A page that a run has logged: in a frame without any right on this page, from an address of its own that ends soon. */

import { Button, Group, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { BASE, call } from '@/api/client';
import { Failure } from '@/components/Failure';
import { nameOf } from '../kinds';
import styles from './previews.module.css';
import { TextPreview } from './TextPreview';

export function HtmlPreview({ runId, path }: { runId: string; path: string }) {
  const [source, setSource] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: ['run-file', runId, path, 'preview'],
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => call('artifacts.preview', { run_id: runId, path }, { signal }),
  });
  const turn = () => {
    // The page's address ends after a while; a frame that is made anew needs one that holds.
    if (source && data && data.expires_at < Date.now()) void refetch();
    setSource(!source);
  };
  return (
    <div>
      <Group gap="sm" mb="sm">
        <Button size="compact-xs" variant="default" onClick={turn}>
          {source ? 'Show the page' : 'Show the source'}
        </Button>
        {!source && (
          <Text size="xs" c="dimmed">
            In a sandbox: its scripts run, and reach nothing of headrace.
          </Text>
        )}
      </Group>
      {source ? (
        <TextPreview runId={runId} path={path} />
      ) : error && !data ? (
        <Failure title="The page could not be shown" error={error} retry={() => void refetch()} />
      ) : data ? (
        <iframe
          className={styles.frame}
          src={new URL(data.path, BASE).href}
          sandbox="allow-scripts"
          title={nameOf(path)}
          referrerPolicy="no-referrer"
        />
      ) : (
        <Skeleton height={420} />
      )}
    </div>
  );
}
