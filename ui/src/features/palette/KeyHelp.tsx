/** All keys that work on the page that is open. */

import { Kbd, Modal, Table, Text } from '@mantine/core';
import { type ActiveKey, isMac, showKey, useActiveKeys } from '@/lib/keys';

export function KeyHelp({ close }: { close: () => void }) {
  return (
    <Modal opened onClose={close} title="Keyboard shortcuts" centered size="md">
      <KeyTable />
      <Text size="xs" c="dimmed" mt="md">
        Single keys do nothing while you type. Back and forward of the browser undo and redo changes of a view.
      </Text>
    </Modal>
  );
}

/** The keys as a table. */
export function KeyTable() {
  const keys = useActiveKeys();
  const mac = isMac();
  return (
    <Table verticalSpacing={5} horizontalSpacing={0}>
      <Table.Thead className="visually-hidden">
        <Table.Tr>
          <Table.Th>What it does</Table.Th>
          <Table.Th>Key</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {joinSame(keys).map(({ label, names }) => (
          <Table.Tr key={label}>
            <Table.Td>{label}</Table.Td>
            <Table.Td ta="right">
              {names.map((name, place) => (
                <span key={name}>
                  {place > 0 && <span className="dim"> or </span>}
                  {showKey(name, mac).map((part) => (
                    <Kbd key={part} ml={4} size="sm">
                      {part}
                    </Kbd>
                  ))}
                </span>
              ))}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** Keys that do the same stand in one row. */
function joinSame(keys: readonly ActiveKey[]): { label: string; names: string[] }[] {
  const found = new Map<string, string[]>();
  for (const { key, label } of keys) found.set(label, [...(found.get(label) ?? []), key]);
  return [...found].map(([label, names]) => ({ label, names }));
}
