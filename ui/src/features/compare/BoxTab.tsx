/** A number of the runs in groups: a box for each, all runs drawn over it. */

import { Group, ScrollArea, Table, useComputedColorScheme } from '@mantine/core';
import { useMemo } from 'react';
import type { ChartEvent, ChartOption } from '@/charts/EChart';
import { buildTooltip } from '@/charts/tooltip';
import { ColorLegend } from '@/components/ColorLegend';
import { Empty } from '@/components/Empty';
import { formatNumber } from '@/lib/format';
import { highlight } from '@/lib/highlight';
import { seededRandom, seedOf } from '@/lib/random';
import { mean } from '@/lib/statistics';
import { showValue } from './axes';
import { type Bin, type Box, makeBins, makeBox } from './boxes';
import { ChartFrame } from './ChartFrame';
import { ColorSelect } from './ColorSelect';
import type { Coloring } from './coloring';
import { FieldSelect } from './FieldSelect';
import { type Field, isLog } from './fields';
import { makePlotAxis, PLOT_GRID } from './plotAxis';
import { LogSwitch } from './ScatterTab';
import type { TabProps } from './state';
import { useChoices, useColoring } from './useChoices';
import type { ComparedRun, Comparison } from './useComparison';

interface BoxGroup {
  bin: Bin;
  box: Box;
  values: number[];
}

export function BoxTab({ comparison, state, change }: TabProps & { comparison: Comparison }) {
  const choices = useChoices(comparison);
  const coloring = useColoring(comparison, state.color, choices);
  const dark = useComputedColorScheme('light') === 'dark';
  const { runs, byName } = comparison;
  const texts = choices.axes.filter(({ numeric, section }) => !numeric && section === 'params');
  const x = byName.get(state.xf ?? '') ?? texts[0] ?? choices.params.at(-1) ?? choices.axes[0];
  const chosen = byName.get(state.yf ?? '');
  const y = chosen?.numeric ? chosen : (choices.metrics[0] ?? choices.numbers[0]);
  const log = y !== undefined && isLog(y, state.logs);
  const groups = useMemo(() => (x && y ? makeGroups(x, y, log) : []), [x, y, log]);
  const option = useMemo(
    () => (x && y ? plotBoxes({ runs, groups, x, y, log, coloring, dark }) : undefined),
    [runs, groups, x, y, log, coloring, dark],
  );
  if (!x || !y || !option) return <Empty title="Nothing to plot">No field differs between these runs.</Empty>;
  const points = groups.flatMap(({ bin }) => bin.places);
  const onEvent = ({ type, seriesId, dataIndex }: ChartEvent) => {
    if (type === 'click' || seriesId !== 'runs') return;
    highlight.set(type === 'mouseover' ? (runs[points[dataIndex] ?? -1]?.runId ?? null) : null);
  };
  return (
    <>
      <Group px="lg" py="sm" gap="md" align="end">
        <FieldSelect label="Groups" fields={choices.axes} value={x.name} choose={(xf) => change({ xf })} />
        <FieldSelect label="Y" fields={choices.numbers} value={y.name} choose={(yf) => change({ yf })} />
        <LogSwitch field={y} label="log y" state={state} change={change} />
        <ColorSelect state={state} change={change} choices={choices} coloring={coloring} />
        <ColorLegend legend={coloring.legend} />
      </Group>
      <ChartFrame
        option={option}
        label={`${y.label} in groups of ${x.label}`}
        name={`${y.label} by ${x.label}`}
        runs={runs}
        fields={[x, y, byName.get(state.color ?? '')]}
        onEvent={onEvent}
      />
      <GroupTable label={x.label} groups={groups} />
    </>
  );
}

