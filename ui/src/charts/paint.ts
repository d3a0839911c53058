/** Drawing of lines, bands and marks on a canvas. Thousands of points in a column of pixels become one stroke from the least to the greatest. */

import { lowerBound, type PlotLine } from './line';

/** Where a chart lies on its canvas, in its pixels. */
export interface Canvas {
  ctx: CanvasRenderingContext2D;
  left: number;
  top: number;
  width: number;
  height: number;
  /** Canvas pixels for one CSS pixel. */
  ratio: number;
  /** The range of x that is shown. */
  range: readonly [number, number];
  toX: (value: number) => number;
  toY: (value: number) => number;
}

/** What of a line is drawn. */
export interface Strokes {
  width: number;
  band: boolean;
  raw: boolean;
}

const MOST_DOTS = 60;
/** In CSS pixels: so much of a dot or a mark may stand beyond the plot, or those at its ends would be cut in two. */
const MARGIN = 5;
/** A line that is so many times longer than the plot is wide is noise: dashes could not be seen in it, and take most of the time. */
const NOISE = 3;

/** Draw lines, bands below them. */
export function paintLines(canvas: Canvas, lines: readonly PlotLine[], strokes: Strokes): void {
  const { ctx } = canvas;
  clip(canvas, 0);
  ctx.lineJoin = 'bevel';
  if (strokes.band)
    for (const line of lines) paintBand(canvas, line, Math.min(Math.max(0.6 / lines.length, 0.06), 0.16));
  if (strokes.raw) {
    ctx.globalAlpha = 0.28;
    for (const line of lines) {
      if (!line.raw) continue;
      const width = Math.min(strokes.width, 1);
      paintDots(canvas, line, line.raw, width, stroke(canvas, line, line.raw, width, []));
    }
    ctx.globalAlpha = 1;
  }
  const dots = lines.map((line) => stroke(canvas, line, line.y, strokes.width, line.dash));
  ctx.restore();
  clip(canvas, MARGIN * canvas.ratio);
  lines.forEach((line, place) => {
    paintDots(canvas, line, line.y, strokes.width, dots[place] ?? []);
  });
  for (const line of lines) paintMarks(canvas, line);
  ctx.restore();
}

/** Draw nothing beyond the plot and a margin, until the context is restored. */
function clip({ ctx, left, top, width, height }: Canvas, margin: number): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left - margin, top - margin, width + 2 * margin, height + 2 * margin);
  ctx.clip();
}

/** Whether a place on the canvas is within the plot: what is beyond it does not reach into the margin. */
export const isWithin = ({ left, width }: Pick<Canvas, 'left' | 'width'>, px: number): boolean =>
  px >= left - 1 && px <= left + width + 1;

/** The entries that are in sight, and one more on each side. */
function inSight({ range }: Canvas, x: Float64Array): [number, number] {
  return [Math.max(lowerBound(x, range[0]) - 1, 0), Math.min(lowerBound(x, range[1]) + 1, x.length)];
}

/** Draw a line. Returns the entries that are to have a dot. */
function stroke(canvas: Canvas, line: PlotLine, y: Float64Array, width: number, dash: readonly number[]): number[] {
  const { ctx, ratio } = canvas;
  const [from, to] = inSight(canvas, line.x);
  if (from >= to) return [];
  const path = new Path2D();
  const lonely: number[] = [];
  const isNoise = tracePath(path, canvas, line.x, y, from, to, lonely) > NOISE * canvas.width;
  ctx.strokeStyle = line.color;
  // Without a graphics card a line of one pixel is drawn ten times faster than any wider one.
  ctx.lineWidth = isNoise && width < 2 ? ratio : width * ratio;
  ctx.setLineDash(isNoise ? [] : dash.map((each) => each * ratio));
  ctx.stroke(path);
  ctx.setLineDash([]);
  if (to - from <= MOST_DOTS && (to - from) * 10 * ratio < canvas.width) {
    for (let i = from; i < to; i += 1) lonely.push(i);
  }
  return lonely;
}

function paintDots(canvas: Canvas, line: PlotLine, y: Float64Array, width: number, dots: readonly number[]): void {
  if (dots.length === 0) return;
  const { ctx, ratio } = canvas;
  ctx.fillStyle = line.color;
  ctx.beginPath();
  const radius = (width + 0.8) * ratio;
  for (const i of dots) {
    const value = y[i] ?? Number.NaN;
    if (!Number.isFinite(value)) continue;
    const px = canvas.toX(line.x[i] ?? 0);
    const py = canvas.toY(value);
    if (!isWithin(canvas, px)) continue;
    ctx.moveTo(px + radius, py);
    ctx.arc(px, py, radius, 0, 2 * Math.PI);
  }
  ctx.fill();
}

