/** A text: its beginning at once, all of it if that is wanted. */

import { Button, Group, Skeleton, Text } from '@mantine/core';
import { useState } from 'react';
import { CodeBlock } from '@/components/CodeBlock';
import { Failure } from '@/components/Failure';
import { Markdown } from '@/components/Markdown';
import { formatBytes } from '@/lib/format';
import { useHead } from '../files';
import { isText, nameOf, TEXT_BYTES } from '../kinds';

/** Larger texts are for an editor, in bytes. */
const MOST_BYTES = 20_000_000;

interface Props {
  runId: string;
  path: string;
  markdown?: boolean;
}

export function TextPreview({ runId, path, markdown = false }: Props) {
  const [first, setFirst] = useState(TEXT_BYTES);
  const [raw, setRaw] = useState(!markdown);
  const { data, error, refetch, isFetching } = useHead(runId, path, first);
  if (error && !data) return <Failure title="The file could not be read" error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={160} />;
  if (data.size === 0) return <Text c="dimmed">The file is empty.</Text>;
  if (!isText(data.bytes))
    return <Text c="dimmed">This is no text, and there is no preview for it. Download it to open it.</Text>;
  const text = new TextDecoder().decode(data.bytes);
  return (
    <div>
      {markdown && (
        <Button size="compact-xs" variant="default" mb="sm" onClick={() => setRaw(!raw)}>
          {raw ? 'Show as a page' : 'Show the source'}
        </Button>
      )}
      {raw ? (
        <CodeBlock text={text} label={nameOf(path)} numbersFrom={1} maxHeight="max(420px, calc(100dvh - 330px))" />
      ) : (
        <Markdown source={text} />
      )}
      {data.cut && (
        <Group gap="sm" mt={6}>
          <Text size="xs" c="dimmed">
            The first {formatBytes(data.bytes.length)} of {formatBytes(data.size)}
          </Text>
          {first < MOST_BYTES && (
            <Button size="compact-xs" variant="default" loading={isFetching} onClick={() => setFirst(MOST_BYTES)}>
              {data.size > MOST_BYTES ? `Show ${formatBytes(MOST_BYTES)}` : 'Show all'}
            </Button>
          )}
        </Group>
      )}
    </div>
  );
}
