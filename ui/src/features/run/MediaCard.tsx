/** What one key shows at a step. It is fetched when the card comes into view. */

import { ActionIcon, Anchor, Button, Group, Modal, Skeleton, Text } from '@mantine/core';
import { useInViewport } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useEffect, useState } from 'react';
import { CopyButton } from '@/components/CopyButton';
import { formatBytes, formatCount } from '@/lib/format';
import { blobQuery, useBlob, useBlobUrl } from './files';
import { ASK_BYTES, nameOf } from './kinds';
import styles from './MediaTab.module.css';
import { itemsAt, type MediaItem, type MediaSeries } from './media';
import { Picture } from './previews/Picture';
import { Player } from './previews/Player';
import { TablePreview } from './previews/TablePreview';
import { tableInPython } from './python';

interface Props {
  runId: string;
  experimentId: string;
  series: MediaSeries;
  step: number | undefined;
  sizes: ReadonlyMap<string, number>;
  openFile: (path: string) => void;
}

/** So many pictures of one step are shown at first. */
const FIRST = 12;
/** Pictures up to this size are drawn larger, with their pixels to be seen. */
const TINY_PX = 64;
const TINY_SCALE = 4;

export function MediaCard({ runId, experimentId, series, step, sizes, openFile }: Props) {
  const { ref, inViewport } = useInViewport();
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (inViewport) setSeen(true);
  }, [inViewport]);
  const items = itemsAt(series, step);
  const own = items.find((item) => item.step !== undefined)?.step;
  usePrefetch(runId, series, own, seen);
  const isWide = series.kind === 'table';
  return (
    <section ref={ref} className={`${styles.card} ${isWide ? styles.wide : ''}`} aria-label={series.key}>
      <div className={styles.cardHead}>
        <strong className="ellipsis" title={series.key}>
          {series.key}
        </strong>
        <Group gap="xs" wrap="nowrap">
          {own !== undefined && (
            <Text size="xs" c={own === step ? 'dimmed' : 'var(--hr-warn)'} style={{ whiteSpace: 'nowrap' }}>
              {own === step ? `step ${formatCount(own)}` : `nearest: step ${formatCount(own)}`}
            </Text>
          )}
          {isWide && items[0] && (
            <CopyButton text={tableInPython(runId, experimentId, items[0].path)} label="Copy as Python" size={20} />
          )}
        </Group>
      </div>
      <div className={styles.cardBody}>
        {seen ? <Body runId={runId} series={series} items={items} sizes={sizes} openFile={openFile} /> : null}
      </div>
    </section>
  );
}

/** Fetch the pictures of the steps beside, so that the slider finds them. */
function usePrefetch(runId: string, series: MediaSeries, step: number | undefined, enabled: boolean): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (!enabled || step === undefined || series.kind !== 'image') return;
    const place = series.steps.indexOf(step);
    for (const beside of [series.steps[place - 1], series.steps[place + 1]]) {
      const items = beside === undefined ? [] : series.items.filter((item) => item.step === beside).slice(0, FIRST);
      for (const item of items) {
        void queries.prefetchQuery(blobQuery(runId, items.length === 1 ? item.path : (item.thumb ?? item.path)));
      }
    }
  }, [queries, runId, series, step, enabled]);
}

interface BodyProps {
  runId: string;
  series: MediaSeries;
  items: readonly MediaItem[];
  sizes: ReadonlyMap<string, number>;
  openFile: (path: string) => void;
}

