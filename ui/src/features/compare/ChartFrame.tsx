/** A chart of the comparison that fills the rest of the page, with its menu. */

import { useRef } from 'react';
import { type ChartEvent, type ChartHandle, type ChartOption, EChart } from '@/charts/EChart';
import type { Field } from './fields';
import { SaveMenu } from './SaveMenu';
import type { ComparedRun } from './useComparison';

interface Props {
  option: ChartOption;
  label: string;
  /** Of its files, without an ending. */
  name: string;
  runs: readonly ComparedRun[];
  /** What the CSV has of each run. */
  fields: readonly (Field | undefined)[];
  onEvent?: ((event: ChartEvent) => void) | undefined;
}

export function ChartFrame({ option, label, name, runs, fields, onEvent }: Props) {
  const chart = useRef<ChartHandle>(null);
  const ask = (make: (handle: ChartHandle) => Promise<Blob>) => async () => {
    if (!chart.current) throw new Error('It is not drawn yet.');
    return make(chart.current);
  };
  return (
    <div style={{ flex: 1, minHeight: 320, position: 'relative', padding: '0 16px 12px' }}>
      <EChart ref={chart} option={option} height="100%" label={label} onEvent={onEvent} />
      <div style={{ position: 'absolute', right: 16, top: 0 }}>
        <SaveMenu
          name={name}
          runs={runs}
          fields={fields}
          toPng={ask((handle) => handle.toPng())}
          toSvg={ask((handle) => handle.toSvg())}
        />
      </div>
    </div>
  );
}
