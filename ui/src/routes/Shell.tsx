/** What is around every page: the bar at the left, the palette, the keys that work everywhere, the question for a token. */

import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { Outlet, useLocation, useParams } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { whenUnauthenticated } from '@/api/client';
import { useExperiment } from '@/features/experiments/useExperiment';
import { useKeys } from '@/lib/keys';
import { NavBar } from './NavBar';
import classes from './Shell.module.css';

const Palette = lazy(async () => ({ default: (await import('@/features/palette/Palette')).Palette }));
const KeyHelp = lazy(async () => ({ default: (await import('@/features/palette/KeyHelp')).KeyHelp }));
const TokenDialog = lazy(async () => ({ default: (await import('@/features/settings/TokenDialog')).TokenDialog }));

type Over = 'palette' | 'keys' | undefined;

export function Shell() {
  const [over, setOver] = useState<Over>();
  const [signIn, setSignIn] = useState(false);
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  const switchTheme = () => setColorScheme(dark ? 'light' : 'dark');
  useEffect(() => whenUnauthenticated(() => setSignIn(true)), []);
  useTitle();
  useKeys({
    'mod+k': { label: 'Search and commands', run: () => setOver('palette') },
    '?': { label: 'Keyboard shortcuts', run: () => setOver('keys') },
    t: { label: 'Dark or light', run: switchTheme },
  });
  const close = () => setOver(undefined);
  return (
    <div className={classes.shell}>
      <button type="button" className={classes.skip} onClick={skip}>
        Skip to the page
      </button>
      <NavBar
        openPalette={() => setOver('palette')}
        openKeys={() => setOver('keys')}
        dark={dark}
        switchTheme={switchTheme}
      />
      <main id="main" tabIndex={-1} className={classes.main} data-scroll-restoration-id="main">
        <Outlet />
      </main>
      <Suspense fallback={null}>
        {over === 'palette' && <Palette close={close} openKeys={() => setOver('keys')} switchTheme={switchTheme} />}
        {over === 'keys' && <KeyHelp close={close} />}
        {signIn && <TokenDialog close={() => setSignIn(false)} />}
      </Suspense>
    </div>
  );
}

/** Not a link: the base of the pages is not their address, a bare "#main" would lead away. */
function skip(): void {
  document.getElementById('main')?.focus();
}

const PAGES: Readonly<Record<string, string>> = {
  experiments: 'Experiments',
  'compare-runs': 'Compare runs',
  settings: 'Settings',
  'api-reference': 'API',
};

/** The tab's title: where one is, the most special first. */
function useTitle(): void {
  const { pathname } = useLocation();
  const { experimentId, runId, modelId } = useParams({ strict: false });
  const { data: experiment } = useExperiment(experimentId);
  const last = pathname.split('/').filter(Boolean)[0];
  const parts = [
    runId && `Run ${runId.slice(0, 8)}`,
    modelId && `Model ${modelId.slice(0, 10)}`,
    experimentId && (experiment?.name ?? `Experiment ${experimentId}`),
    !experimentId && last && PAGES[last],
    'headrace',
  ];
  const title = parts.filter(Boolean).join(' · ');
  useEffect(() => {
    document.title = title;
  }, [title]);
}
