/** Settings of these pages, and how the server is. */

import { Button, SegmentedControl, Text, useMantineColorScheme } from '@mantine/core';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { hasToken, setToken } from '@/api/client';
import { PageHeader } from '@/components/PageHeader';
import { KeyTable } from '@/features/palette/KeyHelp';
import { JobList } from './JobList';
import { ServerSection } from './ServerSection';
import classes from './SettingsPage.module.css';

const TokenDialog = lazy(async () => ({ default: (await import('./TokenDialog')).TokenDialog }));

export function SettingsPage() {
  return (
    <>
      <PageHeader crumbs={[{ label: 'Settings' }]} />
      <div className={classes.page}>
        <Section title="Appearance">
          <Theme />
        </Section>
        <Section title="Token">
          <Token />
        </Section>
        <Section title="Server">
          <ServerSection />
        </Section>
        <Section title="Jobs">
          <JobList />
        </Section>
        <Section title="Keyboard shortcuts">
          <KeyTable />
          <Text size="xs" c="dimmed" mt="sm">
            Each page adds its own; <span className="mono">?</span> lists those of the page you are on.
          </Text>
        </Section>
      </div>
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={classes.section}>
      <h2>{title}</h2>
      <div className={classes.body}>{children}</div>
    </section>
  );
}

function Theme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SegmentedControl
      size="xs"
      aria-label="Theme"
      value={colorScheme}
      onChange={(value) => {
        if (value === 'light' || value === 'dark' || value === 'auto') setColorScheme(value);
      }}
      data={[
        { value: 'auto', label: 'Same as the system' },
        { value: 'light', label: 'Light' },
        { value: 'dark', label: 'Dark' },
      ]}
    />
  );
}

function Token() {
  const [asking, ask] = useState(false);
  const [has, setHas] = useState(hasToken);
  return (
    <>
      <Text size="sm" mb="sm">
        {has ? 'This tab sends a token with each call.' : 'This tab sends no token.'}
      </Text>
      <div className={classes.buttons}>
        <Button size="xs" variant="default" onClick={() => ask(true)}>
          {has ? 'Change the token' : 'Enter a token'}
        </Button>
        {has && (
          <Button
            size="xs"
            variant="default"
            onClick={() => {
              setToken(null);
              setHas(false);
            }}
          >
            Forget it
          </Button>
        )}
      </div>
      <Suspense fallback={null}>
        {asking && (
          <TokenDialog
            title="The token of this server"
            close={() => {
              ask(false);
              setHas(hasToken());
            }}
          />
        )}
      </Suspense>
    </>
  );
}
