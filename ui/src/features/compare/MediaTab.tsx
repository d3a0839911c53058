/** The same key and step of all runs side by side. */

import { Button, Group, Loader, SegmentedControl, Select, Slider, Text } from '@mantine/core';
import { type CSSProperties, useEffect, useMemo, useState } from 'react';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { itemsAt, type MediaSeries, unionOfSteps } from '@/features/run/media';
import { formatCount } from '@/lib/format';
import { compareNames } from './boxes';
import { MediaCard } from './MediaCard';
import styles from './MediaCard.module.css';
import type { TabProps } from './state';
import type { Comparison } from './useComparison';
import { useRunMedia } from './useRunMedia';

/** So many runs are looked at, at first and with each press of the button. */
const PAGE = 24;
/** A table needs more room than a picture. */
const TABLE_WIDTH = 1.5;
const SIZES = { small: 180, medium: 260, large: 420 } as const;

export function MediaTab({ comparison, state, change }: TabProps & { comparison: Comparison }) {
  const [count, setCount] = useState(PAGE);
  const [size, setSize] = useState<keyof typeof SIZES>('medium');
  // All cards are as high as the first picture of the key wants to be.
  const [ratio, setRatio] = useState<{ key: string; value: number }>();
  const runs = comparison.runs.slice(0, count);
  const media = useRunMedia(comparison, count);
  const isLoading = media.some(({ isPending }) => isPending);
  const error = media.find((each) => each.error)?.error;
  const all = media.map(({ data }) => data);
  const keys = countKeys(all);
  const chosen = keys.find(({ name }) => name === state.media) ?? keys[0];
  const series = all.map((each) => each?.find((one) => nameOf(one) === chosen?.name));
  const steps = unionOfSteps(series.filter((each) => each !== undefined));
  const step =
    steps.length > 0
      ? (steps.findLast((each) => each <= (state.step ?? Number.POSITIVE_INFINITY)) ?? steps[0])
      : undefined;
  const keepRatio = (value: number) => {
    if (chosen && ratio?.key !== chosen.name) setRatio({ key: chosen.name, value: Math.min(3, Math.max(0.6, value)) });
  };
  const isTable = chosen?.kind === 'table';
  const rest = comparison.runs.length - runs.length;
  if (!chosen) {
    if (isLoading) return <Waiting />;
    if (error) return <Failure error={error} title="The files of a run could not be listed" />;
    return (
      <Empty title="Nothing to look at">
        <Text c="dimmed">
          None of the {rest > 0 ? `first ${runs.length}` : runs.length} runs has logged pictures, sounds, films or
          tables with log_image, log_figure, log_artifact or log_table.
        </Text>
        {rest > 0 && (
          <Button variant="default" size="xs" onClick={() => setCount(count + PAGE)}>
            Look at {Math.min(PAGE, rest)} more
          </Button>
        )}
      </Empty>
    );
  }
  return (
    <>
      <Group px="lg" py="sm" gap="md" align="end">
        <Select
          size="xs"
          w={300}
          label="Key"
          searchable
          allowDeselect={false}
          data={keys.map(({ name, label, runs: held }) => ({
            value: name,
            label: `${label} (${held} ${held === 1 ? 'run' : 'runs'})`,
          }))}
          value={chosen.name}
          onChange={(name) => name && change({ media: name, step: undefined })}
        />
        {step !== undefined && steps.length > 1 && (
          <StepSlider steps={steps} step={step} choose={(to, how) => change({ step: to }, how)} />
        )}
        <SegmentedControl
          size="xs"
          aria-label="Size"
          data={Object.keys(SIZES).map((name) => ({ value: name, label: `${name[0]?.toUpperCase()}${name.slice(1)}` }))}
          value={size}
          onChange={(value) => setSize(value === 'small' || value === 'large' ? value : 'medium')}
        />
        {isLoading && <Loader size="xs" mb={8} aria-label="Looking for more" />}
      </Group>
      {error && <Failure error={error} title="The files of a run could not be listed" />}
      <div className={styles.body}>
        <div
          className={styles.cards}
          style={{
            ...ratioStyle(ratio?.key === chosen.name ? ratio.value : undefined),
            gridTemplateColumns: `repeat(${isTable ? 'auto-fit' : 'auto-fill'}, minmax(${SIZES[size] * (isTable ? TABLE_WIDTH : 1)}px, 1fr))`,
          }}
        >
          {runs.map((run, place) => {
            const one = series[place];
            return (
              <MediaCard
                key={run.runId}
                run={run}
                step={step}
                item={one && itemsAt(one, step)[0]}
                onRatio={keepRatio}
              />
            );
          })}
        </div>
        {rest > 0 && (
          <Group mt="md" gap="sm">
            <Button variant="default" size="xs" onClick={() => setCount(count + PAGE)}>
              Show {Math.min(PAGE, rest)} more
            </Button>
            <Text size="xs" c="dimmed">
              {count} of {comparison.runs.length} runs are shown
            </Text>
          </Group>
        )}
      </div>
    </>
  );
}

const Waiting = () => (
  <Group p="xl" gap="sm" role="status">
    <Loader size="sm" />
    <Text size="sm" c="dimmed">
      Looking through the files of the runs
    </Text>
  </Group>
);

const ratioStyle = (ratio: number | undefined): CSSProperties =>
  ratio === undefined ? {} : Object.fromEntries([['--ratio', ratio]]);

const nameOf = ({ kind, key }: MediaSeries): string => `${kind}:${key}`;

interface CountedKey {
  name: string;
  label: string;
  kind: MediaSeries['kind'];
  runs: number;
}

/** All keys, those that most runs have first. */
function countKeys(all: readonly (readonly MediaSeries[] | undefined)[]): CountedKey[] {
  const counts = new Map<string, CountedKey>();
  for (const series of all) {
    for (const one of series ?? []) {
      const held = counts.get(nameOf(one));
      if (held) held.runs += 1;
      else counts.set(nameOf(one), { name: nameOf(one), label: one.key, kind: one.kind, runs: 1 });
    }
  }
  return [...counts.values()].sort((a, b) => b.runs - a.runs || compareNames(a.label, b.label));
}

interface SliderProps {
  steps: readonly number[];
  step: number;
  choose: (step: number, how: 'push' | 'replace') => void;
}

/** The steps stand evenly, however far they are apart; the arrow keys go from one to the next. */
function StepSlider({ steps, step, choose }: SliderProps) {
  const at = Math.max(0, steps.indexOf(step));
  // The address follows the slider a moment later.
  const [moving, setMoving] = useState(at);
  useEffect(() => setMoving(at), [at]);
  const marks = useMemo(() => steps.map((_, value) => ({ value })), [steps]);
  const say = (place: number) => `step ${formatCount(steps[place] ?? 0)}`;
  return (
    <div style={{ width: 280 }}>
      <Text size="xs" fw={500} mb={4}>
        Step {formatCount(steps[moving] ?? step)}
      </Text>
      <Slider
        size="sm"
        min={0}
        max={steps.length - 1}
        {...(steps.length <= 40 ? { marks } : {})}
        label={say}
        thumbLabel="Step"
        thumbValueText={say}
        value={moving}
        onChange={(place) => {
          setMoving(place);
          choose(steps[place] ?? step, 'replace');
        }}
        mb={8}
      />
    </div>
  );
}
