import { describe, expect, it } from 'vitest';
import { type ChartFile, drawSvg, fileName } from './export';

const file = (more: Partial<ChartFile> = {}): ChartFile => ({
  ...{ title: 'loss', xName: 'Step', kind: 'number', logX: false, logY: false, bands: true, width: 800, height: 400 },
  lines: [
    {
      ...{ id: 'r', name: 'run <b>&"one"', color: '#0048b1', dash: [7, 4], marks: [{ x: 1, y: 2, kind: 'nan' }] },
      x: Float64Array.from([0, 1, 2]),
      y: Float64Array.from([1, 2, 3]),
    },
  ],
  ...more,
});

describe('drawSvg', () => {
  it('writes what people typed as text', () => {
    const svg = drawSvg(file({ title: '<script>alert(1)</script>' }));
    expect(svg).not.toContain('<script>');
    expect(svg).toContain('run &lt;b&gt;&amp;&quot;one&quot;');
  });

  it('draws lines from edge to edge, with their dash and marks', () => {
    const svg = drawSvg(file());
    expect(svg).toContain('M64 ');
    expect(svg).toContain('L780 ');
    expect(svg).toContain('stroke-dasharray="7 4"');
    expect(svg).toContain('l8 8m-8 0l8 -8');
  });

  it('is drawn with nothing to draw', () => {
    expect(drawSvg(file({ lines: [] }))).toContain('</svg>');
  });

  it('says how many names it leaves out', () => {
    const [line] = file().lines;
    if (!line) throw new Error('no line');
    const lines = Array.from({ length: 60 }, (_, i) => ({ ...line, id: String(i) }));
    expect(drawSvg(file({ lines }))).toContain('and 20 more');
  });
});

it('fileName keeps letters of all scripts, and no slash', () => {
  expect(fileName('val/Verlust größe', 'svg')).toBe('val_Verlust_größe.svg');
  expect(fileName('///', 'csv')).toBe('_.csv');
});
