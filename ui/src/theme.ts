/** Mantine's theme in headrace's terms: sizes, one primary colour, no shadows but on overlays. */

import { createTheme, type MantineColorsTuple } from '@mantine/core';

const TEAL: MantineColorsTuple = [
  '#e9f6f7',
  '#cfe8ea',
  '#a1d1d5',
  '#6fb9bf',
  '#3aa3ad',
  '#1f8892',
  '#0a6973',
  '#085a63',
  '#064a52',
  '#043a40',
];

export const theme = createTheme({
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  colors: { teal: TEAL },
  primaryColor: 'teal',
  primaryShade: { light: 6, dark: 4 },
  autoContrast: true,
  defaultRadius: 6,
  spacing: { xs: '4px', sm: '8px', md: '12px', lg: '16px', xl: '24px' },
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '20px' }, h2: { fontSize: '16px' }, h3: { fontSize: '14px' } } },
  cursorType: 'pointer',
  respectReducedMotion: true,
});
