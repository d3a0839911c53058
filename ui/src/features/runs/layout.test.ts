/** Places of columns, and what is in sight. */

import { describe, expect, it } from 'vitest';
import { columnsInSight, layOut, linesInSight, moveColumn, NAME_COLUMN, togglePin } from './layout';

const COLUMNS = Array.from({ length: 100 }, (_, place) => `metrics.m${place}`);
const WIDTHS = Object.fromEntries([[NAME_COLUMN, 200], ...COLUMNS.map((name) => [name, 100])]);

describe('layOut', () => {
  it('begins with the name, and keeps those in place that are pinned', () => {
    const layout = layOut(COLUMNS, 2, WIDTHS);
    expect(layout.pinned.map(({ name }) => name)).toEqual([NAME_COLUMN, 'metrics.m0', 'metrics.m1']);
    expect(layout.pinnedWidth).toBe(400);
    expect(layout.scrolled[0]).toEqual({ name: 'metrics.m2', left: 400, width: 100 });
    expect(layout.width).toBe(200 + 100 * 100);
  });
});

describe('columnsInSight', () => {
  it('draws those in sight and some beside them', () => {
    const layout = layOut(COLUMNS, 0, WIDTHS);
    const seen = columnsInSight(layout, 5000, 1000);
    expect(seen.length).toBeLessThan(20);
    // 5,000 px are scrolled away and 200 px are covered by the name.
    expect(seen.some(({ left }) => left === 5200)).toBe(true);
    expect(seen.some(({ left }) => left === 5900)).toBe(true);
  });
});

describe('linesInSight', () => {
  it('covers the view and never leaves the list', () => {
    expect(linesInSight(100_000, 30, 30_000, 600)).toEqual([992, 1028]);
    expect(linesInSight(10, 30, 0, 600)).toEqual([0, 10]);
    expect(linesInSight(0, 30, 0, 600)).toEqual([0, 0]);
    expect(linesInSight(5, 30, 9000, 600)).toEqual([5, 5]);
  });
});

describe('moveColumn', () => {
  it('puts a column before another one, or at the end', () => {
    expect(moveColumn(['a', 'b', 'c'], 'c', 'a')).toEqual(['c', 'a', 'b']);
    expect(moveColumn(['a', 'b', 'c'], 'a', 'c')).toEqual(['b', 'a', 'c']);
    expect(moveColumn(['a', 'b', 'c'], 'a', undefined)).toEqual(['b', 'c', 'a']);
    expect(moveColumn(['a', 'b'], 'a', 'a')).toEqual(['a', 'b']);
  });
});

describe('togglePin', () => {
  it('puts a column behind those that stay, and back before those that scroll', () => {
    expect(togglePin(['a', 'b', 'c'], 1, 'c')).toEqual({ cols: ['a', 'c', 'b'], pins: 2 });
    expect(togglePin(['a', 'c', 'b'], 2, 'a')).toEqual({ cols: ['c', 'a', 'b'], pins: 1 });
  });
});
