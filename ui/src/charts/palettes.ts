/** Palettes for values: viridis from low to high, RdBu around a middle. Colours of runs are in lib/runColor. Never jet. */

/** Viridis, eleven even stops (by Smith and van der Walt, public domain). */
export const VIRIDIS = [
  '#440154',
  '#482475',
  '#414487',
  '#355f8d',
  '#2a788e',
  '#21918c',
  '#22a884',
  '#44bf70',
  '#7ad151',
  '#bddf26',
  '#fde725',
] as const;

/** RdBu, eleven even stops from red over white to blue (ColorBrewer). */
export const RDBU = [
  '#67001f',
  '#b2182b',
  '#d6604d',
  '#f4a582',
  '#fddbc7',
  '#f7f7f7',
  '#d1e5f0',
  '#92c5de',
  '#4393c3',
  '#2166ac',
  '#053061',
] as const;

/** The part of viridis that lines and points can be told from the ground with: yellow is lost on white, violet on black. */
const MARKS = { light: [0, 0.88], dark: [0.22, 1] } as const;

/** The colour at `share` (0 to 1; what lies outside is cut) of a row of stops, as CSS. */
export function colorAt(stops: readonly string[], share: number): string {
  const last = stops.length - 1;
  const place = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * last;
  const left = Math.min(last - 1, Math.floor(place));
  const from = channels(stops[left] ?? '#000000');
  const to = channels(stops[left + 1] ?? '#000000');
  const part = place - left;
  return `rgb(${from.map((each, at) => Math.round(each + ((to[at] ?? each) - each) * part)).join(', ')})`;
}

/** The colour of a line or a point by its value, 0 to 1 between least and greatest. */
export function markColor(share: number, dark: boolean): string {
  const [from, to] = dark ? MARKS.dark : MARKS.light;
  return colorAt(VIRIDIS, from + Math.min(1, Math.max(0, share)) * (to - from));
}

/** The colour of what has no value. */
export const noColor = (dark: boolean): string => (dark ? '#6a7280' : '#a3abb8');

/** `markColor` as CSS for a legend. */
export function markGradient(dark: boolean): string {
  const stops = Array.from({ length: 11 }, (_, place) => markColor(place / 10, dark));
  return `linear-gradient(to right, ${stops.join(', ')})`;
}

/** The colour of an area by its value, 0 to 1: all of viridis, for nothing else stands there. */
export const areaColor = (share: number): string => colorAt(VIRIDIS, share);

/** The colour of a value around a middle: -1 is red, 0 is white, 1 is blue. */
export const divergingColor = (share: number): string => colorAt(RDBU, (share + 1) / 2);

function channels(color: string): [number, number, number] {
  const number = Number.parseInt(color.slice(1), 16);
  return [(number >> 16) & 255, (number >> 8) & 255, number & 255];
}
