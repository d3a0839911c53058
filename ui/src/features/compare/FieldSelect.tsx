/** A choice among the fields of the compared runs, by section, with search. */

import { Select } from '@mantine/core';
import { useMemo } from 'react';
import type { Field } from './fields';

interface Props {
  label: string;
  fields: readonly Field[];
  value: string | undefined;
  choose: (name: string | undefined) => void;
  /** A choice before all fields, such as each run's own colour. */
  first?: { value: string; label: string } | undefined;
  clearable?: boolean;
  width?: number;
}

const TITLES: Readonly<Record<string, string>> = {
  attributes: 'Run',
  params: 'Params',
  metrics: 'Metrics',
  tags: 'Tags',
  datasets: 'Datasets',
};

export function FieldSelect({ label, fields, value, choose, first, clearable = false, width = 190 }: Props) {
  const data = useMemo(() => {
    const groups = new Map<string, { value: string; label: string }[]>();
    for (const { section, name, label: text } of fields) {
      const title = TITLES[section] ?? section;
      const items = groups.get(title) ?? [];
      items.push({ value: name, label: text });
      groups.set(title, items);
    }
    const grouped = [...groups].map(([group, items]) => ({ group, items }));
    return first ? [{ group: '', items: [first] }, ...grouped] : grouped;
  }, [fields, first]);
  return (
    <Select
      size="xs"
      w={width}
      label={label}
      data={data}
      value={value ?? null}
      onChange={(chosen) => choose(chosen ?? undefined)}
      searchable
      limit={200}
      clearable={clearable}
      allowDeselect={clearable}
      nothingFoundMessage="No such field"
      comboboxProps={{ width: 280, position: 'bottom-start' }}
    />
  );
}
