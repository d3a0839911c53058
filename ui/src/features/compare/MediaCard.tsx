/** One run's picture, sound, film or table of the key that is compared; fetched when it comes into view. */

import { Modal, Skeleton, Text, UnstyledButton } from '@mantine/core';
import { useInViewport } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, type SyntheticEvent, useEffect, useState } from 'react';
import { fetchBytes } from '@/api/client';
import { Failure } from '@/components/Failure';
import { RunLink } from '@/components/RunLink';
import { typeOf } from '@/features/run/kinds';
import type { MediaItem } from '@/features/run/media';
import { formatCount } from '@/lib/format';
import styles from './MediaCard.module.css';
import type { ComparedRun } from './useComparison';

const TablePreview = lazy(() =>
  import('@/features/run/previews/TablePreview').then((module) => ({ default: module.TablePreview })),
);
const TABLE_HEIGHT = 360;

interface Props {
  run: ComparedRun;
  item: MediaItem | undefined;
  /** The step that was asked for. */
  step: number | undefined;
  /** Told how wide a picture is for its height. */
  onRatio: (ratio: number) => void;
}

export function MediaCard({ run, item, step, onRatio }: Props) {
  const { ref, inViewport } = useInViewport();
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (inViewport) setSeen(true);
  }, [inViewport]);
  const isOther = item?.step !== undefined && step !== undefined && item.step !== step;
  return (
    <article ref={ref} className={styles.card} aria-label={run.name}>
      <header className={styles.head}>
        <RunLink run={run} experimentId={run.experimentId} />
        {item?.step !== undefined && (
          <Text
            size="xs"
            c={isOther ? 'var(--hr-warn)' : 'dimmed'}
            title={isOther ? `There is none at step ${step}` : undefined}
          >
            step {formatCount(item.step)}
          </Text>
        )}
      </header>
      {!item ? (
        <div className={styles.picture}>
          <Text size="sm" c="dimmed">
            This run has none
          </Text>
        </div>
      ) : item.kind === 'table' ? (
        seen && (
          <Suspense fallback={<Skeleton height={TABLE_HEIGHT} radius={0} />}>
            <div style={{ padding: 8 }}>
              <TablePreview runId={run.runId} path={item.path} maxHeight={TABLE_HEIGHT} />
            </div>
          </Suspense>
        )
      ) : seen ? (
        <Shown run={run} item={item} onRatio={onRatio} />
      ) : (
        <div className={styles.picture} />
      )}
    </article>
  );
}

/** Pictures of fewer pixels across are enlarged pixel by pixel, such as digits of 28. */
const TINY_PX = 100;

function Shown({ run, item, onRatio }: { run: ComparedRun; item: MediaItem; onRatio: (ratio: number) => void }) {
  const [large, setLarge] = useState(false);
  const [tiny, setTiny] = useState(false);
  const measure = ({ currentTarget: { naturalWidth, naturalHeight } }: SyntheticEvent<HTMLImageElement>) => {
    setTiny(naturalWidth < TINY_PX);
    if (naturalHeight > 0) onRatio(naturalWidth / naturalHeight);
  };
  const small = useFile(run.runId, item.thumb ?? item.path);
  const full = useFile(run.runId, item.path, large && item.thumb !== undefined);
  if (small.error) return <Failure error={small.error} title="Not shown" retry={small.retry} />;
  if (!small.url) return <Skeleton className={styles.picture} radius={0} />;
  const label = `${item.key} of ${run.name}`;
  if (item.kind === 'audio') {
    // biome-ignore lint/a11y/useMediaCaption: what people log has no captions
    return <audio controls src={small.url} style={{ width: '100%', padding: 8 }} aria-label={label} />;
  }
  if (item.kind === 'video') {
    // biome-ignore lint/a11y/useMediaCaption: what people log has no captions
    return <video controls src={small.url} style={{ width: '100%', display: 'block' }} aria-label={label} />;
  }
  return (
    <>
      <UnstyledButton className={styles.picture} onClick={() => setLarge(true)} aria-label={`Enlarge ${label}`}>
        <img src={small.url} alt={label} className={tiny ? styles.small : undefined} onLoad={measure} />
      </UnstyledButton>
      <Modal opened={large} onClose={() => setLarge(false)} size="auto" title={label} centered>
        <img className={`${styles.large} ${tiny ? styles.small : ''}`} src={full.url ?? small.url} alt={label} />
      </Modal>
    </>
  );
}

/** A file of a run as an address that the page may show; given back when it is no longer needed. */
function useFile(runId: string, path: string, enabled = true) {
  const query = useQuery({
    queryKey: ['run', runId, 'blob', path],
    enabled,
    gcTime: 60_000,
    queryFn: async ({ signal }) => {
      const answer = await fetchBytes('get-artifact', { run_id: runId, path }, { signal });
      return new Blob([await answer.arrayBuffer()], { type: typeOf(path) });
    },
  });
  const [url, setUrl] = useState<string>();
  const { data } = query;
  useEffect(() => {
    if (!data) return setUrl(undefined);
    const made = URL.createObjectURL(data);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [data]);
  return { url, error: query.error, retry: () => void query.refetch() };
}
