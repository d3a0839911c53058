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
    return (
      <Empty title="Nothing to plot">
        A contour needs two numbers that differ between the runs, and a third one over them.
      </Empty>
    );
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
    <div
      aria-hidden
      style={{ width: 96, height: 8, borderRadius: 4, background: `linear-gradient(to right, ${VIRIDIS.join(', ')})` }}
    />
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
  const scaled = (values: Float64Array, log: boolean) =>
    places.map((place) => (log ? Math.log10(values[place] ?? 1) : (values[place] ?? 0)));
  const range = extent(places.map((place) => heights[place] ?? 0));
  const grid = interpolate({
    x: scaled(across.values, logx),
    y: scaled(up.values, logy),
    z: places.map((place) => heights[place] ?? 0),
  });
  const colorOf = (value: number) =>
    areaColor(range && range[1] > range[0] ? (value - range[0]) / (range[1] - range[0]) : 0.5);
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
          itemStyle: {
            color: colorOf(heights[place] ?? 0),
            borderColor: dark ? '#16181d' : '#ffffff',
            borderWidth: 1.5,
          },
        })),
      },
    ],
  };
  return { option, places, range, isFlat: grid === undefined };
}

type Series = Extract<ChartOption['series'], readonly unknown[]>;

/** The surface of a grid as one picture, coloured by its height, and its level lines as one path; both within the hull. */
function drawSurface(grid: Grid, logx: boolean, logy: boolean, colorOf: (value: number) => string): Series {
  const real = (value: number, log: boolean) => (log ? 10 ** value : value);
  const [left = 0, right = 0] = [grid.x[0], grid.x.at(-1)];
  const [low = 0, high = 0] = [grid.y[0], grid.y.at(-1)];
  // A pixel of the picture has a point of the grid in its middle: there is half a cell more on each side.
  const [aside, up] = [(right - left) / (grid.columns - 1) / 2, (high - low) / (grid.rows - 1) / 2];
  const corners = [real(left - aside, logx), real(low - up, logy), real(right + aside, logx), real(high + up, logy)];
  const ends = [real(left, logx), real(low, logy), real(right, logx), real(high, logy)];
  const picture = paintSurface(grid, colorOf);
  const pieces = chooseLevels(grid).flatMap((level) => traceLevel(grid, level));
  return [
    {
      id: 'surface',
      type: 'custom',
      silent: true,
      encode: { x: [0, 2], y: [1, 3] },
      data: [ends],
      renderItem: (_, api) => {
        const at = (x: number, y: number) => {
          const [px = 0, py = 0] = api.coord([real(x, logx), real(y, logy)]);
          return [px, py] as const;
        };
        const [x1 = 0, y1 = 0] = api.coord(corners.slice(0, 2));
        const [x2 = 0, y2 = 0] = api.coord(corners.slice(2));
        const pathData = pieces.map(([fx, fy, tx, ty]) => `M${at(fx, fy).join(' ')}L${at(tx, ty).join(' ')}`).join('');
        return {
          type: 'group',
          clipPath: { type: 'polygon', shape: { points: grid.hull.map(([x, y]) => [...at(x, y)]) } },
          children: [
            { type: 'image', style: { image: picture, x: x1, y: y2, width: x2 - x1, height: y1 - y2 } },
            {
              type: 'path',
              shape: { pathData },
              style: { fill: 'none', stroke: 'rgba(255, 255, 255, 0.6)', lineWidth: 1 },
            },
          ],
        };
      },
    },
  ];
}

/** A pixel for each point of the grid, the greatest y on top. */
function paintSurface(grid: Grid, colorOf: (value: number) => string): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = grid.columns;
  canvas.height = grid.rows;
  const brush = canvas.getContext('2d');
  if (!brush) throw new Error('The browser does not let this page draw on a canvas.');
  grid.values.forEach((value, place) => {
    brush.fillStyle = colorOf(value);
    brush.fillRect(place % grid.columns, grid.rows - 1 - Math.floor(place / grid.columns), 1, 1);
  });
  return canvas;
}
