/** The head of a parallel axis: drag it to another place, or press it for all that can be done with the axis, the brush by keyboard included. */

import {
  Button,
  Checkbox,
  Group,
  NumberInput,
  Popover,
  ScrollArea,
  Stack,
  Switch,
  UnstyledButton,
} from '@mantine/core';
import { ArrowDownUp, ArrowLeft, ArrowRight, Filter, X } from 'lucide-react';
import { Ends } from '@/components/Ends';
import { type Axis, canBeLog } from './axes';
import type { Brush } from './brush';
import type { AxisActions } from './ParallelPlot';
import styles from './ParallelPlot.module.css';
import { useDragPlace } from './useDragPlace';

interface Props {
  axis: Axis;
  at: number;
  count: number;
  left: number;
  width: number;
  brush: Brush | undefined;
  actions: AxisActions;
}

export function AxisHead({ axis, at, count, left, width, brush, actions }: Props) {
  const dragged = useDragPlace('axis', at, actions.move);
  const { field } = axis;
  return (
    // Dragging is a short cut for what the button leads to
    <div className={styles.head} style={{ left, width: Math.max(40, width) }} {...dragged}>
      <Popover position="bottom" withArrow trapFocus returnFocus withinPortal>
        <Popover.Target>
          <UnstyledButton className={styles.headButton} title={field.label}>
            {brush && <Filter size={12} aria-hidden style={{ flex: 'none' }} />}
            <span className="visually-hidden">Axis</span>
            <Ends text={field.label} />
            {axis.log && <span className="dim">log</span>}
          </UnstyledButton>
        </Popover.Target>
        <Popover.Dropdown>
          <Stack gap="sm" w={240}>
            <Group gap="xs" grow>
              <Button
                size="xs"
                variant="default"
                disabled={at === 0}
                leftSection={<ArrowLeft size={13} aria-hidden />}
                onClick={() => actions.move(at, at - 1)}
              >
                Left
              </Button>
              <Button
                size="xs"
                variant="default"
                disabled={at === count - 1}
                leftSection={<ArrowRight size={13} aria-hidden />}
                onClick={() => actions.move(at, at + 1)}
              >
                Right
              </Button>
            </Group>
            <Group gap="xs" grow>
              <Button
                size="xs"
                variant={axis.inverted ? 'light' : 'default'}
                aria-pressed={axis.inverted}
                leftSection={<ArrowDownUp size={13} aria-hidden />}
                onClick={() => actions.toggleInverted(field.name)}
              >
                Flip
              </Button>
              <Button
                size="xs"
                variant="default"
                leftSection={<X size={13} aria-hidden />}
                onClick={() => actions.remove(field.name)}
              >
                Remove
              </Button>
            </Group>
            {canBeLog(field) && (
              <Switch size="xs" label="Logarithmic" checked={axis.log} onChange={() => actions.toggleLog(field.name)} />
            )}
            <BrushForm axis={axis} brush={brush} actions={actions} />
          </Stack>
        </Popover.Dropdown>
      </Popover>
    </div>
  );
}

function BrushForm({ axis, brush, actions }: { axis: Axis; brush: Brush | undefined; actions: AxisActions }) {
  const { name } = axis.field;
  const set = (next: Brush | undefined) => actions.brush(name, next, true);
  if (axis.field.numeric) {
    const range = brush?.kind === 'range' ? brush : undefined;
    const limit = (side: 'from' | 'to') => (value: string | number) => {
      const number = typeof value === 'number' ? value : undefined;
      const next = {
        kind: 'range' as const,
        from: range?.from ?? Number.NEGATIVE_INFINITY,
        to: range?.to ?? Number.POSITIVE_INFINITY,
        [side]: number ?? (side === 'from' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY),
      };
      set(next.from <= next.to && (Number.isFinite(next.from) || Number.isFinite(next.to)) ? next : undefined);
    };
    const shown = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : '');
    return (
      <Group gap="xs" grow align="end">
        <NumberInput size="xs" label="From" value={shown(range?.from)} onChange={limit('from')} />
        <NumberInput size="xs" label="To" value={shown(range?.to)} onChange={limit('to')} />
      </Group>
    );
  }
  const chosen = brush?.kind === 'choice' ? brush.texts : [];
  return (
    <ScrollArea.Autosize mah={220}>
      <Stack gap={6}>
        {axis.choices.map((text) => (
          <Checkbox
            key={text}
            size="xs"
            label={text}
            checked={chosen.includes(text)}
            onChange={() => {
              const texts = chosen.includes(text) ? chosen.filter((each) => each !== text) : [...chosen, text];
              set(texts.length > 0 ? { kind: 'choice', texts } : undefined);
            }}
          />
        ))}
      </Stack>
    </ScrollArea.Autosize>
  );
}
