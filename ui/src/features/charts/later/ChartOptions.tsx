/** How all charts of a panel are drawn, but for what stands in the toolbar. Loaded when somebody opens it. */

import { Button, Checkbox, SegmentedControl, Stack, Text } from '@mantine/core';
import type { LateProps } from '@/components/Late';
import { LatePopover } from '@/components/LatePopover';
import { type ChartState, turnAllLogY } from '@/lib/chartState';
import type { ChangeState } from '../panel';

interface Props extends LateProps {
  state: ChartState;
  change: ChangeState;
  sections: readonly string[];
}

export function ChartOptions({ button, state, change, sections }: Props) {
  return (
    <LatePopover button={button} position="bottom-end">
      {() => (
        <Stack gap="sm">
          <div>
            <Text size="xs" c="dimmed" mb={4}>
              Smoothing
            </Text>
            <SegmentedControl
              size="xs"
              value={state.smoother ?? 'ema'}
              onChange={(value) => change({ smoother: value === 'window' ? 'window' : undefined, smooth: undefined })}
              data={[
                { value: 'ema', label: 'Moving average by time' },
                { value: 'window', label: 'Window of points' },
              ]}
            />
          </div>
          <Checkbox
            size="xs"
            label="Logarithmic x"
            checked={state.logx ?? false}
            disabled={state.x === 'time'}
            onChange={() => change({ logx: state.logx ? undefined : true })}
          />
          <Checkbox
            size="xs"
            label={state.ylog ? 'Logarithmic y (some charts have their own)' : 'Logarithmic y'}
            checked={state.logy ?? false}
            onChange={() => change(turnAllLogY(state))}
          />
          <Checkbox
            size="xs"
            label="Bands: least to greatest of a bucket, deviation of a group"
            checked={state.band !== false}
            onChange={() => change({ band: state.band === false ? undefined : false })}
          />
          {sections.length > 1 && (
            <Button.Group>
              <Button size="compact-xs" variant="default" onClick={() => change({ folded: [...sections] })}>
                Fold all sections
              </Button>
              <Button
                size="compact-xs"
                variant="default"
                disabled={!state.folded}
                onClick={() => change({ folded: undefined })}
              >
                Unfold all
              </Button>
            </Button.Group>
          )}
        </Stack>
      )}
    </LatePopover>
  );
}
