/** What the menu of a chart does: save it as a file, or write it as Python. */

import { BASE, call } from '@/api/client';
import { float64, int64 } from '@/api/columns';
import type { PlotLine } from '@/charts/line';
import { notices } from '@/components/notices';
import { isLogY } from '@/lib/chartState';
import { copyText } from '@/lib/clipboard';
import { toCsv } from '@/lib/csv';
import type { Panel } from './panel';

const SIZE = { width: 960, height: 520 };
const MOST_RUNS = 500;

function tell(error: unknown): void {
  notices.show({
    color: 'red',
    title: 'The file was not written',
    message: error instanceof Error ? error.message : String(error),
  });
}

/** Save a chart as it is seen, as SVG or PNG. */
export async function savePicture(
  panel: Panel,
  metric: string,
  lines: readonly PlotLine[],
  type: 'svg' | 'png',
): Promise<void> {
  try {
    const { drawSvg, fileName, renderPng, saveFile } = await import('@/charts/export');
    const { axis, state } = panel;
    const svg = drawSvg({
      ...SIZE,
      ...{ title: metric, xName: axis.name, kind: axis.kind, lines, zoom: state.zoom },
      ...{
        logX: state.logx ?? false,
        logY: isLogY(state, metric),
        bands: state.band !== false,
        clip: panel.clipped.has(metric),
      },
    });
    if (type === 'svg') saveFile(fileName(metric, 'svg'), svg, 'image/svg+xml');
    else saveFile(fileName(metric, 'png'), await renderPng(svg));
  } catch (error) {
    tell(error);
  }
}

/** Rows of what is drawn, one for each entry of a line. */
export function tableLines(lines: readonly PlotLine[], xName: string): (string | number | undefined)[][] {
  const isSmoothed = lines.some(({ raw }) => raw);
  const hasBand = lines.some(({ low }) => low);
  const rows: (string | number | undefined)[][] = [
    ['line', 'id', xName, 'value', ...(isSmoothed ? ['smoothed'] : []), ...(hasBand ? ['low', 'high'] : [])],
  ];
  for (const { name, id, x, y, raw, low, high } of lines) {
    x.forEach((at, i) => {
      rows.push([
        name,
        id,
        at,
        (raw ?? y)[i],
        ...(isSmoothed ? [raw ? y[i] : undefined] : []),
        ...(hasBand ? [low?.[i], high?.[i]] : []),
      ]);
    });
  }
  return rows;
}

/** Save what is drawn as CSV. */
export async function saveDrawn(panel: Panel, metric: string, lines: readonly PlotLine[]): Promise<void> {
  try {
    const { fileName, saveFile } = await import('@/charts/export');
    saveFile(fileName(metric, 'csv'), toCsv(tableLines(lines, panel.axis.name)), 'text/csv');
  } catch (error) {
    tell(error);
  }
}

/** Save all points of a metric as CSV. */
export async function savePoints(panel: Panel, metric: string): Promise<void> {
  try {
    const { fileName, saveFile } = await import('@/charts/export');
    const runIds = readRunIds(panel);
    const parts = [toCsv([['run', 'run_id', 'step', 'time_ms', 'value']])];
    let page_token = '';
    do {
      const answer = await call('series.points', { run_ids: runIds, keys: [metric], page_token });
      const [time, step, value] = [int64(answer.time), int64(answer.step), float64(answer.value)];
      let place = 0;
      for (const { run_id, count } of answer.series) {
        const name = panel.names.get(run_id)?.name ?? '';
        const rows = Array.from({ length: count }, (_, i) => [
          name,
          run_id,
          step[place + i],
          time[place + i],
          value[place + i],
        ]);
        parts.push(toCsv(rows));
        place += count;
      }
      page_token = answer.next_page_token ?? '';
    } while (page_token !== '');
    saveFile(fileName(metric, 'csv'), new Blob(parts, { type: 'text/csv' }));
  } catch (error) {
    tell(error);
  }
}

const readRunIds = ({ lines }: Panel): string[] =>
  [...new Set(lines.flatMap(({ runIds }) => runIds))].slice(0, MOST_RUNS);

/** Python that reads the points of a chart. */
export function writePython(panel: Panel, metric: string): string {
  const { zoom } = panel.state;
  const steps = zoom && panel.axis.x === 'step' ? `, steps=(${Math.ceil(zoom[0])}, ${Math.floor(zoom[1])})` : '';
  const times = zoom && panel.axis.x === 'time' ? `, times=(${Math.ceil(zoom[0])}, ${Math.floor(zoom[1])})` : '';
  return [
    'from headrace.client import connect',
    '',
    `run_ids = [${readRunIds(panel)
      .map((id) => `\n    ${JSON.stringify(id)},`)
      .join('')}\n]`,
    `with connect(${JSON.stringify(BASE.href.replace(/\/$/, ''))}) as client:`,
    `    histories = client.series.points(run_ids, [${JSON.stringify(metric)}]${steps}${times})`,
    'for history in histories:',
    '    print(history.run_id, history.step[-1], history.value[-1])',
    '',
  ].join('\n');
}

/** Put the Python into the clipboard. */
export async function copyPython(panel: Panel, metric: string): Promise<void> {
  const done = await copyText(writePython(panel, metric));
  notices.show({
    message: done ? 'Copied as Python' : 'The browser did not allow to copy',
    autoClose: 2000,
    ...(done ? {} : { color: 'red' }),
  });
}
