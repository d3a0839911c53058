/** The rest of what can be set about the table, and ways to take it along. */

import { ActionIcon, Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { Check, Download, Ellipsis, FileCode } from 'lucide-react';
import { copyText } from '@/lib/clipboard';
import type { Workspace } from './search';

interface Props {
  state: Workspace;
  change: (patch: Partial<Workspace>) => void;
  python: () => string;
  saveCsv: () => void;
}

const SWITCHES = [
  ['diff', 'Only columns that differ'],
  ['tree', 'Runs as a tree of parents and children'],
  ['dense', 'Dense lines'],
  ['trash', 'Runs in the trash'],
] as const;

export function OptionsMenu({ state, change, python, saveCsv }: Props) {
  return (
    <Menu position="bottom-end" width={290} shadow="md" withinPortal closeOnItemClick>
      <Menu.Target>
        <ActionIcon variant="default" size={32} aria-label="More about the table" title="More about the table">
          <Ellipsis size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {SWITCHES.map(([name, words]) => (
          <Menu.Item
            key={name}
            role="menuitemcheckbox"
            aria-checked={state[name] === true}
            leftSection={
              state[name] ? <Check size={14} aria-hidden /> : <span style={{ display: 'block', width: 14 }} />
            }
            onClick={() => change({ [name]: state[name] ? undefined : true })}
          >
            {words}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<Download size={14} aria-hidden />} onClick={saveCsv}>
          Save the table as CSV
        </Menu.Item>
        <Menu.Item
          leftSection={<FileCode size={14} aria-hidden />}
          onClick={() => {
            void copyText(python()).then((done) =>
              notifications.show({
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
    </Menu>
  );
}
