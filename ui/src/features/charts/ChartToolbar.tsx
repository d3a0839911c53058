/** How all charts of a panel are drawn: which, over what, how smooth. */

import { ActionIcon, CloseButton, Input, Text } from '@mantine/core';
import { ChevronsUpDown, SlidersHorizontal, ZoomOut } from 'lucide-react';
import { memo, useEffect, useRef, useState } from 'react';
import { late } from '@/components/Late';
import { SearchBox } from '@/components/SearchBox';
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

const Axes = late(async () => (await import('./later/AxisSelect')).AxisSelect, 'listbox');
const Options = late(async () => (await import('./later/ChartOptions')).ChartOptions, 'dialog');

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
    <SearchBox
      style={{ flex: '1 1 120px', maxWidth: 240 }}
      rightSection={
        text ? <CloseButton size="xs" aria-label="Show all charts" onClick={() => setText('')} /> : undefined
      }
      label="Find charts by name"
      placeholder="Find charts"
      value={text}
      onChange={setText}
    />
  );
}

interface AxisProps {
  x: string | undefined;
  change: ChangeState;
  keys: readonly string[];
}

const AXES: Readonly<Record<string, string>> = { relative: 'time since start', time: 'wall clock' };

/** Drawn again only when it must: with thousands of metrics that takes a while. */
const AxisSelect = memo(function AxisSelect({ x, change, keys }: AxisProps) {
  const name = x === undefined ? 'step' : (AXES[x] ?? x.replace(/^metric:/, ''));
  return (
    <Axes
      x={x}
      change={change}
      keys={keys}
      button={
        <Input
          component="button"
          type="button"
          size="xs"
          w={164}
          pointer
          title="What x is"
          rightSection={<ChevronsUpDown size={14} aria-hidden />}
        >
          <span className="ellipsis">x: {name}</span>
        </Input>
      }
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
  const save = () => {
    if (draft === null) return;
    setDraft(null);
    if (draft === (state.smooth ?? 0)) return;
    const now = Date.now();
    change({ smooth: draft > 0 ? draft : undefined }, now - changedAt.current < ONE_STEP_MS ? 'replace' : 'push');
    changedAt.current = now;
  };
  return (
    <div style={{ display: 'flex', alignItems: 'center', gap: 8, flex: '0 1 190px' }}>
      <Text size="xs" c="dimmed">
        Smooth
      </Text>
      <input
        type="range"
        className={classes.range}
        min={0}
        max={most}
        value={Math.min(toPosition(amount, isWindow), most)}
        aria-label={isWindow ? 'Smoothing: points of the window' : 'Smoothing: weight of the past'}
        onChange={(event) => setDraft(toAmount(Number(event.currentTarget.value), isWindow))}
        onPointerUp={save}
        onKeyUp={save}
        onBlur={save}
      />
      <Text size="xs" w={32} ta="right" style={{ fontVariantNumeric: 'tabular-nums' }}>
        {isWindow ? amount : amount.toFixed(amount > 0.99 ? 3 : 2)}
      </Text>
    </div>
  );
}

function OptionsButton({ state, change, sections }: Part & { sections: readonly string[] }) {
  return (
    <Options
      state={state}
      change={change}
      sections={sections}
      button={
        <ActionIcon variant="default" size={30} aria-label="Options of charts" title="Options of charts">
          <SlidersHorizontal size={15} aria-hidden />
        </ActionIcon>
      }
    />
  );
}
