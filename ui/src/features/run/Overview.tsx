/** The first tab of a run: what went in, what came out, notes, tags, data, children, and how it lives. */

import { useMemo } from 'react';
import type { RunControl } from '@/api/calls';
import { rankMetrics } from './best';
import { ChildrenPanel } from './ChildrenPanel';
import { DataPanel } from './DataPanel';
import { LifePanel } from './LifePanel';
import { MetricsPanel } from './MetricsPanel';
import { NotesPanel } from './NotesPanel';
import { ParamsPanel } from './ParamsPanel';
import styles from './RunPage.module.css';
import { TagsPanel } from './TagsPanel';
import type { Address } from './useAddress';
import { type KnownRun, useLedger } from './useRun';
import { NOTE_TAG, type RunEdits } from './useRunEdits';

interface Props {
  address: Address;
  known: KnownRun;
  control: RunControl | undefined;
  number: number;
  edits: RunEdits;
  openTab: (tab: 'model-metrics' | 'system-metrics', find?: string) => void;
}

export function Overview({ address, known, control, number, edits, openTab }: Props) {
  const { runId, experimentId, state, change } = address;
  const { data: ledger } = useLedger(runId);
  const metric = useMemo(() => rankMetrics(known.metrics.map(({ key }) => key))[0], [known.metrics]);
  return (
    <div className={styles.columns}>
      <div className={styles.column}>
        <ParamsPanel
          runId={runId}
          experimentId={experimentId}
          params={known.params}
          past={control?.past_params ?? NONE}
          metric={metric}
          query={state.q ?? ''}
          setQuery={(q) => change({ q: q || undefined }, 'replace')}
          differing={state.diff ?? false}
          setDiffering={(on) => change({ diff: on || undefined })}
        />
        <TagsPanel tags={known.tags} edits={edits} />
        <LifePanel run={known.run} control={control} ledger={ledger} />
      </div>
      <div className={styles.column}>
        <MetricsPanel
          runId={runId}
          experimentId={experimentId}
          metrics={known.metrics}
          number={number}
          query={state.q ?? ''}
          openSystem={() => openTab('system-metrics')}
          openChart={(key) => openTab('model-metrics', key)}
        />
        <NotesPanel key={runId} note={known.tags.get(NOTE_TAG) ?? ''} save={(note) => edits.setTag(NOTE_TAG, note)} />
        <DataPanel run={known.run} number={number} />
        <ChildrenPanel runId={runId} experimentId={experimentId} metric={metric} />
      </div>
    </div>
  );
}

const NONE = [] as const;
