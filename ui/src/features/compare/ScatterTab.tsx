/** Two fields of the runs against each other, with colour and size for two more, and the Pareto front. */

import { Group, SegmentedControl, Switch, Text, useComputedColorScheme } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { ChartEvent, ChartOption } from '@/charts/EChart';
import { buildTooltip } from '@/charts/tooltip';
import { ColorLegend } from '@/components/ColorLegend';
import { Empty } from '@/components/Empty';
import type { Better } from '@/lib/better';
import { formatNumber } from '@/lib/format';
import { highlight } from '@/lib/highlight';
import { extent } from '@/lib/statistics';
import { canBeLog, showValue } from './axes';
import { ChartFrame } from './ChartFrame';
import { ColorSelect } from './ColorSelect';
import type { Coloring } from './coloring';
import { betterOf } from './diff';
import { FieldSelect } from './FieldSelect';
import { type Field, isLog } from './fields';
import { paretoFront } from './pareto';
import { makePlotAxis, PLOT_GRID } from './plotAxis';
import { type TabProps, toggled } from './state';
import { useChoices, useColoring } from './useChoices';
import type { ComparedRun, Comparison } from './useComparison';

export function ScatterTab({ comparison, state, change }: TabProps & { comparison: Comparison }) {
  const choices = useChoices(comparison);
  const coloring = useColoring(comparison, state.color, choices);
  const dark = useComputedColorScheme('light') === 'dark';
  const navigate = useNavigate();
  const { runs, byName } = comparison;
  const x =
    byName.get(state.xf ?? '') ??
    choices.params.find(({ numeric }) => numeric) ??
    choices.params[0] ??
    choices.metrics[1] ??
    choices.numbers[0];
  const y = byName.get(state.yf ?? '') ?? choices.metrics[0] ?? choices.numbers[0];
  const size = byName.get(state.size ?? '');
  const flipped = useMemo(() => new Set(state.flipped), [state.flipped]);
  const plot = useMemo(
    () =>
      x && y
        ? plotScatter({
            ...{ runs, x, y, size, coloring, dark, logx: isLog(x, state.logs), logy: isLog(y, state.logs) },
            better: state.pareto ? [sideOf(x, flipped), sideOf(y, flipped)] : undefined,
          })
        : undefined,
    [runs, x, y, size, coloring, dark, state.logs, state.pareto, flipped],
  );
  if (!x || !y || !plot) return <Empty title="Nothing to plot">No field differs between these runs.</Empty>;
  const onEvent = ({ type, seriesId, dataIndex }: ChartEvent) => {
    const run = seriesId === 'runs' ? runs[plot.places[dataIndex] ?? -1] : undefined;
    if (type !== 'click') highlight.set(type === 'mouseover' ? (run?.runId ?? null) : null);
    else if (run) {
      const { experimentId, runId } = run;
      void navigate({ to: '/experiments/$experimentId/runs/$runId', params: { experimentId, runId } });
    }
  };
  const absent = runs.length - plot.places.length;
  return (
    <>
      <Group px="lg" py="sm" gap="md" align="end">
        <FieldSelect label="X" fields={choices.axes} value={x.name} choose={(xf) => change({ xf })} />
        <LogSwitch field={x} label="log x" state={state} change={change} />
        <FieldSelect label="Y" fields={choices.axes} value={y.name} choose={(yf) => change({ yf })} />
        <LogSwitch field={y} label="log y" state={state} change={change} />
        <ColorSelect state={state} change={change} choices={choices} coloring={coloring} />
        <FieldSelect
          label="Size"
          fields={choices.numbers}
          value={size?.name}
          clearable
          choose={(name) => change({ size: name })}
        />
        <Switch
          size="xs"
          mb={6}
          label="Pareto front"
          checked={state.pareto ?? false}
          onChange={(event) => change({ pareto: event.currentTarget.checked || undefined })}
        />
      </Group>
      <Group px="lg" pb="xs" gap="lg">
        <ColorLegend legend={coloring.legend} />
        {absent > 0 && (
          <Text size="xs" c="dimmed">
            {absent} of {runs.length} runs {absent === 1 ? 'is' : 'are'} not drawn: no value on an axis
          </Text>
        )}
        {state.pareto &&
          x.numeric &&
          y.numeric &&
          [x, y].map((field, at) => (
            <SideControl
              key={at === 0 ? 'x' : 'y'}
              name={at === 0 ? 'x' : 'y'}
              side={sideOf(field, flipped)}
              turn={() => change({ flipped: toggled(state.flipped, keyOf(field)) })}
            />
          ))}
        {state.pareto && (
          <Text size="xs" c="dimmed" role="status">
            {x.numeric && y.numeric
              ? `${plot.front} runs on the Pareto front`
              : 'A Pareto front needs numbers on both axes'}
          </Text>
        )}
      </Group>
      <ChartFrame
        option={plot.option}
        label={`${y.label} against ${x.label} of ${plot.places.length} runs`}
        name={`${y.label} by ${x.label}`}
        runs={runs}
        fields={[x, y, byName.get(state.color ?? ''), size]}
        onEvent={onEvent}
      />
    </>
  );
}

