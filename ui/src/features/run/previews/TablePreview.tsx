/** The first rows of a table. A cell that is cut is opened by a click; a cell that is an image is shown as one. */

import { Button, Group, Skeleton, Text } from '@mantine/core';
import { useState } from 'react';
import { Failure } from '@/components/Failure';
import { formatCount } from '@/lib/format';
import { useBlob, useBlobUrl } from '../files';
import { readImageCell } from '../media';
import { HEAD_ROWS, useTableHead } from '../useTableHead';
import styles from './previews.module.css';

/** As many as the server gives at once. */
const MOST_ROWS = 2000;
const NUMERIC = /^(number|u?int|float|double|decimal|long|halffloat)/i;
/** A cell with more characters can be opened. */
const LONG = 60;

interface Props {
  runId: string;
  path: string;
  maxHeight?: number | string;
}

export function TablePreview({ runId, path, maxHeight = 'max(360px, calc(100dvh - 330px))' }: Props) {
  const [rows, setRows] = useState(HEAD_ROWS);
  const [opened, setOpened] = useState<string>();
  const { data, error, refetch, isFetching } = useTableHead(runId, path, rows);
  if (error && !data) return <Failure title="The table could not be read" error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={200} />;
  const total = data.total ?? (data.rows.length < rows ? data.rows.length : undefined);
  const isMore = total === undefined || total > data.rows.length;
  return (
    <div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={styles.grid} style={{ maxHeight }} tabIndex={0} aria-label={`Rows of ${path}`}>
        <table>
          <thead>
            <tr>
              <th className={styles.place} scope="col">
                #
              </th>
              {data.columns.map((column, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other identity, and names may repeat
                <th key={place} scope="col" className={NUMERIC.test(column.type) ? styles.numeric : undefined}>
                  {column.name}
                  <small>{column.type}</small>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {data.rows.map((row, line) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other identity
              <tr key={line}>
                <td className={styles.place}>{line + 1}</td>
                {data.columns.map((column, place) => {
                  const id = `${line} ${place}`;
                  return (
                    <Cell
                      key={id}
                      runId={runId}
                      text={row[place] ?? ''}
                      numeric={NUMERIC.test(column.type)}
                      open={opened === id}
                      toggle={() => setOpened(opened === id ? undefined : id)}
                    />
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <Group gap="sm" mt={6}>
        <Text size="xs" c="dimmed">
          {total === undefined
            ? `The first ${formatCount(data.rows.length)} rows`
            : isMore
              ? `${formatCount(data.rows.length)} of ${formatCount(total)} rows`
              : `${formatCount(total)} rows`}
          , {formatCount(data.columns.length)} columns
        </Text>
        {isMore && rows < MOST_ROWS && (
          <Button size="compact-xs" variant="default" loading={isFetching} onClick={() => setRows(MOST_ROWS)}>
            More rows
          </Button>
        )}
      </Group>
    </div>
  );
}

interface CellProps {
  runId: string;
  text: string;
  numeric: boolean;
  open: boolean;
  toggle: () => void;
}

function Cell({ runId, text, numeric, open, toggle }: CellProps) {
  const image = readImageCell(text);
  if (image) {
    return (
      <td>
        <Thumb runId={runId} path={image.thumb} full={image.path} />
      </td>
    );
  }
  const isLong = text.length > LONG || text.includes('\n');
  if (!isLong) return <td className={numeric ? styles.numeric : undefined}>{text}</td>;
  return (
    <td className={open ? styles.open : undefined} title={open ? undefined : text.slice(0, 500)}>
      <button type="button" onClick={toggle} aria-expanded={open} className={styles.cut}>
        {text}
      </button>
    </td>
  );
}

/** A small picture in a cell; the whole one is opened by a click. */
function Thumb({ runId, path, full }: { runId: string; path: string; full: string }) {
  const [large, setLarge] = useState(false);
  const { data, error } = useBlob(runId, large ? full : path);
  const url = useBlobUrl(data);
  if (error && !data) return <span className="dim">{path}</span>;
  return (
    <button
      type="button"
      onClick={() => setLarge(!large)}
      aria-label={large ? 'Show small' : 'Show large'}
      style={{ all: 'unset', cursor: 'pointer' }}
    >
      {url ? (
        <img
          src={url}
          alt={full}
          style={{ display: 'block', maxHeight: large ? 480 : 64, maxWidth: large ? 640 : 120 }}
        />
      ) : (
        <Skeleton width={64} height={64} />
      )}
    </button>
  );
}
