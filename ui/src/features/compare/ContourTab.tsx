/** A third number over two others: a surface through the runs, its level lines, and the runs themselves on it. */

import { Group, Text, useComputedColorScheme } from '@mantine/core';
import { useMemo } from 'react';
import type { ChartEvent, ChartOption } from '@/charts/EChart';
import { areaColor, VIRIDIS } from '@/charts/palettes';
import { buildTooltip } from '@/charts/tooltip';
import { Empty } from '@/components/Empty';
import { formatNumber } from '@/lib/format';
import { highlight } from '@/lib/highlight';
import { extent } from '@/lib/statistics';
import { showValue } from './axes';
import { ChartFrame } from './ChartFrame';
import { chooseLevels, type Grid, interpolate, traceLevel } from './contour';
import { FieldSelect } from './FieldSelect';
import { type Field, isLog } from './fields';
import { makePlotAxis, PLOT_GRID } from './plotAxis';
import { LogSwitch } from './ScatterTab';
import type { TabProps } from './state';
import { useChoices } from './useChoices';
import type { ComparedRun, Comparison } from './useComparison';

export function ContourTab({ comparison, state, change }: TabProps & { comparison: Comparison }) {
  const choices = useChoices(comparison);
  const dark = useComputedColorScheme('light') === 'dark';
  const { runs, byName } = comparison;
  const params = choices.params.filter(({ numeric }) => numeric);
  const number = (name: string | undefined) => {
    const field = byName.get(name ?? '');
    return field?.numeric ? field : undefined;
  };
  const z = number(state.zf) ?? choices.metrics[0];
  const x = number(state.xf) ?? params[0] ?? choices.numbers.find((field) => field !== z);
  const second = number(state.yf) ?? params[1];
  const y = second && second !== x ? second : choices.numbers.find((field) => field !== x && field !== z);
  const [logx, logy] = [x, y].map((field) => field !== undefined && isLog(field, state.logs));
  const plot = useMemo(
    () => (x && y && z ? plotContour({ runs, x, y, z, logx: logx ?? false, logy: logy ?? false, dark }) : undefined),
    [runs, x, y, z, logx, logy, dark],
  );
  if (!x || !y || !z || !plot) {
    return <Empty title="Nothing to plot">A contour needs two numbers that differ between the runs, and a third one over them.</Empty>;
  }
  const onEvent = ({ type, seriesId, dataIndex }: ChartEvent) => {
    if (type === 'click' || seriesId !== 'runs') return;
    highlight.set(type === 'mouseover' ? (runs[plot.places[dataIndex] ?? -1]?.runId ?? null) : null);
  };
  return (
    <>
      <Group px="lg" py="sm" gap="md" align="end">
        <FieldSelect label="X" fields={choices.numbers} value={x.name} choose={(xf) => change({ xf })} />
        <LogSwitch field={x} label="log x" state={state} change={change} />
        <FieldSelect label="Y" fields={choices.numbers} value={y.name} choose={(yf) => change({ yf })} />
        <LogSwitch field={y} label="log y" state={state} change={change} />
        <FieldSelect label="Colour" fields={choices.numbers} value={z.name} choose={(zf) => change({ zf })} />
        {plot.range && <Scale low={plot.range[0]} high={plot.range[1]} label={z.label} />}
        <Text size="xs" c="dimmed">
          {plot.isFlat
            ? 'The runs lie on one line: there is no surface between them.'
            : `Interpolated between ${plot.places.length} runs; nothing is drawn where none was tried.`}
        </Text>
      </Group>
      <ChartFrame
        option={plot.option}
        label={`${z.label} over ${x.label} and ${y.label}, interpolated between ${plot.places.length} runs`}
        name={`${z.label} by ${x.label} and ${y.label}`}
        runs={runs}
        fields={[x, y, z]}
        onEvent={onEvent}
      />
    </>
  );
}

const Scale = ({ low, high, label }: { low: number; high: number; label: string }) => (
  <Group gap="xs" wrap="nowrap" mb={6}>
    <Text size="xs" c="dimmed" className="ellipsis" maw={140}>
      {label}
    </Text>
    <Text size="xs">{formatNumber(low)}</Text>
    <div aria-hidden style={{ width: 96, height: 8, borderRadius: 4, background: `linear-gradient(to right, ${VIRIDIS.join(', ')})` }} />
    <Text size="xs">{formatNumber(high)}</Text>
  </Group>
);

interface Plot {
  runs: readonly ComparedRun[];
  x: Field;
  y: Field;
  z: Field;
  logx: boolean;
  logy: boolean;
  dark: boolean;
}

interface Plotted {
  option: ChartOption;
  places: number[];
  range: [number, number] | undefined;
  isFlat: boolean;
}

