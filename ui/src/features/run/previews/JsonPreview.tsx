/** A JSON file as a tree whose branches open and close. A logged table is shown as one. */

import { Button, Group, SegmentedControl, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { CodeBlock } from '@/components/CodeBlock';
import { CopyButton } from '@/components/CopyButton';
import { Failure } from '@/components/Failure';
import { readSplitTable } from '../delimited';
import { fetchText } from '../files';
import { type JsonRow, listRows, openAtFirst } from '../json';
import styles from './previews.module.css';
import { TablePreview } from './TablePreview';

const ROW_PX = 22;
const INDENT_PX = 16;

type Mode = 'tree' | 'table' | 'text';

export function JsonPreview({ runId, path }: { runId: string; path: string }) {
  const [chosen, setMode] = useState<Mode>();
  const { data, error, refetch } = useQuery({
    queryKey: ['run-file', runId, path, 'json'],
    staleTime: 30_000,
    retry: false,
    queryFn: async ({ signal }) => readJson(await fetchText(runId, path, signal)),
  });
  if (error && !data) return <Failure title="The file could not be read" error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={200} />;
  if (data.problem !== undefined) {
    return (
      <>
        <Text size="sm" c="var(--hr-warn)" mb="sm">
          This is no JSON: {data.problem}
        </Text>
        <CodeBlock text={data.text} label={path} numbersFrom={1} maxHeight="max(420px, calc(100dvh - 330px))" />
      </>
    );
  }
  const isTable = readSplitTable(data.value, 1) !== undefined;
  const mode = chosen ?? (isTable ? 'table' : 'tree');
  const modes: Mode[] = isTable ? ['table', 'tree', 'text'] : ['tree', 'text'];
  return (
    <>
      <SegmentedControl
        size="xs"
        mb="sm"
        aria-label="How the file is shown"
        value={mode}
        onChange={(next) => setMode(modes.find((each) => each === next))}
        data={modes.map((each) => ({ value: each, label: each.charAt(0).toUpperCase() + each.slice(1) }))}
      />
      {mode === 'table' ? (
        <TablePreview runId={runId} path={path} />
      ) : mode === 'tree' ? (
        <Tree value={data.value} />
      ) : (
        <CodeBlock text={data.text} label={path} numbersFrom={1} maxHeight="max(420px, calc(100dvh - 330px))" />
      )}
    </>
  );
}

interface Read {
  text: string;
  value?: unknown;
  problem?: string;
}

/** Python writes NaN and infinities, which are no JSON: they are read as texts. */
function readJson(text: string): Read {
  try {
    return { text, value: JSON.parse(text) };
  } catch (error) {
    const mended = text.replace(
      /("(?:[^"\\]|\\.)*")|-?\bInfinity\b|\bNaN\b/g,
      (found, string?: string) => string ?? JSON.stringify(found),
    );
    try {
      return { text, value: JSON.parse(mended) };
    } catch {
      return { text, problem: error instanceof Error ? error.message : String(error) };
    }
  }
}

function Tree({ value }: { value: unknown }) {
  const [open, setOpen] = useState<ReadonlySet<string>>(() => openAtFirst(value));
  const [all, setAll] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => listRows(value, open, all), [value, open, all]);
  const box = useRef<HTMLElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const toggle = (path: string) => {
    const next = new Set(open);
    if (!next.delete(path)) next.add(path);
    setOpen(next);
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section ref={box} className={styles.tree} aria-label="JSON" tabIndex={0}>
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          return (
            <div
              key={`${row.path} ${row.kind}`}
              className={styles.treeRow}
              style={{ position: 'absolute', top: item.start, paddingLeft: 8 + row.depth * INDENT_PX }}
            >
              <Line row={row} toggle={() => toggle(row.path)} more={() => setAll(new Set([...all, row.path]))} />
            </div>
          );
        })}
      </div>
    </section>
  );
}

function Line({ row, toggle, more }: { row: JsonRow; toggle: () => void; more: () => void }) {
  if (row.kind === 'more') {
    return (
      <Button size="compact-xs" variant="subtle" onClick={more}>
        {row.count} more
      </Button>
    );
  }
  const name = row.name && <span className={styles.name}>{row.name}: </span>;
  if (row.kind === 'object' || row.kind === 'array') {
    const [left, right] = row.kind === 'array' ? ['[', ']'] : ['{', '}'];
    const Icon = row.open ? ChevronDown : ChevronRight;
    return (
      <button type="button" aria-expanded={row.open} onClick={toggle} title={row.path}>
        <Icon size={13} aria-hidden />
        {name}
        <span className="dim">
          {left}
          {row.open ? '' : `${row.count}${right}`}
        </span>
      </button>
    );
  }
  const look = row.kind === 'string' ? styles.string : row.kind === 'number' ? styles.number : styles.word;
  return (
    <Group gap={4} wrap="nowrap" pl={17} title={row.path}>
      {name}
      <span className={look}>{row.text.length > 400 ? `${row.text.slice(0, 400)}…` : row.text}</span>
      {row.text.length > 80 && <CopyButton text={row.text} label={`Copy ${row.path}`} size={20} />}
    </Group>
  );
}
