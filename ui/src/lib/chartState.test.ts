/** Axes of single charts, in an address and out of it. */

import { expect, test } from 'vitest';
import { type ChartState, isLogY, readChartState, turnAllLogY, turnLogY } from './chartState';

const turned = (state: ChartState, metric: string): ChartState => ({ ...state, ...turnLogY(state, metric) });

test('a chart has the y axis of all until it is turned, and again when it is turned back', () => {
  const once = turned({}, 'loss');
  expect(once).toEqual({ ylog: { loss: true } });
  expect([isLogY(once, 'loss'), isLogY(once, 'accuracy')]).toEqual([true, false]);
  expect(turned(once, 'loss').ylog).toBeUndefined();
  const linear = turned({ logy: true }, 'loss');
  expect(linear).toEqual({ logy: true, ylog: { loss: false } });
  expect([isLogY(linear, 'loss'), isLogY(linear, 'accuracy')]).toEqual([false, true]);
});

test('turning one chart leaves the others as they are', () => {
  const both = turned(turned({}, 'loss'), 'val/loss');
  expect(turned(both, 'loss')).toEqual({ ylog: { 'val/loss': true } });
});

test('turning all charts turns those that were turned by themselves as well', () => {
  const state = { ...turned({}, 'loss'), ...turnAllLogY(turned({}, 'loss')) };
  expect([isLogY(state, 'loss'), isLogY(state, 'accuracy')]).toEqual([true, true]);
  const back = { ...turned(state, 'loss'), ...turnAllLogY(turned(state, 'loss')) };
  expect([isLogY(back, 'loss'), isLogY(back, 'accuracy')]).toEqual([false, false]);
});

test('a metric may have any name', () => {
  for (const name of ['constructor', '__proto__', 'toString']) {
    expect(isLogY({}, name)).toBe(false);
    expect(isLogY({ ylog: { loss: true } }, name)).toBe(false);
    const state = JSON.parse(JSON.stringify(turned({ ylog: { loss: true } }, name)));
    expect(isLogY(readChartState(state), name)).toBe(true);
  }
});

test('what is malformed in an address is left out', () => {
  expect(readChartState({ ylog: { loss: true, a: 1, b: 'true', c: null } })).toEqual({ ylog: { loss: true } });
  for (const ylog of [{}, { a: 1 }, ['loss'], 'loss', true, null]) expect(readChartState({ ylog })).toEqual({});
});
