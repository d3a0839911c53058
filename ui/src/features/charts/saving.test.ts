import { expect, it, vi } from 'vitest';

vi.stubGlobal('document', { baseURI: 'http://server/prefix/' });
const { tableLines, writePython } = await import('./saving');

const line = (id: string, more = {}) => ({
  ...{ id, name: `run ${id}`, color: '#000', dash: [], marks: [] },
  x: Float64Array.from([0, 1]),
  y: Float64Array.from([0.5, Number.NaN]),
  ...more,
});

it('tableLines has a row for each entry, and the columns that there are', () => {
  expect(tableLines([line('a')], 'Step')).toEqual([
    ['line', 'id', 'Step', 'value'],
    ['run a', 'a', 0, 0.5],
    ['run a', 'a', 1, Number.NaN],
  ]);
  const smoothed = line('b', { raw: Float64Array.from([1, 2]), low: [0, 1], high: [2, 3] });
  expect(tableLines([smoothed, line('a')], 'Time').slice(0, 4)).toEqual([
    ['line', 'id', 'Time', 'value', 'smoothed', 'low', 'high'],
    ['run b', 'b', 0, 1, 0.5, 0, 2],
    ['run b', 'b', 1, 2, Number.NaN, 1, 3],
    ['run a', 'a', 0, 0.5, undefined, undefined, undefined],
  ]);
});

it('writePython asks for what is shown, whatever the metric is called', () => {
  const panel = {
    ...({ feed: undefined, names: new Map(), smoothing: { kind: 'ema', amount: 0 }, change: () => undefined } as const),
    ...{ clipped: new Set<string>(), clip: () => undefined, spans: new Map<string, number>() },
    lines: [
      { id: 'a', runIds: ['a'] },
      { id: 'g', group: 'g', runIds: ['a', 'b'] },
    ],
    state: { zoom: [1.5, 20.5] as [number, number] },
    axis: { x: 'step', xKey: '', kind: 'step', name: 'Step' } as const,
  };
  const code = writePython(panel, 'val/"odd"');
  expect(code).toContain('connect("http://server/prefix")');
  expect(code).toContain('run_ids = [\n    "a",\n    "b",\n]');
  expect(code).toContain('series.points(run_ids, ["val/\\"odd\\""], steps=(2, 20))');
});
