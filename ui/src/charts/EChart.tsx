/** A chart that is no line chart: ECharts in the page's theme, loaded when it is first needed. The only component that knows ECharts. */

import { Skeleton, useComputedColorScheme } from '@mantine/core';
import type { BarSeriesOption, CustomSeriesOption, LineSeriesOption, ScatterSeriesOption } from 'echarts/charts';
import type {
  AriaComponentOption,
  DataZoomComponentOption,
  GridComponentOption,
  LegendComponentOption,
  TooltipComponentOption,
} from 'echarts/components';
import type { ComposeOption, EChartsType } from 'echarts/core';
import { type Ref, useEffect, useImperativeHandle, useRef, useState } from 'react';
import { Failure } from '@/components/Failure';
import { chartTheme } from './theme';

/** What can be drawn: bars, points, lines, and shapes of one's own (`custom`) on a grid. */
export type ChartOption = ComposeOption<
  | AriaComponentOption
  | BarSeriesOption
  | CustomSeriesOption
  | DataZoomComponentOption
  | GridComponentOption
  | LegendComponentOption
  | LineSeriesOption
  | ScatterSeriesOption
  | TooltipComponentOption
>;

/** Something was done with a mark of the chart. `value` is what stands in the series' data. */
export interface ChartEvent {
  type: 'click' | 'mouseover' | 'mouseout';
  seriesId: string;
  dataIndex: number;
}

/** What can be asked of a chart that is shown. */
export interface ChartHandle {
  /** The picture on the page's ground, twice as fine as on the screen. */
  toPng(): Promise<Blob>;
  toSvg(): Promise<Blob>;
}

interface Props {
  option: ChartOption;
  /** Pixels, or CSS. */
  height: number | string;
  /** What the chart shows, in words, for who does not see it. */
  label: string;
  onEvent?: ((event: ChartEvent) => void) | undefined;
  /** Patterns on areas, so that colour is not alone; by itself if there are several rows of bars. */
  decal?: boolean | undefined;
  ref?: Ref<ChartHandle> | undefined;
}

const EVENTS = ['click', 'mouseover', 'mouseout'] as const;

export function EChart({ option, height, label, onEvent, decal, ref }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const told = useRef(onEvent);
  const [chart, setChart] = useState<EChartsType>();
  const [failure, setFailure] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);
  const dark = useComputedColorScheme('light') === 'dark';

  useEffect(() => {
    told.current = onEvent;
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt is the reason to load again
  useEffect(() => {
    const element = place.current;
    let made: EChartsType | undefined;
    let gone = false;
    const watch = new ResizeObserver(() => made?.resize());
    import('./engine').then(
      ({ startChart }) => {
        if (gone || !element) return;
        made = startChart(element, chartTheme(dark));
        for (const type of EVENTS) {
          made.on(type, ({ seriesId, dataIndex }) => told.current?.({ type, seriesId: seriesId ?? '', dataIndex }));
        }
        watch.observe(element);
        setChart(made);
      },
      (error: unknown) => setFailure(error),
    );
    return () => {
      gone = true;
      watch.disconnect();
      made?.dispose();
      setChart(undefined);
    };
  }, [dark, attempt]);

  useEffect(() => {
    chart?.setOption(complete(option, label, decal), { notMerge: true });
  }, [chart, option, label, decal]);

  useImperativeHandle(
    ref,
    () => ({
      async toPng() {
        const url = chart?.getDataURL({ type: 'png', pixelRatio: 2, backgroundColor: chartTheme(dark).ground });
        if (!url) throw new Error('The chart is not drawn yet.');
        return toBlob(url);
      },
      async toSvg() {
        const element = place.current;
        if (!element) throw new Error('The chart is not drawn yet.');
        const { drawSvg } = await import('./engine');
        const theme = chartTheme(dark);
        const whole = { ...complete(option, label, decal), backgroundColor: theme.ground };
        const text = drawSvg(whole, theme, element.clientWidth, element.clientHeight);
        return new Blob([text], { type: 'image/svg+xml' });
      },
    }),
    [chart, dark, option, label, decal],
  );

  if (failure !== undefined) {
    const again = () => {
      setFailure(undefined);
      setAttempt(attempt + 1);
    };
    return <Failure error={failure} title="The chart could not be loaded" retry={again} />;
  }
  return (
    <div style={{ position: 'relative', height, minWidth: 0 }}>
      {!chart && <Skeleton style={{ position: 'absolute', inset: 0 }} height="100%" aria-label="Loading the chart" />}
      <div ref={place} style={{ position: 'absolute', inset: 0 }} />
    </div>
  );
}

function complete(option: ChartOption, label: string, decal: boolean | undefined): ChartOption {
  const series = Array.isArray(option.series) ? option.series : option.series ? [option.series] : [];
  const rows = series.filter((each) => each.type === 'bar').length;
  return {
    animation: false,
    aria: { enabled: true, label: { description: label }, decal: { show: decal ?? rows > 1 } },
    ...option,
  };
}

/** The bytes of a data URL. `fetch` of one is what the content security policy forbids. */
function toBlob(url: string): Blob {
  const [head = '', body = ''] = url.split(',');
  const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: /data:([^;]+)/.exec(head)?.[1] ?? 'image/png' });
}