/** Shown for numbers only. */
export function LogSwitch({ field, label, state, change }: TabProps & { field: Field; label: string }) {
  if (!canBeLog(field)) return null;
  const turn = () => change({ logs: toggled(state.logs, field.name) });
  return <Switch size="xs" mb={6} label={label} checked={isLog(field, state.logs)} onChange={turn} />;
}

function SideControl({ name, side, turn }: { name: string; side: Better; turn: () => void }) {
  return (
    <SegmentedControl
      size="xs"
      aria-label={`Which ${name} is better`}
      data={[
        { value: 'lower', label: `lower ${name}` },
        { value: 'higher', label: `higher ${name}` },
      ]}
      value={side ?? 'higher'}
      onChange={turn}
    />
  );
}

/** A metric's key, or the name of what is none. */
const keyOf = (field: Field): string => /^(?:min\(|max\()?metrics\.(.*?)\)?$/.exec(field.name)?.[1] ?? field.label;

/** Of what is no metric (a size, a duration), less is better unless somebody says otherwise. */
function sideOf(field: Field, flipped: ReadonlySet<string>): Better {
  const key = keyOf(field);
  if (field.section === 'metrics') return betterOf(key, flipped) ?? 'higher';
  return flipped.has(key) ? 'higher' : 'lower';
}

interface Plot {
  runs: readonly ComparedRun[];
  x: Field;
  y: Field;
  size: Field | undefined;
  coloring: Coloring;
  dark: boolean;
  logx: boolean;
  logy: boolean;
  better: readonly [Better, Better] | undefined;
}

/** The chart, the places of the runs that are in it (in the order of its data), and how many are on the front. */
function plotScatter(plot: Plot): { option: ChartOption; places: number[]; front: number } {
  const { runs, x, y, coloring, dark, size } = plot;
  const [across, up] = [makePlotAxis(x, plot.logx, 'x'), makePlotAxis(y, plot.logy, 'y')];
  const at = (place: number) => [across.values[place] ?? Number.NaN, up.values[place] ?? Number.NaN];
  const places = runs.map((_, place) => place).filter((place) => at(place).every(Number.isFinite));
  const numeric = x.numeric && y.numeric;
  const front = plot.better && numeric ? paretoFront(across.values, up.values, plot.better) : [];
  const onFront = new Set(front);
  const edge = dark ? 'rgba(255, 255, 255, 0.65)' : 'rgba(20, 24, 31, 0.55)';
  const option: ChartOption = {
    grid: PLOT_GRID,
    xAxis: across.option,
    yAxis: up.option,
    tooltip: {
      formatter: (about) => {
        const { dataIndex = -1 } = Array.isArray(about) ? {} : about;
        return tipOf(plot, places[dataIndex] ?? -1);
      },
    },
    series: [
      {
        id: 'front',
        type: 'line',
        step: 'end',
        silent: true,
        symbol: 'none',
        data: front.map(at),
        lineStyle: { color: edge, width: 1.5, type: 'dashed' },
      },
      {
        id: 'runs',
        type: 'scatter',
        data: places.map((place) => ({
          value: at(place),
          symbol: coloring.symbol(place),
          symbolSize: sizeOf(size, place) + (onFront.has(place) ? 4 : 0),
          itemStyle: {
            color: coloring.color(place),
            opacity: front.length > 0 && !onFront.has(place) ? 0.45 : 0.9,
            borderColor: edge,
            borderWidth: onFront.has(place) ? 2 : 0.5,
          },
        })),
        emphasis: { scale: 1.4 },
      },
    ],
  };
  return { option, places, front: front.length };
}

function sizeOf(field: Field | undefined, place: number): number {
  if (!field) return 10;
  const numbers = field.numbers();
  const [low, high] = extent(numbers) ?? [0, 0];
  const value = numbers[place] ?? Number.NaN;
  if (!Number.isFinite(value)) return 5;
  return 6 + 20 * Math.sqrt(high > low ? (value - low) / (high - low) : 0.5);
}

function tipOf({ runs, x, y, size }: Plot, place: number): HTMLElement {
  const fields = [x, y, ...(size ? [size] : [])];
  return buildTooltip(
    runs[place]?.name ?? '',
    fields.map((field) => [field.label, showValue(field, place, formatNumber)]),
  );
}
