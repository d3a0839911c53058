/** What can be done with a column: the menu at its head. Loaded when somebody opens one. */

import { Menu } from '@mantine/core';
import {
  ArrowDown,
  ArrowLeft,
  ArrowRight,
  ArrowUp,
  EyeOff,
  Filter,
  Footprints,
  Group,
  LineChart,
  Palette,
  Pin,
  PinOff,
  Trophy,
} from 'lucide-react';
import type { LateProps } from '@/components/Late';
import { LateMenu } from '@/components/LateMenu';
import { guessBetter } from '@/lib/better';
import { canColor } from '../coloring';
import { readField, type Statistic, writeField, writeStep } from '../fields';
import type { ColumnActions } from '../HeaderCell';
import { defaultWidth, LEAST_WIDTH, type Placed, SPARK_WIDTH } from '../layout';
import { readSort, writeSort } from '../sorting';

interface Props extends LateProps {
  column: Placed;
  sort: readonly string[];
  pinned: boolean;
  fixed: boolean;
  /** Runs have their colours by its values. */
  colored: boolean;
  actions: ColumnActions;
}

export function ColumnItems({ button, column, sort, pinned, fixed, colored, actions }: Props) {
  const { name, width } = column;
  const { entity, key, statistic, step } = readField(name);
  const isValue = entity === 'metric' && !step;
  const others = sort.filter((clause) => readSort(clause).column !== name);
  return (
    <LateMenu button={button} position="bottom-start" width={240}>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<ArrowUp size={14} aria-hidden />}
          onClick={() => actions.setSort([writeSort({ column: name, descending: false })])}
        >
          Sort, smallest first
        </Menu.Item>
        <Menu.Item
          leftSection={<ArrowDown size={14} aria-hidden />}
          onClick={() => actions.setSort([writeSort({ column: name, descending: true })])}
        >
          Sort, largest first
        </Menu.Item>
        {sort.length > 0 && others.length === sort.length && (
          <Menu.Item onClick={() => actions.sort(name, true)}>Then by this column</Menu.Item>
        )}
        {others.length < sort.length && (
          <Menu.Item onClick={() => actions.setSort(others)}>Do not sort by it</Menu.Item>
        )}
        <Menu.Divider />
        {isValue && <StatisticItems name={name} actions={actions} />}
        {isValue && (
          <>
            {statistic !== 'count' && (
              <Menu.Item
                leftSection={<Footprints size={14} aria-hidden />}
                onClick={() => actions.add(writeStep(key, statistic), name)}
              >
                Add the step of this value
              </Menu.Item>
            )}
            <Menu.Item
              leftSection={<LineChart size={14} aria-hidden />}
              onClick={() => actions.resize(name, width >= SPARK_WIDTH ? defaultWidth(name) : 216, true)}
            >
              {width >= SPARK_WIDTH ? 'Narrow, without its line' : 'Wide, with its line'}
            </Menu.Item>
            <Menu.Item onClick={() => actions.plotAgainst(key)}>Use as x of the charts</Menu.Item>
            {(statistic === 'min' || statistic === 'max') && (
              <Menu.Item leftSection={<Trophy size={14} aria-hidden />} onClick={() => actions.speak(name)}>
                Show the best in the list of experiments
              </Menu.Item>
            )}
          </>
        )}
        {(entity === 'param' || entity === 'tag') && (
          <Menu.Item leftSection={<Group size={14} aria-hidden />} onClick={() => actions.group(name)}>
            Group by it
          </Menu.Item>
        )}
        {canColor(name) && (
          <>
            <Menu.Item
              leftSection={<Palette size={14} aria-hidden />}
              onClick={() => actions.color(colored ? undefined : name)}
            >
              {colored ? 'Each run its own colour' : 'Colour by it'}
            </Menu.Item>
            <Menu.Divider />
          </>
        )}
        {!step && (
          <Menu.Item leftSection={<Filter size={14} aria-hidden />} onClick={() => actions.filter(name)}>
            Filter by it
          </Menu.Item>
        )}
        {!fixed && (
          <>
            <Menu.Item
              leftSection={pinned ? <PinOff size={14} aria-hidden /> : <Pin size={14} aria-hidden />}
              onClick={() => actions.pin(name)}
            >
              {pinned ? 'Let it scroll' : 'Keep it in place'}
            </Menu.Item>
            <Menu.Item leftSection={<ArrowLeft size={14} aria-hidden />} onClick={() => actions.shift(name, -1)}>
              Move left
            </Menu.Item>
            <Menu.Item leftSection={<ArrowRight size={14} aria-hidden />} onClick={() => actions.shift(name, 1)}>
              Move right
            </Menu.Item>
          </>
        )}
        <Menu.Item onClick={() => actions.resize(name, width + 40, true)}>Wider</Menu.Item>
        <Menu.Item onClick={() => actions.resize(name, Math.max(LEAST_WIDTH, width - 40), true)}>Narrower</Menu.Item>
        {!fixed && (
          <Menu.Item leftSection={<EyeOff size={14} aria-hidden />} onClick={() => actions.hide(name)}>
            Hide
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </LateMenu>
  );
}

const STATISTICS: readonly (readonly [Statistic, string])[] = [
  ['latest', 'Last value'],
  ['min', 'Least value'],
  ['max', 'Greatest value'],
  ['first', 'First value'],
  ['count', 'Number of points'],
];

function StatisticItems({ name, actions }: { name: string; actions: ColumnActions }) {
  const { key, statistic } = readField(name);
  const better = guessBetter(key);
  const best = better === undefined ? undefined : better === 'lower' ? 'min' : 'max';
  return (
    <>
      <Menu.Label>The column shows the</Menu.Label>
      <Menu.RadioGroup
        value={writeField('metric', key, statistic)}
        onChange={(column) => actions.replace(name, column)}
      >
        {STATISTICS.map(([each, words]) => (
          <Menu.RadioItem key={each} value={writeField('metric', key, each)} closeMenuOnClick>
            {words}
            {each === best ? ' (the best)' : ''}
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
      <Menu.Divider />
    </>
  );
}
