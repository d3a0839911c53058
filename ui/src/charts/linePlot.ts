/** One chart of lines: axes, scales and dragging by uPlot, the lines by `paint`. The only file that knows uPlot. */

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type AxisKind, makeTicks, type Ticks } from '@/lib/ticks';
import { chooseFrame, type Frame, type PlotLine, type Range, roomOf } from './line';
import { type Canvas, paintLines } from './paint';

/** What is drawn, and how. */
export interface PlotInput {
  lines: readonly PlotLine[];
  kind: AxisKind;
  logX: boolean;
  logY: boolean;
  zoom?: Range | undefined;
  bands: boolean;
  /** Leave what is far out beyond the edge. */
  clip?: boolean | undefined;
}

/** What a chart tells of. */
export interface PlotEvents {
  /** A part of x was chosen; `undefined` for all of it. */
  zoom: (range: Range | undefined) => void;
  /** The mouse is at a place of the plot (CSS pixels), or has left it. */
  move: (at: { left: number; top: number } | null) => void;
}

interface Colors {
  text: string;
  line: string;
  ground: string;
}

/** Lines up to here have bands, and what they were before smoothing. */
const FEW = 12;
const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
const NO_DATA: uPlot.AlignedData = [
  [1, 2],
  [1, 2],
];

export class LinePlot {
  private readonly plot: uPlot;
  private readonly events: PlotEvents;
  private readonly veil: HTMLDivElement;
  private readonly overlay: HTMLCanvasElement;
  private readonly hair: HTMLDivElement;
  private input: PlotInput;
  private frame: Frame;
  private colors: Colors;
  private lit: string | null = null;
  private moved = 0;

  constructor(host: HTMLElement, width: number, height: number, input: PlotInput, events: PlotEvents) {
    this.input = input;
    this.events = events;
    this.frame = this.choose();
    this.colors = readColors(host);
    this.plot = new uPlot(this.options(width, height), NO_DATA, host);
    const { over } = this.plot;
    this.veil = addPart(over, 'div', 'opacity:0;background:var(--mantine-color-body);inset:0');
    this.overlay = addPart(over, 'canvas', 'inset:0;width:100%;height:100%');
    this.hair = addPart(
      over,
      'div',
      'top:0;bottom:0;left:0;width:1px;background:var(--hr-dim);display:none;will-change:transform',
    );
    over.addEventListener('pointermove', this.onMove);
    over.addEventListener('pointerleave', this.onLeave);
    over.addEventListener('dblclick', this.onDoubleClick);
  }

  /** Draw something else. Logarithmic axes stay as they were made. */
  update(input: PlotInput): void {
    this.input = input;
    this.redraw();
  }

  /** Draw with the page's colours as they are now. */
  recolor(): void {
    this.colors = readColors(this.plot.root);
    this.redraw();
  }

  resize(width: number, height: number): void {
    if (width !== this.plot.width || height !== this.plot.height) this.plot.setSize({ width, height });
  }

  /** Draw one line bold and the others faint. Nothing happens to a chart that has no such line. */
  light(id: string | null): void {
    if (id === this.lit) return;
    this.lit = id;
    this.paintLit();
  }

  /** Show the cursor at a place of x. */
  point(x: number | null): void {
    const [min, max] = this.frame.x;
    if (x === null || !(x >= min && x <= max)) {
      this.hair.style.display = 'none';
      return;
    }
    const at = makeScale(this.frame.x, this.input.logX, 0, this.plot.over.clientWidth)(x);
    this.hair.style.display = 'block';
    this.hair.style.transform = `translateX(${Math.round(at)}px)`;
  }

  /** Which x is at a place, and how far in x a number of pixels is there. */
  readX(left: number, pixels: number): { x: number; reach: number } {
    const x = this.plot.posToVal(left, 'x');
    return { x, reach: Math.abs(this.plot.posToVal(left + pixels, 'x') - x) };
  }

  /** Where a value lies, in pixels from the top of the plot. */
  readY(): (y: number) => number {
    return makeScale(this.frame.y, this.input.logY, this.plot.over.clientHeight, 0);
  }

  /** Where the plot lies in the window. */
  bounds(): DOMRect {
    return this.plot.over.getBoundingClientRect();
  }

  destroy(): void {
    cancelAnimationFrame(this.moved);
    this.plot.destroy();
  }

