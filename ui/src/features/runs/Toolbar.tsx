/** The line above the table: filter, groups, columns, the rest. */

import { ActionIcon, Button } from '@mantine/core';
import { Columns3, Ellipsis, Layers, ListTree, Trash2 } from 'lucide-react';
import type { RefObject } from 'react';
import { ApiError } from '@/api/client';
import { late } from '@/components/Late';
import { formatCount } from '@/lib/format';
import { FilterBox } from './FilterBox';
import { labelField, readField } from './fields';
import styles from './RunsPage.module.css';
import type { Change, WorkspaceModel } from './useWorkspace';

const Groups = late(async () => (await import('./later/GroupChooser')).GroupChooser, 'dialog');
const Columns = late(async () => (await import('./later/ColumnChooser')).ColumnChooser, 'dialog');
const Options = late(async () => (await import('./later/OptionItems')).OptionItems);

interface Props {
  experimentId: string;
  name: string | undefined;
  model: WorkspaceModel;
  change: Change;
  columnsOpen: boolean;
  setColumnsOpen: (open: boolean) => void;
  input: RefObject<HTMLInputElement | null>;
}

/** What the server says against the filter; `undefined` for other errors. */
export const filterProblem = (error: unknown): string | undefined =>
  error instanceof ApiError && error.status === 400 && error.message.startsWith('Invalid filter')
    ? error.message
    : undefined;

export function Toolbar({ experimentId, name, model, change, columnsOpen, setColumnsOpen, input }: Props) {
  const { state, choice, chosen } = model;
  return (
    <div className={styles.toolbar}>
      <FilterBox
        experimentId={experimentId}
        q={state.q ?? ''}
        apply={(q) => change({ q: q || undefined })}
        problem={filterProblem(model.table.error)}
        input={input}
      />
      {state.tree && (
        <Button
          variant="light"
          size="xs"
          h={32}
          leftSection={<ListTree size={15} aria-hidden />}
          onClick={() => change({ tree: undefined })}
          title="Show runs as a flat list again"
        >
          Tree
        </Button>
      )}
      {state.trash && (
        <Button
          variant="light"
          size="xs"
          h={32}
          leftSection={<Trash2 size={15} aria-hidden />}
          onClick={() => change({ trash: undefined })}
          title="Leave the trash"
        >
          Trash
        </Button>
      )}
      <Groups
        experimentId={experimentId}
        group={model.group}
        change={(group) => change({ group: group.length > 0 ? group : undefined, show: undefined })}
        button={groupButton(model.group)}
      />
      <Columns
        experimentId={experimentId}
        shown={chosen ?? []}
        sample={choice.sample}
        isOpen={columnsOpen}
        setOpen={setColumnsOpen}
        change={(cols) => change({ cols })}
        reset={
          state.cols || state.widths || state.pins
            ? () => change({ cols: undefined, widths: undefined, pins: undefined })
            : undefined
        }
        button={columnsButton(chosen ?? [], choice.keys?.total)}
      />
      <Options
        experimentId={experimentId}
        name={name}
        model={model}
        change={change}
        button={
          <ActionIcon variant="default" size={32} aria-label="More about the table" title="More about the table">
            <Ellipsis size={16} aria-hidden />
          </ActionIcon>
        }
      />
    </div>
  );
}

function groupButton(group: readonly string[]) {
  const label = group.length === 0 ? 'Group' : `Group: ${group.map(labelField).join(', ')}`;
  const variant = group.length > 0 ? 'light' : 'default';
  return (
    <Button variant={variant} size="xs" h={32} maw={220} leftSection={<Layers size={15} aria-hidden />}>
      <span className="ellipsis">{label}</span>
    </Button>
  );
}

function columnsButton(shown: readonly string[], total: number | undefined) {
  const named = shown.filter((name) => ['metric', 'param'].includes(readField(name).entity)).length;
  return (
    <Button variant="default" size="xs" h={32} leftSection={<Columns3 size={15} aria-hidden />}>
      Columns {named}
      {total === undefined ? '' : ` / ${formatCount(total)}`}
    </Button>
  );
}
