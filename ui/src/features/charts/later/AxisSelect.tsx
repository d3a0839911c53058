/** What x is: chosen among thousands of metrics. Loaded when somebody chooses. */

import { Select } from '@mantine/core';
import { useMemo } from 'react';
import type { LateProps } from '@/components/Late';
import type { ChangeState } from '../panel';

interface Props extends LateProps {
  x: string | undefined;
  change: ChangeState;
  keys: readonly string[];
}

const MOST_OPTIONS = 60;

export function AxisSelect({ x, change, keys }: Props) {
  const data = useMemo(
    () => [
      {
        group: 'Axis',
        items: [
          { value: 'step', label: 'x: step' },
          { value: 'relative', label: 'x: time since start' },
          { value: 'time', label: 'x: wall clock' },
        ],
      },
      { group: 'Another metric', items: keys.map((key) => ({ value: `metric:${key}`, label: `x: ${key}` })) },
    ],
    [keys],
  );
  return (
    <Select
      size="xs"
      w={164}
      aria-label="What x is"
      data={data}
      value={x ?? 'step'}
      searchable
      // It is there because its button was pressed.
      autoFocus
      defaultDropdownOpened
      limit={MOST_OPTIONS}
      allowDeselect={false}
      comboboxProps={{ width: 260, position: 'bottom-start' }}
      maxDropdownHeight={360}
      // A range of steps means nothing on another axis.
      onChange={(next) => change({ x: next === 'step' || next === null ? undefined : next, zoom: undefined })}
    />
  );
}
