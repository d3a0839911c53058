/** Where the theme is kept: the key that public/boot.js reads before the first paint. */

import { localStorageColorSchemeManager } from '@mantine/core';

export const colorScheme = localStorageColorSchemeManager({ key: 'headrace-theme' });
