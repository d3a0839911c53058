/** Frames keep each value with its run, whatever comes and goes. */

import { describe, expect, it } from 'vitest';
import { addColumns, type Frame, hasCell, joinFrames, numberAt, patchFrame, readNumber, rowOf, textAt } from './frame';
import { frameOf } from './frame.fixture';

/** The values of a column by run. */
function valuesOf(frame: Frame, name: string): Record<string, string | number | undefined> {
  const cells = frame.columns.get(name);
  return Object.fromEntries(
    frame.ids.map((id, row) => {
      if (!cells || !hasCell(cells, row)) return [id, undefined];
      return [id, cells.kind === 'text' ? textAt(cells, row) : numberAt(cells, row)];
    }),
  );
}

const BASE = [
  { run_id: 'c', number: 3, 'metrics.loss': 0.3, 'params.lr': '0.1' },
  { run_id: 'b', number: 2, 'metrics.loss': Number.NaN, 'params.lr': undefined },
  { run_id: 'a', number: 1, 'metrics.loss': undefined, 'params.lr': '0.1' },
];

describe('readFrame', () => {
  it('reads numbers, texts, NaN and what is missing', () => {
    const frame = frameOf(BASE);
    expect(valuesOf(frame, 'metrics.loss')).toEqual({ a: undefined, b: Number.NaN, c: 0.3 });
    expect(valuesOf(frame, 'params.lr')).toEqual({ a: '0.1', b: undefined, c: '0.1' });
    expect(rowOf(frame, 'b')).toBe(1);
    expect(rowOf(frame, 'z')).toBeUndefined();
  });
});

describe('joinFrames', () => {
  it('puts pages one behind another, texts with codes of their own', () => {
    const first = frameOf([{ run_id: 'a', 'params.m': 'x', 'metrics.v': 1 }], { next_page_token: 't' });
    const second = frameOf([
      { run_id: 'b', number: 8, 'params.m': 'y', 'metrics.v': 2 },
      { run_id: 'c', number: 9, 'params.m': 'x', 'metrics.v': undefined },
    ]);
    const joined = joinFrames([first, second]);
    expect(joined.size).toBe(3);
    expect(joined.complete).toBe(true);
    expect(valuesOf(joined, 'params.m')).toEqual({ a: 'x', b: 'y', c: 'x' });
    expect(valuesOf(joined, 'metrics.v')).toEqual({ a: 1, b: 2, c: undefined });
  });
});

describe('addColumns', () => {
  it('finds rows by their number when the answer has others or another order', () => {
    const frame = frameOf(BASE);
    const answer = frameOf([
      { run_id: '', number: 1, 'metrics.acc': 10 },
      { run_id: '', number: 9, 'metrics.acc': 90 },
      { run_id: '', number: 3, 'metrics.acc': 30 },
    ]);
    const wider = addColumns(
      frame,
      { ...answer, columns: new Map([...answer.columns].filter(([name]) => name !== 'run_id')) },
      true,
    );
    expect(valuesOf(wider, 'metrics.acc')).toEqual({ a: 10, b: undefined, c: 30 });
    expect(wider.whole.has('metrics.acc')).toBe(true);
  });

  it('does not say that a column is whole which was read of some rows', () => {
    const frame = frameOf(BASE);
    const wider = addColumns(frame, frameOf([{ run_id: 'a', number: 1, 'metrics.acc': 1 }]), false);
    expect(wider.whole.has('metrics.acc')).toBe(false);
    expect(valuesOf(wider, 'metrics.acc')).toEqual({ a: 1, b: undefined, c: undefined });
  });
});

describe('patchFrame', () => {
  it('changes values where they stand, and leaves columns alone in which nothing changed', () => {
    const frame = frameOf(BASE);
    const next = patchFrame(
      frame,
      ['b'],
      frameOf([{ run_id: 'b', number: 2, 'metrics.loss': 0.2, 'params.lr': undefined }]),
    );
    expect(valuesOf(next, 'metrics.loss')).toEqual({ a: undefined, b: 0.2, c: 0.3 });
    expect(next.columns.get('params.lr')).toBe(frame.columns.get('params.lr'));
    expect(next.ids).toBe(frame.ids);
    expect(valuesOf(frame, 'metrics.loss').b).toBeNaN();
  });

  it('is the very same frame when nothing has changed', () => {
    const frame = frameOf(BASE);
    expect(patchFrame(frame, ['b', 'a'], frameOf(BASE.slice(1)))).toBe(frame);
  });

  it('puts new runs first and drops those that match no more', () => {
    const frame = frameOf(BASE);
    const answer = frameOf([
      { run_id: 'd', number: 4, 'metrics.loss': 0.4, 'params.lr': '0.5' },
      { run_id: 'c', number: 3, 'metrics.loss': undefined, 'params.lr': '0.1' },
    ]);
    const next = patchFrame(frame, ['d', 'c', 'a'], answer);
    expect(next.ids).toEqual(['d', 'c', 'b']);
    expect(valuesOf(next, 'metrics.loss')).toEqual({ d: 0.4, c: undefined, b: Number.NaN });
    expect(valuesOf(next, 'params.lr')).toEqual({ d: '0.5', c: '0.1', b: undefined });
    expect(next.matching).toBe(3);
  });

  it('takes a value away that a run has no more', () => {
    const next = patchFrame(
      frameOf(BASE),
      ['c'],
      frameOf([{ run_id: 'c', number: 3, 'metrics.loss': undefined, 'params.lr': undefined }]),
    );
    expect(valuesOf(next, 'params.lr').c).toBeUndefined();
    expect(valuesOf(next, 'metrics.loss').c).toBeUndefined();
  });

  it('keeps texts apart after many changes', () => {
    let frame = frameOf([
      { run_id: 'a', 'tags.t': '0' },
      { run_id: 'b', 'tags.t': 'stays' },
    ]);
    for (let turn = 1; turn <= 1200; turn += 1)
      frame = patchFrame(frame, ['a'], frameOf([{ run_id: 'a', 'tags.t': String(turn) }]));
    expect(valuesOf(frame, 'tags.t')).toEqual({ a: '1200', b: 'stays' });
    const cells = frame.columns.get('tags.t');
    expect(cells?.kind === 'text' && cells.texts.length < 1100).toBe(true);
  });
});

describe('readNumber', () => {
  it.each([
    ['3', 3],
    ['-0.5', -0.5],
    ['.5', 0.5],
    ['1e-05', 1e-5],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['inf', Number.POSITIVE_INFINITY],
  ])('%s is a number', (text, number) => {
    expect(readNumber(text)).toBe(number);
  });

  it.each(['nan', 'True', '0x1f', '1_000', '50%', ' 3', ''])('"%s" is none', (text) => {
    expect(readNumber(text)).toBeNaN();
  });
});
