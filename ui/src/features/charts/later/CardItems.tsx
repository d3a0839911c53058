/** Everything that can be done with one chart. Loaded when somebody opens the menu. */

import { Menu } from '@mantine/core';
import { Code, FileCode, FileImage, Pin, PinOff, Sheet } from 'lucide-react';
import type { PlotLine } from '@/charts/line';
import type { LateProps } from '@/components/Late';
import { LateMenu } from '@/components/LateMenu';
import { isLogY, turnAllLogY, turnLogY } from '@/lib/chartState';
import type { Panel } from '../panel';
import { copyPython, saveDrawn, savePicture, savePoints } from '../saving';

interface Props extends LateProps {
  metric: string;
  panel: Panel;
  lines: readonly PlotLine[];
}

/** Where others have a sign. */
const BLANK = <span style={{ display: 'block', width: 14 }} />;

export function CardItems({ button, metric, panel, lines }: Props) {
  const { state, change } = panel;
  const pinned = state.pinned ?? [];
  const isPinned = pinned.includes(metric);
  const isLog = isLogY(state, metric);
  const pin = () => {
    const next = isPinned ? pinned.filter((each) => each !== metric) : [...pinned, metric];
    change({ pinned: next.length ? next : undefined });
  };
  return (
    <LateMenu button={button} position="bottom-end">
      <Menu.Dropdown>
        <Menu.Item leftSection={isPinned ? <PinOff size={14} /> : <Pin size={14} />} onClick={pin}>
          {isPinned ? 'Unpin' : 'Pin to the top'}
        </Menu.Item>
        <Menu.CheckboxItem checked={isLog} closeMenuOnClick onChange={() => change(turnLogY(state, metric))}>
          Logarithmic y axis
        </Menu.CheckboxItem>
        <Menu.Item leftSection={BLANK} onClick={() => change(turnAllLogY(state))}>
          {state.logy ? 'Linear' : 'Logarithmic'} y axis in all charts
        </Menu.Item>
        <Menu.Item leftSection={BLANK} onClick={() => panel.clip(metric)}>
          {panel.clipped.has(metric) ? 'Show outliers' : 'Leave outliers out of y'}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item
          leftSection={<FileImage size={14} />}
          disabled={lines.length === 0}
          onClick={() => void savePicture(panel, metric, lines, 'png')}
        >
          Save as PNG
        </Menu.Item>
        <Menu.Item
          leftSection={<FileCode size={14} />}
          disabled={lines.length === 0}
          onClick={() => void savePicture(panel, metric, lines, 'svg')}
        >
          Save as SVG
        </Menu.Item>
        <Menu.Item
          leftSection={<Sheet size={14} />}
          disabled={lines.length === 0}
          onClick={() => void saveDrawn(panel, metric, lines)}
        >
          Save what is drawn as CSV
        </Menu.Item>
        <Menu.Item leftSection={<Sheet size={14} />} onClick={() => void savePoints(panel, metric)}>
          Save all points as CSV
        </Menu.Item>
        <Menu.Item leftSection={<Code size={14} />} onClick={() => void copyPython(panel, metric)}>
          Copy as Python
        </Menu.Item>
      </Menu.Dropdown>
    </LateMenu>
  );
}
