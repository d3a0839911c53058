/** What runs are coloured by, and the offer of it where there are more lines than styles. */

import { Button, Text } from '@mantine/core';
import { ChevronDown, Palette, X } from 'lucide-react';
import { useMemo } from 'react';
import { ColorLegend, GreyNote } from '@/components/ColorLegend';
import { late } from '@/components/Late';
import { formatCount } from '@/lib/format';
import { canColor, MOST_OWN_STYLES } from './coloring';
import { labelField } from './fields';
import styles from './RunsPage.module.css';
import { countGrey } from './shownRuns';
import { statsOf } from './stats';
import type { Change, WorkspaceModel } from './useWorkspace';

const Items = late(async () => (await import('./later/ColorItems')).ColorItems);

interface Props {
  model: WorkspaceModel;
  change: Change;
}

export function ColorStrip({ model, change }: Props) {
  const { state, columns, frame, colorBy, colors, names, grouped, groups } = model;
  const useful = columns.filter((name) => {
    const cells = frame.columns.get(name);
    return canColor(name) && !(cells && statsOf(cells).constant);
  });
  const isKnown = frame.complete && colorBy !== undefined && frame.whole.has(colorBy);
  const grey = useMemo(
    () => (isKnown && colors && state.mode !== 'table' ? countGrey(frame, groups, names, colors) : 0),
    [isKnown, colors, state.mode, frame, groups, names],
  );
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
      {colors && (colors.legend.kind !== 'none' || isKnown) && <ColorLegend legend={colors.legend} />}
      {grey > 0 && <GreyNote>{sayGrey(grey, grouped)}</GreyNote>}
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

function sayGrey(count: number, grouped: boolean): string {
  const what = grouped ? 'group' : 'run';
  return count === 1
    ? `The ${what} in the charts has none: its line is grey`
    : `None of the ${formatCount(count)} ${what}s in the charts has one: their lines are grey`;
}
