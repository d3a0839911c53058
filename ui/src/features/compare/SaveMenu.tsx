/** Saves a chart of the comparison: the picture as PNG or SVG, the numbers of its fields as CSV. */

import { ActionIcon, Menu } from '@mantine/core';
import { Download } from 'lucide-react';
import { fileName, saveFile } from '@/charts/export';
import { notices } from '@/components/notices';
import { toCsv } from '@/lib/csv';
import type { Field } from './fields';
import type { ComparedRun } from './useComparison';

interface Props {
  /** Of the files, without an ending. */
  name: string;
  runs: readonly ComparedRun[];
  /** What the CSV has of each run. */
  fields: readonly (Field | undefined)[];
  toPng: () => Promise<Blob>;
  toSvg: () => Promise<Blob>;
}

export function SaveMenu({ name, runs, fields, toPng, toSvg }: Props) {
  const save = async (make: () => Promise<Blob>, ending: string) => {
    try {
      saveFile(fileName(name, ending), await make());
    } catch (error) {
      notices.show({
        color: 'red',
        message: `The chart could not be saved: ${error instanceof Error ? error.message : error}`,
      });
    }
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="Save the chart">
          <Download size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void save(toPng, 'png')}>PNG</Menu.Item>
        <Menu.Item onClick={() => void save(toSvg, 'svg')}>SVG</Menu.Item>
        <Menu.Item onClick={() => saveFile(fileName(name, 'csv'), makeCsv(runs, fields), 'text/csv')}>CSV</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function makeCsv(runs: readonly ComparedRun[], fields: readonly (Field | undefined)[]): string {
  const known = [...new Map(fields.flatMap((field) => (field ? [[field.name, field] as const] : []))).values()];
  const rows = runs.map(({ runId, name }, place) => [runId, name, ...known.map((field) => field.texts()[place])]);
  return toCsv([['run_id', 'run_name', ...known.map(({ name }) => name)], ...rows]);
}
