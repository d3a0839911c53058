/** Mantine's theme in headrace's terms: sizes, one primary colour, no shadows but on overlays. */

import { createTheme, type MantineColorsTuple } from '@mantine/core';

const TEAL: MantineColorsTuple = [
  '#e9f6f7',
  '#cfe8ea',
  '#a1d1d5',
  '#6fb9bf',
  '#3aa3ad',
  '#1b7f89',
  '#0a6973',
  '#085a63',
  '#064a52',
  '#043a40',
];

const DARK: MantineColorsTuple = [
  '#e6e9ee',
  '#b9c0ca',
  '#9aa4b2',
  '#828c9b',
  '#3a414d',
  '#2a2f38',
  '#1b1e24',
  '#16181d',
  '#121418',
  '#0d0f12',
];

export const theme = createTheme({
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  colors: { teal: TEAL, dark: DARK },
  primaryColor: 'teal',
  primaryShade: { light: 6, dark: 5 },
  autoContrast: true,
  defaultRadius: 6,
  spacing: { xs: '4px', sm: '8px', md: '12px', lg: '16px', xl: '24px' },
  headings: {
    fontWeight: '600',
    sizes: { h1: { fontSize: '20px' }, h2: { fontSize: '16px' }, h3: { fontSize: '14px' } },
  },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // Plain objects, not `Menu.extend(…)`: that would put the components into the first page.
    Drawer: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Modal: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    Text: { defaultProps: { size: 'sm' } },
  },
});
