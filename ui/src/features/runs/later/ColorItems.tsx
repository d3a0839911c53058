/** The columns that runs can be coloured by. Loaded when somebody opens the menu. */

import { Menu } from '@mantine/core';
import type { LateProps } from '@/components/Late';
import { LateMenu } from '@/components/LateMenu';
import { labelField } from '../fields';

interface Props extends LateProps {
  useful: readonly string[];
  grouped: boolean;
  colorBy: string | undefined;
  choose: (column: string) => void;
}

export function ColorItems({ button, useful, grouped, colorBy, choose }: Props) {
  return (
    <LateMenu button={button} position="bottom-start">
      <Menu.Dropdown mah={360} style={{ overflowY: 'auto' }}>
        <Menu.Label>The colour of a {grouped ? 'group' : 'run'} says its</Menu.Label>
        <Menu.RadioGroup value={colorBy ?? null} onChange={choose}>
          {useful.map((name) => (
            <Menu.RadioItem key={name} value={name} closeMenuOnClick>
              {labelField(name)}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        {useful.length === 0 && <Menu.Label>No column that is shown differs</Menu.Label>}
      </Menu.Dropdown>
    </LateMenu>
  );
}