function Body({ runId, series, items, sizes, openFile }: BodyProps) {
  const [all, setAll] = useState(false);
  const [opened, setOpened] = useState<string>();
  const [agreed, setAgreed] = useState<ReadonlySet<string>>(new Set());
  if (series.kind === 'table') {
    return items.map((item) => <TablePreview key={item.path} runId={runId} path={item.path} maxHeight={340} />);
  }
  const shown = all ? items : items.slice(0, FIRST);
  const isLarge = (item: MediaItem) => !item.thumb && (sizes.get(item.path) ?? 0) > ASK_BYTES && !agreed.has(item.path);
  return (
    <>
      <div
        className={
          series.kind === 'image' ? `${styles.pictures} ${shown.length === 1 ? styles.single : ''}` : undefined
        }
      >
        {shown.map((item) =>
          isLarge(item) ? (
            <Button
              key={item.path}
              size="xs"
              variant="default"
              onClick={() => setAgreed(new Set([...agreed, item.path]))}
            >
              Show {nameOf(item.path)} ({formatBytes(sizes.get(item.path) ?? 0)})
            </Button>
          ) : series.kind === 'image' ? (
            // A place stays while its picture changes, so that the slider does not flicker.
            <Small
              key={shown.indexOf(item)}
              runId={runId}
              item={item}
              single={shown.length === 1}
              open={() => setOpened(item.path)}
            />
          ) : (
            <Player key={item.path} runId={runId} path={item.path} kind={series.kind === 'audio' ? 'audio' : 'video'} />
          ),
        )}
      </div>
      {items.length > shown.length && (
        <Button size="compact-xs" variant="default" onClick={() => setAll(true)}>
          {items.length - shown.length} more
        </Button>
      )}
      {opened !== undefined && (
        <Large runId={runId} series={series} path={opened} show={setOpened} openFile={openFile} />
      )}
    </>
  );
}

interface SmallProps {
  runId: string;
  item: MediaItem;
  single: boolean;
  open: () => void;
}

function Small({ runId, item, single, open }: SmallProps) {
  const { data, error } = useBlob(runId, single ? item.path : (item.thumb ?? item.path));
  const url = useBlobUrl(data);
  const [tiny, setTiny] = useState<number>();
  const label = item.step === undefined ? item.key : `${item.key} at step ${item.step}`;
  return (
    <button type="button" className={styles.picture} onClick={open} aria-label={`Enlarge ${label}`}>
      {error && !data ? (
        <Text size="xs" c="var(--hr-bad)" p="xs">
          {error.message}
        </Text>
      ) : url ? (
        <img
          src={url}
          alt={label}
          style={tiny === undefined ? undefined : { width: tiny * TINY_SCALE, imageRendering: 'pixelated' }}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
            setTiny(Math.max(naturalWidth, naturalHeight) <= TINY_PX ? naturalWidth : undefined)
          }
        />
      ) : (
        <Skeleton height={100} />
      )}
    </button>
  );
}

interface LargeProps {
  runId: string;
  series: MediaSeries;
  path: string;
  show: (path: string | undefined) => void;
  openFile: (path: string) => void;
}

/** One picture as large as the window lets it, with its neighbours a key away. */
function Large({ runId, series, path, show, openFile }: LargeProps) {
  const place = series.items.findIndex((item) => item.path === path);
  const item = series.items[place];
  const go = (to: number) => {
    const next = series.items[to];
    if (next) show(next.path);
  };
  return (
    <Modal
      opened
      onClose={() => show(undefined)}
      size="min(1100px, 94vw)"
      title={`${series.key}${item?.step === undefined ? '' : `, step ${formatCount(item.step)}`}`}
      onKeyDown={(event) => {
        if (event.key === 'ArrowLeft') go(place - 1);
        else if (event.key === 'ArrowRight') go(place + 1);
      }}
    >
      <Picture runId={runId} path={path} label={series.key} maxHeight="72vh" />
      <Group justify="space-between" mt="sm">
        <Anchor component="button" type="button" size="xs" onClick={() => openFile(path)}>
          {path}
        </Anchor>
        {series.items.length > 1 && (
          <Group gap="xs">
            <ActionIcon
              variant="default"
              aria-label="Previous image"
              disabled={place <= 0}
              onClick={() => go(place - 1)}
            >
              <ChevronLeft size={15} aria-hidden />
            </ActionIcon>
            <Text size="xs" c="dimmed" className="number">
              {place + 1} of {series.items.length}
            </Text>
            <ActionIcon
              variant="default"
              aria-label="Next image"
              disabled={place >= series.items.length - 1}
              onClick={() => go(place + 1)}
            >
              <ChevronRight size={15} aria-hidden />
            </ActionIcon>
          </Group>
        )}
      </Group>
    </Modal>
  );
}
