import { expect, it } from 'vitest';
import { areaColor, colorAt, divergingColor, markColor, VIRIDIS } from './palettes';

it('meets its stops and goes evenly between them', () => {
  expect(colorAt(VIRIDIS, 0)).toBe('rgb(68, 1, 84)');
  expect(colorAt(VIRIDIS, 1)).toBe('rgb(253, 231, 37)');
  expect(colorAt(['#000000', '#646464'], 0.5)).toBe('rgb(50, 50, 50)');
});

it('cuts what lies outside, and has a colour for what is no number', () => {
  expect(areaColor(-1)).toBe(areaColor(0));
  expect(areaColor(2)).toBe(areaColor(1));
  expect(areaColor(Number.NaN)).toBe(areaColor(0));
});

it('stands around the middle in white', () => {
  expect(divergingColor(0)).toBe('rgb(247, 247, 247)');
  expect(divergingColor(-1)).toBe('rgb(103, 0, 31)');
});

it('keeps marks off the colour of the ground', () => {
  const brightness = (color: string) => (color.match(/\d+/g) ?? []).reduce((sum, each) => sum + Number(each), 0);
  expect(brightness(markColor(1, false))).toBeLessThan(brightness(areaColor(1)));
  expect(brightness(markColor(0, true))).toBeGreaterThan(brightness(areaColor(0)));
});
