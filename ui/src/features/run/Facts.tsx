/** The line below a run's name: its state, age, duration, who ran what, and from which commit. */

import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Clock, CornerLeftUp, FileCode, GitCommitHorizontal, Hourglass, Timer, User } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { RunControl } from '@/api/calls';
import { CopyButton } from '@/components/CopyButton';
import { RunDot } from '@/components/RunDot';
import { RunStateBadge } from '@/components/RunStateBadge';
import { formatAge, formatDuration, formatTime } from '@/lib/format';
import { commitAddress } from './commit';
import { estimateEnd, findProgress } from './eta';
import styles from './RunPage.module.css';
import { type KnownRun, useRunLine } from './useRun';

interface Props {
  known: KnownRun;
  control: RunControl | undefined;
  number: number;
  openSource: () => void;
}

export function Facts({ known, control, number, openSource }: Props) {
  const { tags } = known;
  const { info } = known.run;
  const running = info.status === 'RUNNING' && !info.end_time;
  const now = useNow(running ? 1000 : 30_000);
  const start = Number(info.start_time);
  const end = info.end_time ? Number(info.end_time) : undefined;
  const done = running ? estimateEnd(findProgress(known.params, known.metrics), start, now) : undefined;
  const parentId = tags.get('mlflow.parentRunId');
  const parent = useRunLine(parentId, info.experiment_id);
  const commit = tags.get('mlflow.source.git.commit');
  const address = commit ? commitAddress(tags.get('mlflow.source.git.repoURL') ?? '', commit) : undefined;
  const source = tags.get('mlflow.source.name');
  const user = info.user_id || tags.get('mlflow.user');
  return (
    <div className={styles.facts}>
      <span>
        <RunDot number={number} size={11} />
        <RunStateBadge state={control?.state ?? info.status} />
      </span>
      <span title={`Started ${formatTime(start)}`}>
        <Clock size={13} aria-hidden />
        {formatAge(start, now)}
      </span>
      <span title="Duration" className="number">
        <Timer size={13} aria-hidden />
        {end !== undefined || running ? formatDuration(Math.max(0, (end ?? now) - start)) : 'no end noted'}
      </span>
      {done !== undefined && (
        <span title={`If it goes on like this, it ends ${formatTime(done)}`}>
          <Hourglass size={13} aria-hidden />
          about {formatDuration(Math.max(0, done - now))} left
        </span>
      )}
      {parentId && (
        <span title="Parent run">
          <CornerLeftUp size={13} aria-hidden />
          <Link
            to="/experiments/$experimentId/runs/$runId"
            params={{ experimentId: info.experiment_id, runId: parentId }}
            className="ellipsis"
            style={{ maxWidth: 240 }}
          >
            {parent?.name ?? parentId.slice(0, 12)}
          </Link>
        </span>
      )}
      {user && (
        <span title="User">
          <User size={13} aria-hidden />
          {user}
        </span>
      )}
      {commit && (
        <span title={`Commit ${commit}`}>
          <GitCommitHorizontal size={14} aria-hidden />
          {address ? (
            <a href={address} target="_blank" rel="noopener noreferrer" className="mono">
              {commit.slice(0, 8)}
            </a>
          ) : (
            <span className="mono">{commit.slice(0, 8)}</span>
          )}
          <CopyButton text={commit} label="Copy the commit" size={20} />
          {tags.get('headrace.git.dirty') === 'true' && (
            <Anchor component="button" type="button" size="xs" onClick={openSource}>
              with uncommitted changes
            </Anchor>
          )}
        </span>
      )}
      {source && (
        <span title={source}>
          <FileCode size={13} aria-hidden />
          <span className="mono ellipsis" style={{ maxWidth: 260 }}>
            {source.slice(source.lastIndexOf('/') + 1)}
          </span>
        </span>
      )}
    </div>
  );
}

/** The present time, renewed in this pace. */
function useNow(paceMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), paceMs);
    return () => clearInterval(timer);
  }, [paceMs]);
  return now;
}
