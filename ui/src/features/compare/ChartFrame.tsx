/** A chart of the comparison with its menu: the picture as PNG or SVG, its numbers as CSV. */

import { ActionIcon, Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { Download } from 'lucide-react';
import { useRef } from 'react';
import { type ChartEvent, type ChartHandle, type ChartOption, EChart } from '@/charts/EChart';
import { toCsv } from '@/lib/csv';
import { saveFile } from '@/lib/saveFile';
import type { Field } from './fields';
import type { ComparedRun } from './useComparison';

interface Props {
  option: ChartOption;
  label: string;
  /** Of the files, without an ending. */
  name: string;
  runs: readonly ComparedRun[];
  /** What the CSV has of each run. */
  fields: readonly (Field | undefined)[];
  onEvent?: ((event: ChartEvent) => void) | undefined;
}

export function ChartFrame({ option, label, name, runs, fields, onEvent }: Props) {
  const chart = useRef<ChartHandle>(null);
  const save = async (make: (handle: ChartHandle) => Promise<Blob>, ending: string) => {
    try {
      if (chart.current) saveFile(`${name}.${ending}`, await make(chart.current));
    } catch (error) {
      notifications.show({ color: 'red', message: `The chart could not be saved: ${error instanceof Error ? error.message : error}` });
    }
  };
  return (
    <div style={{ flex: 1, minHeight: 320, position: 'relative', padding: '0 16px 12px' }}>
      <EChart ref={chart} option={option} height="100%" label={label} onEvent={onEvent} />
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label="Save the chart" style={{ position: 'absolute', right: 16, top: 0 }}>
            <Download size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => void save((handle) => handle.toPng(), 'png')}>PNG</Menu.Item>
          <Menu.Item onClick={() => void save((handle) => handle.toSvg(), 'svg')}>SVG</Menu.Item>
          <Menu.Item onClick={() => saveFile(`${name}.csv`, makeCsv(runs, fields), 'text/csv')}>CSV</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

function makeCsv(runs: readonly ComparedRun[], fields: readonly (Field | undefined)[]): string {
  const known = [...new Map(fields.flatMap((field) => (field ? [[field.name, field] as const] : []))).values()];
  const rows = runs.map(({ runId, name }, place) => [runId, name, ...known.map((field) => field.texts()[place])]);
  return toCsv([['run_id', 'run_name', ...known.map(({ name }) => name)], ...rows]);
}