/** Trace a line from entry `from` up to `to`; entries with a gap on both sides, which leave no stroke, go to `lonely`. Returns about how long it is, in pixels. */
export function tracePath(
  path: Pick<Path2D, 'moveTo' | 'lineTo'>,
  { toX, toY }: Pick<Canvas, 'toX' | 'toY'>,
  x: Float64Array,
  y: Float64Array,
  from: number,
  to: number,
  lonely: number[],
): number {
  let column = Number.NaN; // of the entries that wait to be drawn
  let least = 0;
  let greatest = 0;
  let last = 0;
  let length = 0; // entries since the last gap
  let walked = 0;
  const flush = () => {
    if (least === greatest) return;
    // The end that the line leaves from comes last.
    const isUp = Math.abs(last - least) < Math.abs(last - greatest);
    path.lineTo(column, isUp ? greatest : least);
    path.lineTo(column, isUp ? least : greatest);
    walked += 2 * (greatest - least);
  };
  for (let i = from; i < to; i += 1) {
    const value = y[i] ?? Number.NaN;
    const py = Number.isFinite(value) ? toY(value) : Number.NaN;
    const px = toX(x[i] ?? 0);
    if (!Number.isFinite(py) || !Number.isFinite(px)) {
      if (length === 1) lonely.push(i - 1);
      if (length) flush();
      length = 0;
      column = Number.NaN;
      continue;
    }
    const place = Math.round(px);
    if (length && place === column) {
      if (py < least) least = py;
      if (py > greatest) greatest = py;
      last = py;
    } else {
      if (length) {
        flush();
        path.lineTo(place, py);
        walked += Math.abs(py - last) + place - column;
      } else {
        path.moveTo(place, py);
      }
      column = place;
      least = py;
      greatest = py;
      last = py;
    }
    length += 1;
  }
  if (length) flush();
  if (length === 1) lonely.push(to - 1);
  return walked;
}

function paintBand(canvas: Canvas, line: PlotLine, alpha: number): void {
  const { low, high, x } = line;
  if (!low || !high) return;
  const { ctx, toX, toY } = canvas;
  const floor = canvas.top + canvas.height;
  const place = (value: number) => {
    const at = toY(value);
    return Number.isFinite(at) ? at : floor; // below zero on a logarithmic axis
  };
  const [from, to] = inSight(canvas, x);
  ctx.beginPath();
  let start = from;
  for (let i = from; i <= to; i += 1) {
    if (i < to && Number.isFinite(low[i]) && Number.isFinite(high[i])) continue;
    if (i > start) {
      ctx.moveTo(toX(x[start] ?? 0), place(high[start] ?? 0));
      for (let j = start + 1; j < i; j += 1) ctx.lineTo(toX(x[j] ?? 0), place(high[j] ?? 0));
      for (let j = i - 1; j >= start; j -= 1) ctx.lineTo(toX(x[j] ?? 0), place(low[j] ?? 0));
      ctx.closePath();
    }
    start = i + 1;
  }
  ctx.globalAlpha = alpha;
  ctx.fillStyle = line.color;
  ctx.fill();
  ctx.globalAlpha = 1;
}

/** Marks that would lie on one another are drawn once. */
function paintMarks(canvas: Canvas, { marks, color }: PlotLine): void {
  const last = { nan: Number.NEGATIVE_INFINITY, up: Number.NEGATIVE_INFINITY, down: Number.NEGATIVE_INFINITY };
  for (const mark of marks) {
    const px = canvas.toX(mark.x);
    if (!isWithin(canvas, px) || px - last[mark.kind] < 7 * canvas.ratio) continue;
    last[mark.kind] = px;
    paintMark(canvas, color, mark);
  }
}

function paintMark(canvas: Canvas, color: string, mark: PlotLine['marks'][number]): void {
  const { ctx, ratio } = canvas;
  const size = 4 * ratio;
  const px = canvas.toX(mark.x);
  const high = canvas.top + size + ratio;
  const low = canvas.top + canvas.height - size - ratio;
  const at = Number.isFinite(mark.y) ? canvas.toY(mark.y) : low;
  const py = mark.kind === 'up' ? high : mark.kind === 'down' ? low : Math.min(Math.max(at, high), low);
  if (!Number.isFinite(px)) return;
  ctx.strokeStyle = color;
  ctx.fillStyle = color;
  ctx.lineWidth = 2 * ratio;
  ctx.beginPath();
  if (mark.kind === 'nan') {
    ctx.moveTo(px - size, py - size);
    ctx.lineTo(px + size, py + size);
    ctx.moveTo(px - size, py + size);
    ctx.lineTo(px + size, py - size);
    ctx.stroke();
    return;
  }
  const tip = mark.kind === 'up' ? -size : size;
  ctx.moveTo(px, py + tip);
  ctx.lineTo(px - size, py - tip);
  ctx.lineTo(px + size, py - tip);
  ctx.closePath();
  ctx.fill();
}
