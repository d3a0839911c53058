/** The media of a run by key, all at one step: pictures, sounds, films and tables. */

import { Alert, Group, Skeleton, Slider, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { CodeBlock } from '@/components/CodeBlock';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { SearchBox } from '@/components/SearchBox';
import { formatCount } from '@/lib/format';
import { useKeys } from '@/lib/keys';
import { MediaCard } from './MediaCard';
import styles from './MediaTab.module.css';
import { nearestStep, unionOfSteps } from './media';
import type { Address } from './useAddress';
import { useMedia } from './useMedia';
import type { KnownRun } from './useRun';

const SNIPPET = `import headrace as hr

hr.log_image(image, key="samples", step=step)
hr.log_table({"prompt": prompts, "answer": answers}, "answers.json")`;

/** So few cards are drawn larger. */
const FEW = 4;

export default function MediaTab({ address, known }: { address: Address; known: KnownRun }) {
  const { runId, experimentId, state, change, openFile } = address;
  const { series, sizes, partial, error, waiting } = useMedia(known);
  const steps = useMemo(() => unionOfSteps(series), [series]);
  const [dragged, setDragged] = useState<number>();
  const chosen = state.step === undefined ? steps.at(-1) : nearestStep(steps, state.step);
  const step = dragged === undefined ? chosen : (steps[dragged] ?? chosen);
  const place = step === undefined ? 0 : steps.indexOf(step);
  const go = (to: number, how: 'push' | 'replace' = 'replace') => {
    const wanted = steps[Math.min(steps.length - 1, Math.max(0, to))];
    // At the last step the page follows what comes.
    change({ step: wanted === steps.at(-1) ? undefined : wanted }, how);
  };
  useKeys(
    steps.length > 1
      ? {
          ArrowLeft: { run: () => go(place - 1), label: 'Media of the previous step' },
          ArrowRight: { run: () => go(place + 1), label: 'Media of the next step' },
        }
      : {},
  );
  const wanted = (state.q ?? '').toLowerCase();
  const shown = series.filter(({ key }) => key.toLowerCase().includes(wanted));
  if (error) return <Failure title="The files of this run could not be listed" error={error} />;
  if (waiting) return <Skeleton height={240} />;
  if (series.length === 0) {
    return (
      <Empty title="No media yet">
        <Text c="dimmed">
          Images, audio, video and tables that this run logs are shown here; one slider goes through their steps.
        </Text>
        <div style={{ width: '100%' }}>
          <CodeBlock text={SNIPPET} label="lines of Python" />
        </div>
      </Empty>
    );
  }
  return (
    <div>
      <div className={styles.bar}>
        {steps.length > 1 && step !== undefined && (
          <>
            <Text size="sm" className="number" miw={110} style={{ textAlign: 'left' }}>
              Step <strong>{formatCount(step)}</strong>
            </Text>
            <Slider
              className={styles.slider}
              min={0}
              max={steps.length - 1}
              value={place}
              onChange={setDragged}
              onChangeEnd={(to) => {
                setDragged(undefined);
                go(to);
              }}
              label={(to) => formatCount(steps[to] ?? 0)}
              thumbLabel="Step"
              thumbValueText={(to) => `step ${steps[to]}`}
              size="sm"
            />
            <Text size="xs" c="dimmed" className="number">
              {place + 1} of {formatCount(steps.length)}
            </Text>
          </>
        )}
        <SearchBox
          w={180}
          label="Find a key"
          value={state.q ?? ''}
          onChange={(text) => change({ q: text || undefined }, 'replace')}
        />
      </div>
      {partial && (
        <Alert color="gray" mb="md" p="xs">
          This run has many folders; not all of them were looked through. The artifacts tab shows them all.
        </Alert>
      )}
      {shown.length === 0 ? (
        <Group>
          <Text c="dimmed">No key matches.</Text>
        </Group>
      ) : (
        <div className={shown.length > FEW ? styles.grid : `${styles.grid} ${styles.few}`}>
          {shown.map((each) => (
            <MediaCard
              key={`${each.kind} ${each.key}`}
              runId={runId}
              experimentId={experimentId}
              series={each}
              step={step}
              sizes={sizes}
              openFile={openFile}
            />
          ))}
        </div>
      )}
    </div>
  );
}
