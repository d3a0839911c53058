/** How all charts of a panel are drawn: which, over what, how smooth. */

import {
  ActionIcon,
  Button,
  Checkbox,
  CloseButton,
  Popover,
  SegmentedControl,
  Select,
  Slider,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { Search, SlidersHorizontal, ZoomOut } from 'lucide-react';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import type { ChartState } from '@/lib/chartState';
import classes from './charts.module.css';
import type { ChangeState } from './panel';

interface Props {
  state: ChartState;
  change: ChangeState;
  keys: readonly string[];
  /** The smoothing while it is being dragged; null when it is let go. */
  draft: number | null;
  setDraft: (amount: number | null) => void;
  sections: readonly string[];
}

const MOST_OPTIONS = 60;

export function ChartToolbar({ state, change, keys, draft, setDraft, sections }: Props) {
  return (
    <div className={classes.toolbar} role="toolbar" aria-label="Charts">
      <FindBox state={state} change={change} />
      <AxisSelect x={state.x} change={change} keys={keys} />
      <SmoothSlider state={state} change={change} draft={draft} setDraft={setDraft} />
      <OptionsButton state={state} change={change} sections={sections} />
      {state.zoom && (
        <ActionIcon
          variant="light"
          size={30}
          aria-label="Reset zoom"
          title="Reset zoom (or double click in a chart)"
          onClick={() => change({ zoom: undefined })}
        >
          <ZoomOut size={16} aria-hidden />
        </ActionIcon>
      )}
    </div>
  );
}

type Part = Pick<Props, 'state' | 'change'>;

function FindBox({ state, change }: Part) {
  const [text, setText] = useState(state.find ?? '');
  const sent = useRef(text);
  useEffect(() => {
    const found = state.find ?? '';
    // What comes back of one's own typing must not undo the letters typed since.
    if (found === sent.current) return;
    sent.current = found;
    setText(found);
  }, [state.find]);
  useEffect(() => {
    if (text === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = text;
      change({ find: text || undefined }, 'replace');
    }, 200);
    return () => clearTimeout(timer);
  }, [text, change]);
  return (
    <TextInput
      size="xs"
      style={{ flex: '1 1 120px', maxWidth: 240 }}
      leftSection={<Search size={14} aria-hidden />}
      rightSection={
        text ? <CloseButton size="xs" aria-label="Show all charts" onClick={() => setText('')} /> : undefined
      }
      placeholder="Find charts"
      aria-label="Find charts by name"
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
    />
  );
}

interface AxisProps {
  x: string | undefined;
  change: ChangeState;
  keys: readonly string[];
}

/** Drawn again only when it must: with thousands of metrics that takes a while. */
const AxisSelect = memo(function AxisSelect({ x, change, keys }: AxisProps) {
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
      limit={MOST_OPTIONS}
      allowDeselect={false}
      comboboxProps={{ width: 260, position: 'bottom-start' }}
      maxDropdownHeight={360}
      // A range of steps means nothing on another axis.
      onChange={(next) => change({ x: next === 'step' || next === null ? undefined : next, zoom: undefined })}
    />
  );
});

const MOST_POINTS = 1000;

/** Up to here the slider counts points one by one; behind it windows grow by the cube. */
const SINGLE_POINTS = 31;

/** Where the slider stands for an amount, 0 to 100. */
function toPosition(amount: number, isWindow: boolean): number {
  if (!isWindow) return Math.round(amount * 100);
  return amount <= SINGLE_POINTS ? amount : Math.round(Math.cbrt(amount / MOST_POINTS) * 100);
}

function toAmount(position: number, isWindow: boolean): number {
  if (!isWindow) return position / 100;
  return position <= SINGLE_POINTS ? position : Math.round((position / 100) ** 3 * MOST_POINTS);
}

/** Changes that follow one another sooner than this are one step of the history. */
const ONE_STEP_MS = 2000;

function SmoothSlider({ state, change, draft, setDraft }: Part & Pick<Props, 'draft' | 'setDraft'>) {
  const isWindow = state.smoother === 'window';
  const amount = draft ?? state.smooth ?? 0;
  const changedAt = useRef(0);
  const most = isWindow ? 100 : 99;
  const save = (position: number) => {
    setDraft(null);
    const next = toAmount(position, isWindow);
    if (next === (state.smooth ?? 0)) return;
    const now = Date.now();
    change({ smooth: next > 0 ? next : undefined }, now - changedAt.current < ONE_STEP_MS ? 'replace' : 'push');
    changedAt.current = now;
  };
  return (
    <div style={{ display: 'flex', alignItems: 'center', gap: 8, flex: '0 1 190px' }}>
      <Text size="xs" c="dimmed">
        Smooth
      </Text>
      <Slider
        size="sm"
        style={{ flex: 1, minWidth: 60 }}
        label={null}
        min={0}
        max={most}
        value={Math.min(toPosition(amount, isWindow), most)}
        thumbLabel={isWindow ? 'Smoothing: points of the window' : 'Smoothing: weight of the past'}
        onChange={(position) => setDraft(toAmount(position, isWindow))}
        onChangeEnd={save}
      />
      <Text size="xs" w={32} ta="right" style={{ fontVariantNumeric: 'tabular-nums' }}>
        {isWindow ? amount : amount.toFixed(amount > 0.99 ? 3 : 2)}
      </Text>
    </div>
  );
}

function OptionsButton({ state, change, sections }: Part & { sections: readonly string[] }) {
  const toggle = (key: 'logx' | 'logy') => change({ [key]: state[key] ? undefined : true });
  return (
    <Popover position="bottom-end" withinPortal trapFocus>
      <Popover.Target>
        <ActionIcon variant="default" size={30} aria-label="Options of charts" title="Options of charts">
          <SlidersHorizontal size={15} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
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
            onChange={() => toggle('logx')}
          />
          <Checkbox size="xs" label="Logarithmic y" checked={state.logy ?? false} onChange={() => toggle('logy')} />
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
      </Popover.Dropdown>
    </Popover>
  );
}
