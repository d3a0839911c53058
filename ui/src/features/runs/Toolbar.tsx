/** The line above the table: filter, groups, columns, the rest. */

import { Button } from '@mantine/core';
import { ListTree, Trash2 } from 'lucide-react';
import type { RefObject } from 'react';
import { ApiError, BASE } from '@/api/client';
import { ColumnsMenu } from './ColumnsMenu';
import { csvOfLines, saveText } from './csvTable';
import { FilterBox } from './FilterBox';
import { GroupMenu } from './GroupMenu';
import { OptionsMenu } from './OptionsMenu';
import { pythonOf } from './python';
import styles from './RunsPage.module.css';
import type { Change, WorkspaceModel } from './useWorkspace';

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
  const { state, choice, chosen, columns } = model;
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
          title="Show runs one below another again"
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
      <GroupMenu
        experimentId={experimentId}
        group={model.group}
        change={(group) => change({ group: group.length > 0 ? group : undefined, show: undefined })}
      />
      <ColumnsMenu
        experimentId={experimentId}
        shown={chosen ?? []}
        keys={choice.keys}
        sample={choice.sample}
        open={columnsOpen}
        setOpen={setColumnsOpen}
        change={(cols) => change({ cols })}
        reset={
          state.cols || state.widths || state.pins
            ? () => change({ cols: undefined, widths: undefined, pins: undefined })
            : undefined
        }
      />
      <OptionsMenu
        state={state}
        change={change}
        python={() =>
          pythonOf({
            server: BASE.href.replace(/\/$/, ''),
            experimentId,
            q: state.q ?? '',
            sort: model.sort,
            trash: state.trash === true,
            columns,
          })
        }
        saveCsv={() =>
          saveText(
            `${(name ?? 'runs').replace(/[^\w.-]+/g, '-')}.csv`,
            csvOfLines(model.lines, columns, model.group),
            'text/csv',
          )
        }
      />
    </div>
  );
}
