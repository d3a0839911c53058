/** A view is the state of the page, there and back. */

import { expect, test } from 'vitest';
import type { Workspace } from '@/features/runs/search';
import { decodeView, encodeView, isPlain, isSameState } from './body';

const STATE: Workspace = {
  mode: 'charts',
  q: "metrics.loss < 0.1 and params.`a b` = 'x'",
  sort: ['metrics.loss ASC'],
  cols: ['params.lr', 'min(metrics.loss)'],
  widths: { 'params.lr': 120, run_name: 240 },
  group: ['params.model'],
  show: 25,
  diff: true,
  tree: true,
  split: 0.4,
  x: 'metric:epoch',
  smooth: 0.6,
  logy: true,
  ylog: { 'val/accuracy': false, loss: true },
  zoom: [1, 200],
  band: false,
  folded: ['system'],
};

test('a view comes back as it was saved', () => {
  expect(decodeView(encodeView(STATE))).toEqual(STATE);
});

test('a view knows neither its own name nor what was in full screen', () => {
  expect(decodeView(encodeView({ ...STATE, view: 'abc', full: 'loss' }))).toEqual(STATE);
});

test('a list of runs that are shown is kept', () => {
  expect(decodeView(encodeView({ show: ['r1', 'r2'] }))).toEqual({ show: ['r1', 'r2'] });
});

test('what is malformed in a stored view is left out', () => {
  expect(decodeView('{"q":"a","mode":"sideways","zoom":[3,1],"unknown":1,"sort":"x"}')).toEqual({ q: 'a' });
  expect(decodeView('not JSON')).toEqual({});
  expect(decodeView('[1]')).toEqual({});
});

test('a state is the same whatever the order of its fields', () => {
  const turned = Object.fromEntries(Object.entries(STATE).reverse()) as Workspace;
  expect(isSameState(STATE, { ...turned, widths: { run_name: 240, 'params.lr': 120 }, view: 'abc' })).toBe(true);
});

test('the order of columns and of sort keys counts', () => {
  expect(isSameState(STATE, { ...STATE, cols: ['min(metrics.loss)', 'params.lr'] })).toBe(false);
  expect(isSameState(STATE, { ...STATE, smooth: 0.5 })).toBe(false);
});

test('only an address without state is plain', () => {
  expect(isPlain({})).toBe(true);
  expect(isPlain({ view: 'abc' })).toBe(true);
  expect(isPlain({ view: 'abc', dense: true })).toBe(false);
});
