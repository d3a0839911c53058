/** How the server is: versions, where data lies, how much there is, what goes on in the background. */

import { Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { ServerState } from '@/api/calls';
import { BASE, call } from '@/api/client';
import { CopyButton } from '@/components/CopyButton';
import { Failure } from '@/components/Failure';
import pieces from '@/components/pieces.module.css';
import { formatAge, formatCount, formatDuration, formatTime } from '@/lib/format';
import classes from './SettingsPage.module.css';

const REFRESH_MS = 15_000;
const count = (number: number, thing: string): string => `${formatCount(number)} ${thing}${number === 1 ? '' : 's'}`;

export function ServerSection() {
  const { data, error, refetch } = useQuery({
    queryKey: ['server', 'state'],
    queryFn: ({ signal }) => call('server.state', {}, { signal }),
    refetchInterval: REFRESH_MS,
    staleTime: 0,
  });
  if (data) return <Facts state={data} />;
  return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton height={260} />;
}

function Facts({ state }: { state: ServerState }) {
  const address = BASE.href.replace(/\/$/, '');
  const facts: [string, ReactNode][] = [
    ['Address', <Copied key="address" text={address} label="Copy the address" />],
    ['headrace', state.version],
    ['Python', state.python],
    ['Database', <Copied key="database" text={state.database} label="Copy the database's address" />],
    ['Database version', `${state.database_version}, schema ${state.schema}`],
    ['Artifacts', <Copied key="root" text={state.artifact_root} label="Copy the artifact root" />],
    ['Artifact access', state.serves_artifacts ? 'through this server' : 'clients reach the store themselves'],
    ['Running', `for ${formatDuration(state.uptime_ms)}, since ${formatTime(state.started_at)}`],
    [
      'Contents',
      `${count(state.experiments, 'experiment')}, ${count(state.runs, 'run')}, ${formatCount(state.running)} of them running`,
    ],
    ['Jobs', `${formatCount(state.jobs_running)} under way, ${formatCount(state.jobs_pending)} waiting`],
    ['Access', state.needs_token ? 'with the token' : 'open to all who reach it'],
  ];
  return (
    <>
      <dl className={`${pieces.facts} ${classes.facts}`}>
        {facts.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </dl>
      {state.duties.length > 0 && <Duties state={state} />}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Copied({ text, label }: { text: string; label: string }) {
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 4, maxWidth: '100%' }}>
      <span className="mono" style={{ overflowWrap: 'anywhere' }}>
        {text}
      </span>
      <CopyButton text={text} label={label} size={20} />
    </span>
  );
}

function Duties({ state }: { state: ServerState }) {
  const now = Date.now();
  return (
    <>
      <Text size="sm" mt="lg" mb="xs" fw={600}>
        Background work
      </Text>
      <table className={`${pieces.list} ${classes.table}`} aria-label="Background work">
        <thead>
          <tr>
            <th scope="col">Task</th>
            <th scope="col">Process</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {state.duties.map((duty) => (
            <tr key={duty.name}>
              <td>{duty.name}</td>
              <td className="mono">{duty.holder}</td>
              <td title={formatTime(duty.until)}>
                {duty.until > now ? 'on duty' : `off duty, last on duty ${formatAge(duty.until, now)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
