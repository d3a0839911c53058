/** The life of a run: whether it is heard of, its attempts, where it was forked, and the ledger of what was sent for it. */

import { Badge, Button, Group, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Ledger, Run, RunControl } from '@/api/calls';
import { CopyButton } from '@/components/CopyButton';
import { formatAge, formatCount, formatDuration, formatTime } from '@/lib/format';
import { Panel } from './Panel';
import styles from './RunPage.module.css';

interface Props {
  run: Run;
  control: RunControl | undefined;
  ledger: Ledger | undefined;
}

export function LifePanel({ run, control, ledger }: Props) {
  const { info } = run;
  return (
    <Panel title="Details" flush>
      <table className={styles.table}>
        <tbody>
          <Fact name="Run ID">
            <span className="mono">{info.run_id}</span> <CopyButton text={info.run_id} label="Copy run ID" size={20} />
          </Fact>
          <Fact name="Started">{formatTime(Number(info.start_time))}</Fact>
          {info.end_time && control?.state !== 'LOST' && <Fact name="Ended">{formatTime(Number(info.end_time))}</Fact>}
          {control?.lease && (
            <Fact name="Heartbeat">
              {control.lease.until > Date.now()
                ? `heard of; it has promised to be heard of again by ${formatTime(control.lease.until).slice(11)}, within ${formatDuration(control.lease.length_ms)}`
                : `not heard of since ${formatTime(control.lease.until - control.lease.length_ms)}; it had promised to be within ${formatDuration(control.lease.length_ms)}`}
            </Fact>
          )}
          {control?.fork && (
            <Fact name="Forked">
              from{' '}
              <Link
                to="/experiments/$experimentId/runs/$runId"
                params={{ experimentId: info.experiment_id, runId: control.fork.run_id }}
                className="mono"
              >
                {control.fork.run_id.slice(0, 12)}
              </Link>{' '}
              at step {formatCount(Number(control.fork.step))}
            </Fact>
          )}
          <Fact name="Artifacts">
            <span className="mono" style={{ wordBreak: 'break-all' }}>
              {info.artifact_uri}
            </span>{' '}
            <CopyButton text={info.artifact_uri} label="Copy the artifact address" size={20} />
          </Fact>
        </tbody>
      </table>
      {control && (control.attempts?.length ?? 0) > 1 && <Attempts control={control} />}
      {ledger && (ledger.writers?.length ?? 0) > 0 && <Counts ledger={ledger} />}
    </Panel>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <tr>
      <th scope="row" style={{ width: 100 }}>
        {name}
      </th>
      <td>{children}</td>
    </tr>
  );
}

function Attempts({ control }: { control: RunControl }) {
  return (
    <div className={styles.scroll} style={{ borderTop: '1px solid var(--hr-line)' }}>
      <table className={styles.table}>
        <caption className="visually-hidden">Attempts</caption>
        <thead>
          <tr>
            <th>Attempt</th>
            <th>Launched as</th>
            <th className="number">From step</th>
            <th>Started</th>
          </tr>
        </thead>
        <tbody>
          {control.attempts?.map((attempt) => (
            <tr key={attempt.attempt}>
              <td>
                <Group gap="xs">
                  {String(attempt.attempt)}
                  {attempt.attempt === control.attempt && (
                    <Badge size="xs" variant="light" style={{ textTransform: 'none' }}>
                      current
                    </Badge>
                  )}
                </Group>
              </td>
              <td className="mono">{attempt.name}</td>
              <td className="number">{attempt.from_step !== undefined && formatCount(Number(attempt.from_step))}</td>
              <td title={formatTime(attempt.started_at)}>{formatAge(attempt.started_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const COUNTS = ['stored', 'collapsed', 'repeated', 'late', 'rejected'] as const;

function Counts({ ledger }: { ledger: Ledger }) {
  const [open, setOpen] = useState(false);
  const writers = ledger.writers ?? [];
  const rejections = ledger.rejections ?? [];
  const rejected = writers.reduce((sum, writer) => sum + writer.rejected, 0);
  const counts = COUNTS.filter(
    (name) => name === 'stored' || name === 'rejected' || writers.some((writer) => writer[name] > 0),
  );
  return (
    <div style={{ borderTop: '1px solid var(--hr-line)' }}>
      <Group justify="space-between" px="md" py={6}>
        <Text size="xs" c="dimmed">
          Ledger: what became of what the run sent
        </Text>
        {rejected > 0 && (
          <Button size="compact-xs" variant="light" color="red" aria-expanded={open} onClick={() => setOpen(!open)}>
            {formatCount(rejected)} rejected
          </Button>
        )}
      </Group>
      <div className={styles.scroll}>
        <table className={styles.table}>
          <caption className="visually-hidden">Ledger</caption>
          <thead>
            <tr>
              <th>Writer</th>
              {counts.map((name) => (
                <th key={name} className="number" style={{ textTransform: 'capitalize' }}>
                  {name}
                </th>
              ))}
              <th>Last heard of</th>
            </tr>
          </thead>
          <tbody>
            {writers.map((writer) => (
              <tr key={writer.writer}>
                <td className="mono ellipsis" style={{ maxWidth: 90 }} title={writer.writer}>
                  {writer.writer}
                </td>
                {counts.map((name) => (
                  <td
                    key={name}
                    className="number"
                    style={name === 'rejected' && writer.rejected > 0 ? { color: 'var(--hr-bad)' } : undefined}
                  >
                    {formatCount(writer[name])}
                  </td>
                ))}
                <td className="dim" style={{ whiteSpace: 'nowrap' }} title={formatTime(writer.seen_at)}>
                  {formatAge(writer.seen_at)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {open && (
        <div className={styles.scroll} style={{ maxHeight: 260, borderTop: '1px solid var(--hr-line)' }}>
          <table className={styles.table}>
            <caption className="visually-hidden">Rejected records</caption>
            <thead>
              <tr>
                <th>What and why</th>
                <th className="number">Records</th>
                <th>When</th>
              </tr>
            </thead>
            <tbody>
              {rejections.map((rejection) => (
                <tr key={`${rejection.writer} ${rejection.record}`}>
                  <td className="mono" style={{ overflowWrap: 'anywhere' }}>
                    {rejection.what}
                    <div style={{ fontFamily: 'initial', color: 'var(--hr-dim)' }}>{rejection.reason}</div>
                  </td>
                  <td className="number">{formatCount(rejection.count)}</td>
                  <td className="dim" style={{ whiteSpace: 'nowrap' }}>
                    {formatAge(rejection.at)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {ledger.next_page_token && (
            <Text size="xs" c="dimmed" p="sm">
              These are the first ones; hr.get_ledger has them all.
            </Text>
          )}
        </div>
      )}
    </div>
  );
}
