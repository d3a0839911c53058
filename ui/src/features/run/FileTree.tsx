/** The tree of files, of which only the rows in view exist. Arrow keys go through it as through any tree. */

import { Loader } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  ChevronDown,
  ChevronRight,
  File,
  FileCode,
  FileImage,
  FileText,
  Folder,
  FolderOpen,
  Table,
} from 'lucide-react';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { formatBytes } from '@/lib/format';
import styles from './ArtifactsTab.module.css';
import { type FileRow, stepTo } from './fileTree';
import { kindOf, nameOf } from './kinds';

const ROW_PX = 28;
const INDENT_PX = 16;

interface Props {
  rows: readonly FileRow[];
  selected: string;
  select: (path: string) => void;
  toggle: (folder: string) => void;
}

export function FileTree({ rows, selected, select, toggle }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<string>();
  const focusNext = useRef(false);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 10,
  });
  const place = (path: string | undefined) =>
    rows.findIndex((row) => row.path === path && (row.kind === 'file' || row.kind === 'folder'));
  const stop = [place(active), place(selected), 0].find((each) => each >= 0) ?? 0;
  useEffect(() => {
    if (!focusNext.current) return;
    focusNext.current = false;
    virtual.scrollToIndex(stop);
    box.current?.querySelector<HTMLElement>(`[data-place="${stop}"]`)?.focus();
  }, [stop, virtual]);
  const press = (event: KeyboardEvent, at: number) => {
    const row = rows[at];
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      if (row) choose(row);
      return;
    }
    const next = stepTo(rows, at, event.key);
    if (!next) return;
    event.preventDefault();
    if (next.toggle !== undefined) toggle(next.toggle);
    if (next.go !== undefined) {
      focusNext.current = true;
      setActive(rows[next.go]?.path);
    }
  };
  const choose = (row: FileRow) => {
    setActive(row.path);
    if (row.kind === 'folder') toggle(row.path);
    if (row.kind === 'file') select(row.path);
  };
  return (
    <div ref={box} className={styles.tree} role="tree" aria-label="Files of the run">
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }} role="presentation">
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          const isEntry = row.kind === 'file' || row.kind === 'folder';
          return (
            <div
              key={`${row.kind} ${row.path}`}
              data-place={item.index}
              className={styles.row}
              style={{ transform: `translateY(${item.start}px)`, paddingLeft: 8 + row.depth * INDENT_PX }}
              role="treeitem"
              aria-level={row.depth + 1}
              aria-selected={row.path === selected && isEntry}
              aria-expanded={row.kind === 'folder' ? row.open : undefined}
              tabIndex={item.index === stop ? 0 : -1}
              onClick={() => isEntry && choose(row)}
              onKeyDown={(event) => press(event, item.index)}
              title={row.path}
            >
              <Entry row={row} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Entry({ row }: { row: FileRow }) {
  if (row.kind === 'waiting') return <Loader size={12} ml={20} />;
  if (row.kind === 'failed') return <span className="dim">could not be listed</span>;
  if (row.kind === 'empty') return <span className="dim">empty</span>;
  if (row.kind === 'folder') {
    const [Turn, Icon] = row.open ? [ChevronDown, FolderOpen] : [ChevronRight, Folder];
    return (
      <>
        <Turn size={14} aria-hidden style={{ flex: 'none' }} />
        <Icon size={15} aria-hidden style={{ flex: 'none' }} color="var(--hr-accent)" />
        <span className="ellipsis">{nameOf(row.path)}</span>
      </>
    );
  }
  const Icon = ICONS[kindOf(row.path)] ?? File;
  return (
    <>
      <Icon size={15} aria-hidden style={{ flex: 'none', marginLeft: 20 }} color="var(--hr-dim)" />
      <span className="ellipsis">{nameOf(row.path)}</span>
      <span className={styles.size}>{formatBytes(row.size)}</span>
    </>
  );
}

const ICONS: Partial<Record<ReturnType<typeof kindOf>, typeof File>> = {
  image: FileImage,
  markdown: FileText,
  text: FileText,
  pdf: FileText,
  json: FileCode,
  html: FileCode,
  table: Table,
};