function GroupTable({ label, groups }: { label: string; groups: readonly BoxGroup[] }) {
  return (
    <ScrollArea.Autosize mah={220} px="lg" pb="md" style={{ flex: 'none' }}>
      <Table fz={12.5} verticalSpacing={3} stickyHeader>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{label}</Table.Th>
            {['Runs', 'Mean', 'Median', 'Middle half', 'Min', 'Max'].map((name) => (
              <Table.Th key={name} className="number">
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {groups.map(({ bin, box, values }) => (
            <Table.Tr key={bin.name}>
              <Table.Td className="ellipsis" maw={260} title={bin.name}>
                {bin.name}
              </Table.Td>
              <Table.Td className="number">{box.count}</Table.Td>
              <Table.Td className="number">{formatNumber(mean(values))}</Table.Td>
              <Table.Td className="number">{formatNumber(box.median)}</Table.Td>
              <Table.Td className="number">
                {formatNumber(box.lower)} – {formatNumber(box.upper)}
              </Table.Td>
              <Table.Td className="number">{formatNumber(Math.min(...values))}</Table.Td>
              <Table.Td className="number">{formatNumber(Math.max(...values))}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}

/** Groups with a value at least; runs without one, or without a place on a logarithmic axis, are left out. */
function makeGroups(x: Field, y: Field, log: boolean): BoxGroup[] {
  const numbers = y.numbers();
  const bins = makeBins({ numeric: x.numeric, texts: x.texts(), numbers: x.numbers() });
  return bins.flatMap(({ name, places }) => {
    const kept = places.filter((place) => Number.isFinite(numbers[place]) && (!log || (numbers[place] ?? 0) > 0));
    const values = kept.map((place) => numbers[place] ?? 0);
    const box = makeBox(values);
    return box ? [{ bin: { name, places: kept }, box, values }] : [];
  });
}

interface Plot {
  runs: readonly ComparedRun[];
  groups: readonly BoxGroup[];
  x: Field;
  y: Field;
  log: boolean;
  coloring: Coloring;
  dark: boolean;
}

const BOX = { width: 0.5, points: 0.36 };

function plotBoxes({ runs, groups, x, y, log, coloring, dark }: Plot): ChartOption {
  const points = groups.flatMap(({ bin, values }, group) =>
    bin.places.map((place, at) => ({ group, place, value: values[at] ?? 0 })),
  );
  const line = dark ? '#e6e9ee' : '#14181f';
  const fill = dark ? 'rgba(154, 164, 178, 0.22)' : 'rgba(91, 100, 114, 0.13)';
  const across = {
    type: 'category',
    name: x.label,
    nameLocation: 'middle',
    nameGap: 30,
    data: groups.map(({ bin }) => `${bin.name}\nn = ${bin.places.length}`),
    axisLabel: { interval: 0, overflow: 'truncate', width: 110, lineHeight: 16 },
  } as const;
  return {
    grid: PLOT_GRID,
    xAxis: { ...across, nameGap: 44 },
    yAxis: makePlotAxis(y, log, 'y').option,
    tooltip: {
      formatter: (about) => {
        const { dataIndex = -1, seriesId } = Array.isArray(about) ? {} : about;
        return seriesId === 'boxes'
          ? boxTip(groups[dataIndex], y)
          : pointTip(runs, points[dataIndex]?.place ?? -1, x, y);
      },
    },
    series: [
      {
        id: 'boxes',
        type: 'custom',
        encode: { x: 0, y: [1, 2, 3, 4, 5] },
        data: groups.map(({ box }, group) => [group, box.low, box.lower, box.median, box.upper, box.high]),
        renderItem: (_, api) => {
          const unit = api.size?.([1, 0]);
          const half = ((Array.isArray(unit) ? unit[0] : unit) ?? 40) * (BOX.width / 2);
          const [low, lower, median, upper, high] = [1, 2, 3, 4, 5].map((each) =>
            api.coord([api.value(0), api.value(each)]),
          );
          const [middle = 0] = median ?? [];
          const edge = (y1: number | undefined, x1 = middle, x2 = middle, y2 = y1, width = 1.2) => ({
            type: 'line' as const,
            shape: { x1, x2, y1: y1 ?? 0, y2: y2 ?? 0 },
            style: { stroke: line, lineWidth: width },
          });
          const [left, right] = [middle - half, middle + half];
          return {
            type: 'group',
            children: [
              edge(low?.[1], middle, middle, lower?.[1]),
              edge(high?.[1], middle, middle, upper?.[1]),
              edge(low?.[1], middle - half / 2, middle + half / 2),
              edge(high?.[1], middle - half / 2, middle + half / 2),
              {
                type: 'rect',
                shape: {
                  x: left,
                  y: upper?.[1] ?? 0,
                  width: right - left,
                  height: Math.max(1, (lower?.[1] ?? 0) - (upper?.[1] ?? 0)),
                },
                style: { fill, stroke: line, lineWidth: 1.2 },
              },
              edge(median?.[1], left, right, median?.[1], 2.4),
            ],
          };
        },
      },
      {
        id: 'runs',
        type: 'custom',
        encode: { x: 0, y: 1 },
        data: points.map(({ group, value }) => [group, value]),
        renderItem: ({ dataIndex }, api) => {
          const unit = api.size?.([1, 0]);
          const width = ((Array.isArray(unit) ? unit[0] : unit) ?? 40) * BOX.points;
          const place = points[dataIndex]?.place ?? 0;
          // The same run stands at the same place each time.
          const aside = (seededRandom(seedOf(runs[place]?.runId ?? ''))() - 0.5) * width;
          const [cx = 0, cy = 0] = api.coord([api.value(0), api.value(1)]);
          return {
            type: 'circle',
            shape: { cx: cx + aside, cy, r: points.length > 200 ? 2.5 : 4 },
            style: { fill: coloring.color(place), opacity: 0.85 },
          };
        },
      },
    ],
  };
}

function boxTip(group: BoxGroup | undefined, y: Field): HTMLElement {
  if (!group) return buildTooltip('', []);
  const { bin, box } = group;
  return buildTooltip(bin.name, [
    ['Runs', String(box.count)],
    [`${y.label}, upper whisker`, formatNumber(box.high)],
    ['Upper quartile', formatNumber(box.upper)],
    ['Median', formatNumber(box.median)],
    ['Lower quartile', formatNumber(box.lower)],
    ['Lower whisker', formatNumber(box.low)],
  ]);
}

function pointTip(runs: readonly ComparedRun[], place: number, x: Field, y: Field): HTMLElement {
  return buildTooltip(
    runs[place]?.name ?? '',
    [x, y].map((field) => [field.label, showValue(field, place, formatNumber)]),
  );
}
