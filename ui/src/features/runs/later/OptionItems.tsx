/** The rest of what can be set about the table, and ways to take it along. Loaded when somebody opens the menu. */

import { Menu } from '@mantine/core';
import { Download, FileCode } from 'lucide-react';
import { BASE } from '@/api/client';
import type { LateProps } from '@/components/Late';
import { LateMenu } from '@/components/LateMenu';
import { notices } from '@/components/notices';
import { copyText } from '@/lib/clipboard';
import { csvOfLines, saveText } from '../csvTable';
import { pythonOf } from '../python';
import type { Change, WorkspaceModel } from '../useWorkspace';

interface Props extends LateProps {
  experimentId: string;
  name: string | undefined;
  model: WorkspaceModel;
  change: Change;
}

const SWITCHES = [
  ['diff', 'Only columns that differ'],
  ['tree', 'Runs as a tree of parents and children'],
  ['dense', 'Compact rows'],
  ['trash', 'Runs in the trash'],
] as const;

export function OptionItems({ button, experimentId, name, model, change }: Props) {
  const { state, columns } = model;
  const saveCsv = () => {
    const file = `${(name ?? 'runs').replace(/[^\w.-]+/g, '-')}.csv`;
    saveText(file, csvOfLines(model.lines, columns, model.group), 'text/csv');
  };
  const python = () => {
    const trash = state.trash === true;
    const server = BASE.href.replace(/\/$/, '');
    return pythonOf({ server, experimentId, q: state.q ?? '', sort: model.sort, trash, columns });
  };
  return (
    <LateMenu button={button} position="bottom-end" width={290} closeOnItemClick>
      <Menu.Dropdown>
        {SWITCHES.map(([name, words]) => (
          <Menu.CheckboxItem
            key={name}
            checked={state[name] === true}
            closeMenuOnClick
            onChange={() => change({ [name]: state[name] ? undefined : true })}
          >
            {words}
          </Menu.CheckboxItem>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<Download size={14} aria-hidden />} onClick={saveCsv}>
          Save the table as CSV
        </Menu.Item>
        <Menu.Item
          leftSection={<FileCode size={14} aria-hidden />}
          onClick={() => {
            void copyText(python()).then((done) =>
              notices.show({
                message: done
                  ? 'The Python code for this table is copied.'
                  : 'The browser does not let this page copy.',
              }),
            );
          }}
        >
          Copy as Python
        </Menu.Item>
      </Menu.Dropdown>
    </LateMenu>
  );
}