  private options(width: number, height: number): uPlot.Options {
    const { logX, logY } = this.input;
    return {
      width,
      height,
      padding: [8, 22, 0, 0],
      legend: { show: false },
      cursor: { x: false, y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: 4 } },
      scales: {
        x: { time: false, distr: logX ? 3 : 1, range: () => [this.frame.x[0], this.frame.x[1]] },
        y: { distr: logY ? 3 : 1, range: () => [this.frame.y[0], this.frame.y[1]] },
      },
      series: [{}, { paths: () => null, points: { show: false } }],
      axes: [
        this.axis(() => makeTicks(this.input.kind, logX, ...this.frame.x, this.plotWidth() / 56), { size: 24, gap: 5 }),
        this.axis(() => makeTicks('number', logY, ...this.frame.y, this.plotHeight() / 30), {
          size: axisWidth,
          gap: 5,
        }),
      ],
      hooks: {
        draw: [() => this.paint()],
        setSelect: [(plot) => this.onSelect(plot)],
      },
    };
  }

  private axis(make: () => Ticks, more: uPlot.Axis): uPlot.Axis {
    let ticks: Ticks = { values: [], labels: [] };
    return {
      font: FONT,
      stroke: () => this.colors.text,
      grid: { stroke: () => this.colors.line, width: 1 },
      ticks: { show: false },
      splits: () => {
        ticks = make();
        return ticks.values;
      },
      filter: (_, splits) => splits,
      values: () => ticks.labels,
      ...more,
    };
  }

  private plotWidth = (): number => this.plot.bbox.width / uPlot.pxRatio || 200;
  private plotHeight = (): number => this.plot.bbox.height / uPlot.pxRatio || 120;

  private redraw(): void {
    this.frame = this.choose();
    this.plot.setData(NO_DATA);
  }

  private choose(): Frame {
    const { lines, kind } = this.input;
    return chooseFrame(lines, { ...this.input, bands: this.showsBands(), room: roomOf(kind) });
  }

  private showsBands = (): boolean => this.input.bands && this.input.lines.length <= FEW;

  private paint(): void {
    const { ctx, bbox } = this.plot;
    const few = this.input.lines.length <= FEW;
    const strokes = { width: few ? 1.5 : 1, band: this.showsBands(), raw: few };
    paintLines(this.canvas(ctx, bbox.left, bbox.top, bbox.width, bbox.height), this.input.lines, strokes);
    // The first drawing comes before the constructor is done.
    if (this.overlay) this.paintLit();
  }

  private canvas(ctx: CanvasRenderingContext2D, left: number, top: number, width: number, height: number): Canvas {
    const { x, y } = this.frame;
    return {
      ...{ ctx, left, top, width, height, range: x, ratio: uPlot.pxRatio },
      toX: makeScale(x, this.input.logX, left, left + width),
      toY: makeScale(y, this.input.logY, top + height, top),
    };
  }

  private paintLit(): void {
    const line = this.lit === null ? undefined : this.input.lines.find(({ id }) => id === this.lit);
    this.veil.style.opacity = line && this.input.lines.length > 1 ? '0.7' : '0';
    const { width, height } = this.plot.bbox;
    const ctx = this.overlay.getContext('2d');
    if (!ctx) return;
    if (this.overlay.width !== width || this.overlay.height !== height) {
      this.overlay.width = width;
      this.overlay.height = height;
    } else {
      ctx.clearRect(0, 0, width, height);
    }
    if (line)
      paintLines(this.canvas(ctx, 0, 0, width, height), [line], { width: 2.5, band: this.input.bands, raw: true });
  }

  private onSelect(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    const from = plot.posToVal(left, 'x');
    const to = plot.posToVal(left + width, 'x');
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (from < to) this.events.zoom(roundRange(from, to));
  }

  private onMove = (event: PointerEvent): void => {
    cancelAnimationFrame(this.moved);
    const { clientX, clientY } = event;
    this.moved = requestAnimationFrame(() => {
      const { left, top } = this.bounds();
      this.events.move({ left: clientX - left, top: clientY - top });
    });
  };

  private onLeave = (): void => {
    cancelAnimationFrame(this.moved);
    this.events.move(null);
  };

  private onDoubleClick = (): void => this.events.zoom(undefined);
}

function addPart<K extends 'div' | 'canvas'>(over: HTMLElement, name: K, style: string): HTMLElementTagNameMap[K] {
  const part = document.createElement(name);
  part.style.cssText = `position:absolute;pointer-events:none;${style}`;
  over.append(part);
  return part;
}

/** A range with no more digits than a mouse can point at. */
function roundRange(from: number, to: number): Range {
  const unit = 10 ** (Math.floor(Math.log10(to - from)) - 3);
  // Dividing by a whole number gives the shortest decimals.
  const round = (value: number) =>
    unit < 1 ? Math.round(value / unit) / Math.round(1 / unit) : Math.round(value / unit) * unit;
  const range = [round(from), round(to)] as const;
  return range.every(Number.isFinite) && range[0] < range[1] ? range : [from, to];
}

/** From values to pixels; NaN for what a logarithmic axis has no place for. Halves, so that no range of doubles is too wide. */
function makeScale([min, max]: Range, log: boolean, from: number, to: number): (value: number) => number {
  if (log) {
    const low = Math.log10(min);
    const slope = (to - from) / (Math.log10(max) - low);
    return (value) => (value > 0 ? from + (Math.log10(value) - low) * slope : Number.NaN);
  }
  const low = min / 2;
  const slope = (to - from) / (max / 2 - low);
  return (value) => from + (value / 2 - low) * slope;
}

function axisWidth(_: uPlot, labels: string[] | null): number {
  const longest = (labels ?? []).reduce((most, label) => Math.max(most, label.length), 0);
  return Math.max(42, Math.ceil(longest * 6.4) + 12);
}

function readColors(host: HTMLElement): Colors {
  const style = getComputedStyle(host);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return { text: read('--hr-dim'), line: read('--hr-line'), ground: read('--mantine-color-body') };
}
