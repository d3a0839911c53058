/** What runs are coloured by, and the offer of it where there are more lines than styles. */

import { Button, Text } from '@mantine/core';
import { ChevronDown, Palette, X } from 'lucide-react';
import { ColorLegend } from '@/components/ColorLegend';
import { late } from '@/components/Late';
import { formatCount } from '@/lib/format';
import { canColor, MOST_OWN_STYLES } from './coloring';
import { labelField } from './fields';
import styles from './RunsPage.module.css';
import { statsOf } from './stats';
import type { Change, WorkspaceModel } from './useWorkspace';

const Items = late(async () => (await import('./later/ColorItems')).ColorItems);

interface Props {
  model: WorkspaceModel;
  change: Change;
}

export function ColorStrip({ model, change }: Props) {
  const { columns, frame, colorBy, colors, names, grouped } = model;
  const useful = columns.filter((name) => {
    const cells = frame.columns.get(name);
    return canColor(name) && !(cells && statsOf(cells).constant);
  });
  return (
    <section className={styles.strip} aria-label="Colours">
      {colorBy === undefined && (
        <Text size="xs" c="dimmed">
          {formatCount(names.length)} lines share {MOST_OWN_STYLES} styles: colours can show a value instead
        </Text>
      )}
      <Items
        useful={useful}
        grouped={grouped}
        colorBy={colorBy}
        choose={(color) => change({ color })}
        button={
          <Button
            variant="default"
            size="compact-xs"
            leftSection={<Palette size={13} aria-hidden />}
            rightSection={<ChevronDown size={13} aria-hidden />}
          >
            Colour by{colorBy === undefined ? '' : ` ${labelField(colorBy)}`}
          </Button>
        }
      />
      {colors && <ColorLegend legend={colors.legend} />}
      {colorBy !== undefined && (
        <Button
          variant="subtle"
          color="gray"
          size="compact-xs"
          leftSection={<X size={13} aria-hidden />}
          onClick={() => change({ color: undefined })}
        >
          Own colours
        </Button>
      )}
    </section>
  );
}
