/** A picture of a run. SVG is drawn as an image, where its scripts do not run. */

import { Loader, Text } from '@mantine/core';
import { useState } from 'react';
import { Failure } from '@/components/Failure';
import { useBlob, useBlobUrl } from '../files';
import { nameOf } from '../kinds';
import styles from './previews.module.css';

/** Pictures that are smaller than this are drawn with their pixels to be seen, in pixels. */
const TINY_PX = 96;

interface Props {
  runId: string;
  path: string;
  /** What it shows, for those who do not see it. */
  label?: string;
  maxHeight?: number | string;
}

export function Picture({ runId, path, label, maxHeight }: Props) {
  const { data, error, refetch } = useBlob(runId, path);
  const url = useBlobUrl(data);
  const [size, setSize] = useState<[number, number]>();
  const [bad, setBad] = useState(false);
  if (error && !data)
    return <Failure title="The picture could not be read" error={error} retry={() => void refetch()} />;
  const isTiny = size !== undefined && Math.max(...size) <= TINY_PX;
  return (
    <figure style={{ margin: 0 }}>
      <div className={styles.pictureBox}>
        {bad ? (
          <Text c="dimmed">The browser cannot show this picture.</Text>
        ) : url ? (
          <img
            src={url}
            alt={label ?? nameOf(path)}
            className={`${styles.picture} ${isTiny ? styles.pixels : ''}`}
            style={{
              ...(maxHeight !== undefined && { maxHeight }),
              ...(isTiny && { width: Math.min(320, (size?.[0] ?? 0) * 4) }),
            }}
            onLoad={(event) => setSize([event.currentTarget.naturalWidth, event.currentTarget.naturalHeight])}
            onError={() => setBad(true)}
          />
        ) : (
          <Loader size="sm" />
        )}
      </div>
      {size && (
        <Text component="figcaption" size="xs" c="dimmed" mt={4}>
          {size[0]} × {size[1]} pixels
        </Text>
      )}
    </figure>
  );
}
