/** Which runs the charts show: the first of the table, those that are selected, none. */

import { Menu } from '@mantine/core';
import type { LateProps } from '@/components/Late';
import { LateMenu } from '@/components/LateMenu';
import { DEFAULT_SHOWN } from '../shownRuns';

interface Props extends LateProps {
  first: number | string[];
  change: (show: number | undefined) => void;
  showSelected: (() => void) | undefined;
  what: 'runs' | 'groups';
}

/** As wide as the sign of what is chosen. */
const GAP = <span style={{ display: 'block', width: 12 }} />;
const FIRST = [5, 10, 20, 50, 500] as const;

export function ShowItems({ button, first, change, showSelected, what }: Props) {
  return (
    <LateMenu button={button} position="bottom-start" width={220}>
      <Menu.Dropdown>
        <Menu.Label>The charts show</Menu.Label>
        <Menu.RadioGroup
          value={`${first}`}
          onChange={(count) => change(Number(count) === DEFAULT_SHOWN ? undefined : Number(count))}
        >
          {FIRST.map((count) => (
            <Menu.RadioItem key={count} value={`${count}`} closeMenuOnClick>
              {count === 500 ? `all ${what}, at most 500` : `the first ${count} ${what}`}
            </Menu.RadioItem>
          ))}
          <Menu.RadioItem value="0" closeMenuOnClick>
            none
          </Menu.RadioItem>
        </Menu.RadioGroup>
        {showSelected && (
          <Menu.Item leftSection={GAP} onClick={showSelected}>
            those that are selected
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </LateMenu>
  );
}
