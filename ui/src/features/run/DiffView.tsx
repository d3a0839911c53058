/** A diff, file by file. Large files are folded until somebody opens them. */

import { Badge, Text } from '@mantine/core';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { useMemo, useState } from 'react';
import styles from './DiffView.module.css';
import { type DiffFile, type DiffLine, readDiff } from './diff';

/** A file with more changed lines is folded at first; so are all if there are many. */
const LARGE = 400;
const MANY = 40;

export function DiffView({ text }: { text: string }) {
  const files = useMemo(() => readDiff(text), [text]);
  const added = files.reduce((sum, file) => sum + file.added, 0);
  const removed = files.reduce((sum, file) => sum + file.removed, 0);
  if (files.length === 0) return <Text c="dimmed">The diff is empty.</Text>;
  return (
    <div>
      <Text size="sm" c="dimmed" mb="sm">
        {files.length === 1 ? '1 file' : `${files.length} files`}, <span className={styles.plus}>+{added}</span>{' '}
        <span className={styles.minus}>−{removed}</span>
      </Text>
      {files.map((file) => (
        <FileDiff key={file.path} file={file} open={files.length <= MANY && file.added + file.removed <= LARGE} />
      ))}
    </div>
  );
}

const WORDS = { added: 'new', deleted: 'deleted', renamed: 'renamed', changed: '' } as const;

function FileDiff({ file, open: atFirst }: { file: DiffFile; open: boolean }) {
  const [open, setOpen] = useState(atFirst);
  const Turn = open ? ChevronDown : ChevronRight;
  const word = WORDS[file.change];
  return (
    <section className={styles.file} aria-label={file.path}>
      <button type="button" className={styles.head} aria-expanded={open} onClick={() => setOpen(!open)}>
        <Turn size={14} aria-hidden />
        <span className="mono ellipsis">
          {file.from && `${file.from} → `}
          {file.path}
        </span>
        {word && (
          <Badge size="xs" variant="light" style={{ textTransform: 'none' }}>
            {word}
          </Badge>
        )}
        <span style={{ marginLeft: 'auto', flex: 'none' }} className="mono">
          <span className={styles.plus}>+{file.added}</span> <span className={styles.minus}>−{file.removed}</span>
        </span>
      </button>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className={styles.scroll} tabIndex={0} aria-label={`Changes of ${file.path}`}>
          {file.binary ? (
            <Text size="sm" c="dimmed" p="sm">
              A file of bytes, whose change cannot be shown.
            </Text>
          ) : (
            <table className={styles.lines}>
              {file.hunks.map((hunk, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: hunks have no other identity
                <tbody key={place}>
                  <tr className={styles.hunk}>
                    <td colSpan={3}>@@ {hunk.heading}</td>
                  </tr>
                  {hunk.lines.map((line, number) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity
                    <Line key={number} line={line} />
                  ))}
                </tbody>
              ))}
            </table>
          )}
        </section>
      )}
    </section>
  );
}

const LOOKS = { '+': styles.added, '-': styles.removed, ' ': undefined, '\\': styles.remark } as const;

function Line({ line }: { line: DiffLine }) {
  return (
    <tr className={LOOKS[line.sign]}>
      <td className={styles.place}>{line.before}</td>
      <td className={styles.place}>{line.after}</td>
      <td>
        {line.sign === '\\' ? ' ' : line.sign}
        {line.text}
      </td>
    </tr>
  );
}
