/** The colour and dash of a run: by the number that the server gave it, so that they are the same on every page. */

/** Eight colours, paired by hue over both themes, told apart with every kind of colour blindness. */
export const LIGHT = ['#0048b1', '#c52308', '#187d70', '#7c2072', '#b68a35', '#2694f7', '#463006', '#1f0750'] as const;
export const DARK = ['#0486ff', '#f13e23', '#588d67', '#d849b8', '#dca04e', '#a1e7fe', '#fae745', '#bb9ff6'] as const;
const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3]];

/** How a line is drawn: `color` in CSS, `dash` as a canvas takes it. */
export interface LineStyle {
  color: string;
  dash: readonly number[];
}

/** The style of the run with a number (its place in the order of creation), for the theme. */
export function runStyle(number: number, dark: boolean): LineStyle {
  const colors = dark ? DARK : LIGHT;
  return {
    color: colors[number % colors.length] ?? colors[0],
    dash: DASHES[Math.floor(number / colors.length) % DASHES.length] ?? [],
  };
}
