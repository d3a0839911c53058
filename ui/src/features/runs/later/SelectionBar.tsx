/** What can be done with the runs that are selected. */

import { ActionIcon, Button, Text } from '@mantine/core';
import { ArchiveRestore, Copy, FolderInput, GitCompare, Tag, Trash2, X } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { notices } from '@/components/notices';
import { copyText } from '@/lib/clipboard';
import { formatCount } from '@/lib/format';
import styles from '../RunsPage.module.css';
import { moveRuns, restoreRuns, tagRuns, trashRuns } from './bulk';

const TagDialog = lazy(async () => ({ default: (await import('./RunDialogs')).TagDialog }));
const MoveDialog = lazy(async () => ({ default: (await import('./RunDialogs')).MoveDialog }));

interface Props {
  experimentId: string;
  selected: readonly string[];
  trash: boolean;
  clear: () => void;
  compare: () => void;
  /** Compare them with the others; not where there are none, or too many. */
  asGroup: (() => void) | undefined;
  onlyThese: () => void;
}

const MOST_COMPARED = 500;

export function SelectionBar({ experimentId, selected, trash, clear, compare, asGroup, onlyThese }: Props) {
  const [asking, ask] = useState<'tag' | 'move'>();
  if (selected.length === 0) return null;
  const ids = [...selected];
  const many = ids.length > MOST_COMPARED;
  const act = (work: Promise<void>) => {
    clear();
    void work;
  };
  return (
    <section className={styles.selection} aria-label="Selected runs">
      <Text size="sm" fw={600} aria-live="polite">
        {formatCount(ids.length)} selected
      </Text>
      <Button
        size="xs"
        leftSection={<GitCompare size={14} aria-hidden />}
        onClick={compare}
        disabled={ids.length < 2 || many}
        title={
          many
            ? `At most ${MOST_COMPARED} runs can be compared; group them instead`
            : ids.length < 2
              ? 'Select another run to compare it with'
              : undefined
        }
      >
        Compare
      </Button>
      <Button
        size="xs"
        variant="default"
        onClick={asGroup}
        disabled={!asGroup}
        title={asGroup ? 'Compare their means with those of the others' : 'There are no others, or more than 500'}
      >
        As group A
      </Button>
      <Button size="xs" variant="default" onClick={onlyThese}>
        Show these in the charts
      </Button>
      {!trash && (
        <>
          <Button size="xs" variant="default" leftSection={<Tag size={14} aria-hidden />} onClick={() => ask('tag')}>
            Tag
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<FolderInput size={14} aria-hidden />}
            onClick={() => ask('move')}
          >
            Move
          </Button>
        </>
      )}
      <Button
        size="xs"
        variant="default"
        leftSection={<Copy size={14} aria-hidden />}
        onClick={() => {
          void copyText(ids.join('\n')).then((done) =>
            notices.show({
              message: done ? `${formatCount(ids.length)} ids copied.` : 'The browser does not let this page copy.',
            }),
          );
        }}
      >
        Copy IDs
      </Button>
      {trash ? (
        <Button
          size="xs"
          variant="default"
          leftSection={<ArchiveRestore size={14} aria-hidden />}
          onClick={() => act(restoreRuns(ids))}
        >
          Restore
        </Button>
      ) : (
        <Button
          size="xs"
          variant="default"
          c="var(--hr-bad)"
          leftSection={<Trash2 size={14} aria-hidden />}
          onClick={() => act(trashRuns(ids))}
        >
          Move to trash
        </Button>
      )}
      <ActionIcon variant="subtle" color="gray" aria-label="Select none" title="Select none" onClick={clear}>
        <X size={16} aria-hidden />
      </ActionIcon>
      <Suspense fallback={null}>
        {asking === 'tag' && (
          <TagDialog
            count={ids.length}
            close={() => ask(undefined)}
            submit={(key, value) => void tagRuns(ids, key, value)}
          />
        )}
        {asking === 'move' && (
          <MoveDialog
            experimentId={experimentId}
            count={ids.length}
            close={() => ask(undefined)}
            submit={(to, name) => act(moveRuns(ids, experimentId, to, name))}
          />
        )}
      </Suspense>
    </section>
  );
}
