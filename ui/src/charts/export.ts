/** A chart as a file: SVG drawn from its lines, PNG from the SVG. Loaded when it is asked for. */

import { type AxisKind, makeTicks } from '@/lib/ticks';
import { chooseFrame, lowerBound, type PlotLine, type Range, roomOf } from './line';
import { tracePath } from './paint';

/** A chart to be drawn into a file. */
export interface ChartFile {
  title: string;
  xName: string;
  lines: readonly PlotLine[];
  kind: AxisKind;
  logX: boolean;
  logY: boolean;
  zoom?: Range | undefined;
  bands: boolean;
  clip?: boolean | undefined;
  width: number;
  height: number;
}

const MOST_NAMES = 40;
const FEW = 12;
const LEFT = 64;
const TOP = 40;
const RIGHT = 20;
const BOTTOM = 44;
const ROW = 18;

/** What XML would read as its own. */
const escapeXml = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: XML has no place for them
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

const short = (value: number): string => String(Math.round(value * 10) / 10);

/** Draw a chart with its title and the names of its lines, on white: it is made for a paper. */
export function drawSvg(file: ChartFile): string {
  const { lines, width, height, kind, logX, logY } = file;
  const few = lines.length <= FEW;
  const frame = chooseFrame(lines, { ...file, bands: file.bands && few, room: roomOf(kind) });
  const right = width - RIGHT;
  const bottom = height - BOTTOM;
  const toX = scale(frame.x, logX, LEFT, right);
  const toY = scale(frame.y, logY, bottom, TOP);
  const named = lines.slice(0, MOST_NAMES);
  const columns = Math.max(1, Math.floor((width - LEFT) / 260));
  const rows = Math.ceil((named.length + (lines.length > named.length ? 1 : 0)) / columns);
  const whole = height + rows * ROW + 8;
  const xTicks = makeTicks(kind, logX, ...frame.x, (right - LEFT) / 90);
  const yTicks = makeTicks('number', logY, ...frame.y, (bottom - TOP) / 40);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${whole}" viewBox="0 0 ${width} ${whole}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${width}" height="${whole}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="24" font-size="15" font-weight="600" fill="#14181f">${escapeXml(file.title)}</text>`,
    `<g stroke="#e3e6eb">`,
    ...xTicks.values.map((v) => `<path d="M${short(toX(v))} ${TOP}V${bottom}"/>`),
    ...yTicks.values.map((v) => `<path d="M${LEFT} ${short(toY(v))}H${right}"/>`),
    `</g><g fill="#5b6472">`,
    ...xTicks.values.map(
      (v, i) =>
        `<text x="${short(toX(v))}" y="${bottom + 17}" text-anchor="middle">${escapeXml(xTicks.labels[i] ?? '')}</text>`,
    ),
    ...yTicks.values.map(
      (v, i) =>
        `<text x="${LEFT - 8}" y="${short(toY(v) + 4)}" text-anchor="end">${escapeXml(yTicks.labels[i] ?? '')}</text>`,
    ),
    `<text x="${(LEFT + right) / 2}" y="${bottom + 36}" text-anchor="middle">${escapeXml(file.xName)}</text></g>`,
    `<clipPath id="plot"><rect x="${LEFT}" y="${TOP}" width="${right - LEFT}" height="${bottom - TOP}"/></clipPath>`,
    `<g clip-path="url(#plot)" fill="none" stroke-linejoin="round">`,
    ...(file.bands && few ? lines.map((line) => drawBand(line, toX, toY, bottom)) : []),
    ...(few
      ? lines.map((line) => (line.raw ? drawPath({ ...line, y: line.raw, dash: [] }, frame.x, toX, toY, 1, 0.28) : ''))
      : []),
    ...lines.map((line) => drawPath(line, frame.x, toX, toY, few ? 1.6 : 1.2, 1)),
    ...lines.map((line) => drawMarks(line, toX, toY, bottom)),
    `</g>`,
    ...named.map((line, place) => drawName(line, place, columns, height, (width - LEFT) / columns)),
    ...(lines.length > named.length
      ? [drawMore(lines.length - named.length, named.length, columns, height, (width - LEFT) / columns)]
      : []),
    `</svg>`,
  ];
  return parts.join('\n');
}

function scale([min, max]: Range, log: boolean, from: number, to: number): (value: number) => number {
  const low = log ? Math.log10(min) : min / 2;
  const high = log ? Math.log10(max) : max / 2;
  return (value) =>
    from + (((log ? (value > 0 ? Math.log10(value) : Number.NaN) : value / 2) - low) * (to - from)) / (high - low);
}

type Scale = (value: number) => number;

function drawPath(line: PlotLine, [min, max]: Range, toX: Scale, toY: Scale, width: number, opacity: number): string {
  const path: string[] = [];
  const lonely: number[] = [];
  const pen = {
    moveTo: (x: number, y: number) => path.push(`M${short(x)} ${short(y)}`),
    lineTo: (x: number, y: number) => path.push(`L${short(x)} ${short(y)}`),
  };
  const from = Math.max(lowerBound(line.x, min) - 1, 0);
  const to = Math.min(lowerBound(line.x, max) + 1, line.x.length);
  tracePath(pen, { toX, toY }, line.x, line.y, from, to, lonely);
  const dash = line.dash.length ? ` stroke-dasharray="${line.dash.join(' ')}"` : '';
  const dots = lonely.map(
    (i) =>
      `<circle cx="${short(toX(line.x[i] ?? 0))}" cy="${short(toY(line.y[i] ?? 0))}" r="2.5" fill="${line.color}"/>`,
  );
  return `<path d="${path.join('')}" stroke="${line.color}" stroke-width="${width}"${dash} opacity="${opacity}"/>${dots.join('')}`;
}

function drawBand({ x, low, high, color }: PlotLine, toX: Scale, toY: Scale, floor: number): string {
  if (!low || !high) return '';
  const edge = (value: number) => (Number.isFinite(toY(value)) ? toY(value) : floor);
  const shapes: string[] = [];
  let start = 0;
  for (let i = 0; i <= x.length; i += 1) {
    if (i < x.length && Number.isFinite(low[i]) && Number.isFinite(high[i])) continue;
    const there: string[] = [];
    const back: string[] = [];
    for (let j = start; j < i; j += 1) {
      there.push(`${short(toX(x[j] ?? 0))} ${short(edge(high[j] ?? 0))}`);
      back.unshift(`${short(toX(x[j] ?? 0))} ${short(edge(low[j] ?? 0))}`);
    }
    if (there.length) shapes.push(`M${[...there, ...back].join('L')}Z`);
    start = i + 1;
  }
  return `<path d="${shapes.join('')}" fill="${color}" opacity="0.16"/>`;
}

function drawMarks({ marks, color }: PlotLine, toX: Scale, toY: Scale, floor: number): string {
  return marks
    .map(({ x, y, kind }) => {
      const px = toX(x);
      const py = kind === 'up' ? TOP + 6 : kind === 'down' || !Number.isFinite(y) ? floor - 6 : toY(y);
      if (!Number.isFinite(px) || !Number.isFinite(py)) return '';
      if (kind === 'nan')
        return `<path d="M${short(px - 4)} ${short(py - 4)}l8 8m-8 0l8 -8" stroke="${color}" stroke-width="2"/>`;
      const tip = kind === 'up' ? -8 : 8;
      return `<path d="M${short(px - 4)} ${short(py - tip / 2)}h8l-4 ${tip}z" fill="${color}"/>`;
    })
    .join('');
}

function drawName(line: PlotLine, place: number, columns: number, height: number, room: number): string {
  const x = LEFT + (place % columns) * room;
  const y = height + Math.floor(place / columns) * ROW + 4;
  const most = Math.floor((room - 36) / 7);
  const name = line.name.length > most ? `${line.name.slice(0, most - 1)}…` : line.name;
  const dash = line.dash.length ? ` stroke-dasharray="${line.dash.join(' ')}"` : '';
  return `<path d="M${x} ${y}h20" stroke="${line.color}" stroke-width="2.5"${dash}/><text x="${x + 28}" y="${y + 4}" fill="#14181f">${escapeXml(name)}</text>`;
}

function drawMore(count: number, place: number, columns: number, height: number, room: number): string {
  const x = LEFT + (place % columns) * room;
  return `<text x="${x + 28}" y="${height + Math.floor(place / columns) * ROW + 8}" fill="#5b6472">and ${count} more</text>`;
}

/** An SVG as a PNG, with so many pixels for each of its units. */
export async function renderPng(svg: string, ratio = 2): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(image.width * ratio);
    canvas.height = Math.round(image.height * ratio);
    const ctx = canvas.getContext('2d');
    if (!ctx) throw new Error('This browser draws no pictures here.');
    ctx.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture is too large.'))), 'image/png');
    });
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Give a file to the person: the browser saves it. */
export function saveFile(name: string, content: Blob | string, type = 'text/plain'): void {
  const url = URL.createObjectURL(typeof content === 'string' ? new Blob([content], { type }) : content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A name of a file from any text. */
export const fileName = (text: string, ending: string): string =>
  `${text.replace(/[^\p{L}\p{N}._-]+/gu, '_').slice(0, 120) || 'chart'}.${ending}`;
