/** Parallel coordinates, and the runs that their brushes leave. */

import { Button, Group, Text, useComputedColorScheme } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import { renderPng } from '@/charts/export';
import { copySvg } from '@/charts/svgFile';
import { chartTheme } from '@/charts/theme';
import { ColorLegend } from '@/components/ColorLegend';
import { Empty } from '@/components/Empty';
import { makeAxis } from './axes';
import { type Brush, type Brushes, isWithin, readBrushes, writeBrushes } from './brush';
import { ColorSelect } from './ColorSelect';
import { FieldSelect } from './FieldSelect';
import { isLog } from './fields';
import { MatchTable } from './MatchTable';
import { type AxisActions, ParallelPlot } from './ParallelPlot';
import { SaveMenu } from './SaveMenu';
import { moved, type TabProps, toggled } from './state';
import { type Choices, useChoices, useColoring } from './useChoices';
import type { Comparison } from './useComparison';

const MOST_PARAMS = 5;
const MOST_METRICS = 2;
/** For the names of the axes, in a file. */
const ROOM = 20;

export function ParallelTab({ comparison, state, change }: TabProps & { comparison: Comparison }) {
  const choices = useChoices(comparison);
  const coloring = useColoring(comparison, state.color, choices);
  const dark = useComputedColorScheme('light') === 'dark';
  const { runs, byName } = comparison;
  // While the mouse moves the brushes are kept here; the address has them when it is let go.
  const [moving, setMoving] = useState<Brushes>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new address is the reason
  useEffect(() => setMoving(undefined), [state.brush]);
  const brushes = useMemo(() => moving ?? readBrushes(state.brush), [moving, state.brush]);
  const names = useMemo(() => state.axes ?? defaultAxes(choices), [state.axes, choices]);
  const axes = useMemo(
    () =>
      names.flatMap((name) => {
        const field = byName.get(name);
        const inverted = state.inverted?.includes(name) ?? false;
        return field ? [makeAxis(field, { log: isLog(field, state.logs), inverted })] : [];
      }),
    [names, byName, state.logs, state.inverted],
  );
  const within = useMemo(() => {
    const filters = [...brushes].flatMap(([name, brush]) => {
      const field = byName.get(name);
      return field ? [{ brush, numbers: field.numeric ? field.numbers() : undefined, texts: field.texts() }] : [];
    });
    return runs.map((_, place) =>
      filters.every(({ brush, numbers, texts }) => isWithin(brush, numbers?.[place] ?? Number.NaN, texts[place])),
    );
  }, [brushes, byName, runs]);

  const actions: AxisActions = {
    brush(name, brush, done) {
      const next = withBrush(readBrushes(state.brush), name, brush);
      setMoving(next);
      if (!done) return;
      change({ brush: next.size > 0 ? writeBrushes(next) : undefined });
    },
    move: (from, to) => change({ axes: moved(names, from, to) }),
    remove(name) {
      const next = withBrush(readBrushes(state.brush), name, undefined);
      change({ axes: names.filter((each) => each !== name), brush: next.size > 0 ? writeBrushes(next) : undefined });
    },
    toggleLog: (name) => change({ logs: toggled(state.logs, name) }),
    toggleInverted: (name) => change({ inverted: toggled(state.inverted, name) }),
  };
  const drawing = useRef<SVGSVGElement>(null);
  const draw = () => {
    if (!drawing.current) throw new Error('It is not drawn yet.');
    return copySvg(drawing.current, chartTheme(dark).ground, ROOM);
  };
  const toSvg = async () => new Blob([draw()], { type: 'image/svg+xml' });
  const toPng = async () => renderPng(draw());
  const rest = choices.axes.filter(({ name }) => !names.includes(name));
  const count = within.filter(Boolean).length;
  return (
    <div style={{ overflow: 'auto', flex: 1, minHeight: 0, display: 'flex', flexDirection: 'column' }}>
      <Group px="lg" py="sm" gap="md" align="end">
        <FieldSelect
          label="Add an axis"
          fields={rest}
          value={undefined}
          choose={(name) => name && change({ axes: [...names, name] })}
        />
        <ColorSelect state={state} change={change} choices={choices} coloring={coloring} />
        <ColorLegend legend={coloring.legend} />
        <Text size="xs" c="dimmed" role="status">
          {brushes.size > 0
            ? `${count} of ${runs.length} runs are within the brushes`
            : 'Drag along an axis to choose a range'}
        </Text>
        {brushes.size > 0 && (
          <Button size="xs" variant="default" onClick={() => change({ brush: undefined })}>
            Clear brushes
          </Button>
        )}
      </Group>
      {axes.length === 0 ? (
        <Empty title="No axes">Nothing that can be an axis differs between these runs, or all axes were removed.</Empty>
      ) : (
        <div style={{ padding: '0 16px', position: 'relative' }}>
          <div style={{ position: 'absolute', right: 16, top: -34 }}>
            <SaveMenu
              name="parallel coordinates"
              runs={runs}
              fields={axes.map(({ field }) => field)}
              toPng={toPng}
              toSvg={toSvg}
            />
          </div>
          <ParallelPlot
            ref={drawing}
            axes={axes}
            runs={runs}
            coloring={coloring}
            within={within}
            brushes={brushes}
            actions={actions}
            height={340}
          />
        </div>
      )}
      <MatchTable runs={runs} fields={axes.map(({ field }) => field)} within={within} />
    </div>
  );
}

function defaultAxes({ params, metrics }: Choices): string[] {
  return [...params.slice(0, MOST_PARAMS).toReversed(), ...metrics.slice(0, MOST_METRICS).toReversed()].map(
    ({ name }) => name,
  );
}

function withBrush(brushes: Brushes, name: string, brush: Brush | undefined): Brushes {
  const next = new Map(brushes);
  if (brush) next.set(name, brush);
  else next.delete(name);
  return next;
}