function plotContour({ runs, x, y, z, logx, logy, dark }: Plot): Plotted {
  const [across, up] = [makePlotAxis(x, logx, 'x'), makePlotAxis(y, logy, 'y')];
  const heights = z.numbers();
  const triple = (place: number) => [across.values[place], up.values[place], heights[place]];
  const places = runs.map((_, place) => place).filter((place) => triple(place).every((each) => Number.isFinite(each)));
  const scaled = (values: Float64Array, log: boolean) => places.map((place) => (log ? Math.log10(values[place] ?? 1) : (values[place] ?? 0)));
  const range = extent(places.map((place) => heights[place] ?? 0));
  const grid = interpolate({ x: scaled(across.values, logx), y: scaled(up.values, logy), z: places.map((place) => heights[place] ?? 0) });
  const colorOf = (value: number) => areaColor(range && range[1] > range[0] ? (value - range[0]) / (range[1] - range[0]) : 0.5);
  const option: ChartOption = {
    grid: PLOT_GRID,
    xAxis: { ...across.option, splitLine: { show: false } },
    yAxis: { ...up.option, splitLine: { show: false } },
    tooltip: {
      formatter: (about) => {
        const { dataIndex = -1 } = Array.isArray(about) ? {} : about;
        const place = places[dataIndex] ?? -1;
        return buildTooltip(
          runs[place]?.name ?? '',
          [x, y, z].map((field) => [field.label, showValue(field, place, formatNumber)]),
        );
      },
    },
    series: [
      ...(grid ? drawSurface(grid, logx, logy, colorOf) : []),
      {
        id: 'runs',
        type: 'scatter',
        symbolSize: 9,
        data: places.map((place) => ({
          value: [across.values[place] ?? 0, up.values[place] ?? 0],
          itemStyle: { color: colorOf(heights[place] ?? 0), borderColor: dark ? '#16181d' : '#ffffff', borderWidth: 1.5 },
        })),
      },
    ],
  };
  return { option, places, range, isFlat: grid === undefined };
}

type Series = Extract<ChartOption['series'], readonly unknown[]>;

/** The cells of a grid, coloured by their height, and its level lines. */
function drawSurface(grid: Grid, logx: boolean, logy: boolean, colorOf: (value: number) => string): Series {
  const real = (value: number, log: boolean) => (log ? 10 ** value : value);
  const cells: [number, number, number, number, number][] = [];
  for (let row = 0; row + 1 < grid.rows; row += 1) {
    for (let column = 0; column + 1 < grid.columns; column += 1) {
      const start = row * grid.columns + column;
      const corners = [start, start + 1, start + grid.columns, start + grid.columns + 1].map((each) => grid.values[each] ?? Number.NaN);
      const known = corners.filter((each) => !Number.isNaN(each));
      if (known.length === 0) continue;
      const value = known.reduce((sum, each) => sum + each, 0) / known.length;
      const [x1, x2] = [grid.x[column] ?? 0, grid.x[column + 1] ?? 0];
      const [y1, y2] = [grid.y[row] ?? 0, grid.y[row + 1] ?? 0];
      cells.push([real(x1, logx), real(y1, logy), real(x2, logx), real(y2, logy), value]);
    }
  }
  const pieces = chooseLevels(grid).flatMap((level) => traceLevel(grid, level));
  const lines = pieces.map(([x1, y1, x2, y2]) => [real(x1, logx), real(y1, logy), real(x2, logx), real(y2, logy)]);
  return [
    {
      id: 'surface',
      type: 'custom',
      silent: true,
      encode: { x: [0, 2], y: [1, 3] },
      data: cells,
      renderItem: (_, api) => {
        const [x1 = 0, y1 = 0] = api.coord([api.value(0), api.value(1)]);
        const [x2 = 0, y2 = 0] = api.coord([api.value(2), api.value(3)]);
        // Whole pixels, or the ground shines through between cells.
        const [left, top] = [Math.floor(x1), Math.floor(y2)];
        const shape = { x: left, y: top, width: Math.floor(x2) - left, height: Math.floor(y1) - top };
        return { type: 'rect', shape, style: { fill: colorOf(Number(api.value(4))) } };
      },
    },
    {
      id: 'levels',
      type: 'custom',
      silent: true,
      encode: { x: [0, 2], y: [1, 3] },
      data: lines,
      renderItem: (_, api) => {
        const [x1 = 0, y1 = 0] = api.coord([api.value(0), api.value(1)]);
        const [x2 = 0, y2 = 0] = api.coord([api.value(2), api.value(3)]);
        return { type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke: 'rgba(255, 255, 255, 0.55)', lineWidth: 1 } };
      },
    },
  ];
}
