/** The parts of ECharts that the pages use. Loaded when the first such chart is shown; only EChart knows it. */

import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  AriaComponent,
  DataZoomInsideComponent,
  GridComponent,
  LegendPlainComponent,
  MarkLineComponent,
  TooltipComponent,
} from 'echarts/components';
import { type EChartsCoreOption, type EChartsType, init, use } from 'echarts/core';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

use([
  AriaComponent,
  BarChart,
  CanvasRenderer,
  CustomChart,
  DataZoomInsideComponent,
  GridComponent,
  LegendPlainComponent,
  LineChart,
  MarkLineComponent,
  SVGRenderer,
  ScatterChart,
  TooltipComponent,
]);

/** Begin a chart within an element that has a size. */
export const startChart = (place: HTMLElement, theme: object): EChartsType =>
  init(place, theme, { renderer: 'canvas' });

/** Draw an option as SVG text of a size in pixels, without showing it. */
export function drawSvg(option: EChartsCoreOption, theme: object, width: number, height: number): string {
  const chart = init(null, theme, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption(option);
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
