/** The API of this server: every call with its fields, from the OpenAPI file that the server itself serves. */

import { Anchor, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useLocation } from '@tanstack/react-router';
import { Download } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { BASE, fetchBytes } from '@/api/client';
import { Failure } from '@/components/Failure';
import { PageHeader } from '@/components/PageHeader';
import { SearchBox } from '@/components/SearchBox';
import { useKeys } from '@/lib/keys';
import classes from './ApiPage.module.css';
import { CallDetail } from './CallDetail';
import { type ApiCall, fits, readDocument } from './openapi';

const PATH = 'api/openapi.json';

export function ApiPage() {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['openapi'],
    queryFn: async ({ signal }) => readDocument(await (await fetchBytes(PATH, {}, { signal })).json()),
  });
  const [query, setQuery] = useState('');
  const filter = useRef<HTMLInputElement>(null);
  const { hash } = useLocation();
  const calls = useMemo(() => data?.calls.filter((call) => fits(call, query)) ?? [], [data, query]);
  const chosen = data?.calls.find(({ id, path }) => hash === id || hash === path) ?? undefined;
  useKeys({ '/': { label: 'Filter calls', run: () => filter.current?.focus() } });
  return (
    <div className={classes.page}>
      <PageHeader
        crumbs={[{ label: 'API' }]}
        badge={data ? `${data.calls.length} calls` : undefined}
        live={false}
        actions={
          <Anchor href={new URL(PATH, BASE).href} download="openapi.json" className={classes.download}>
            <Download size={14} aria-hidden /> OpenAPI file
          </Anchor>
        }
      />
      {error && (
        <div className={classes.message}>
          <Failure error={error} retry={() => void refetch()} title="The description of the API cannot be read" />
        </div>
      )}
      {isPending && <Skeleton height={400} mx="lg" />}
      {data && (
        <div className={classes.split}>
          <nav className={classes.list} aria-label="Calls">
            <SearchBox ref={filter} label="Filter calls" value={query} onChange={setQuery} />
            {calls.map((call, place) => (
              <CallLine
                key={`${call.method} ${call.path}`}
                call={call}
                first={call.group !== calls[place - 1]?.group}
                chosen={call === chosen}
              />
            ))}
            {calls.length === 0 && (
              <Text size="sm" c="dimmed" p="sm">
                No call fits.
              </Text>
            )}
          </nav>
          <div className={classes.detail}>
            {chosen ? <CallDetail key={chosen.path} call={chosen} shapes={data.shapes} /> : <Introduction />}
          </div>
        </div>
      )}
    </div>
  );
}

function CallLine({ call, first, chosen }: { call: ApiCall; first: boolean; chosen: boolean }) {
  return (
    <>
      {first && <h2 className={classes.group}>{call.group.replace('_', ' ')}</h2>}
      <Link
        to="/api-reference"
        hash={call.id}
        className={classes.call}
        activeOptions={{ exact: true, includeHash: true, includeSearch: false }}
        ref={chosen ? showInList : undefined}
        title={call.path}
      >
        <span className={classes.method}>{call.method}</span>
        <span className="ellipsis">{call.id.slice(call.group.length + 1)}</span>
      </Link>
    </>
  );
}

const showInList = (line: HTMLAnchorElement | null): void => line?.scrollIntoView({ block: 'nearest' });

function Introduction() {
  return (
    <div className={classes.intro}>
      <h2>Two APIs, one server</h2>
      <p>
        Below <code>/api/2.0/mlflow</code> and <code>/api/2.0/mlflow-artifacts</code> the server speaks MLflow's
        protocol: every MLflow client works as it is. Below <code>/api/headrace/v1</code> stands what MLflow does not
        have: tables of runs in columns, charts, saved views, jobs, batches with a ledger. These pages use nothing else.
      </p>
      <p>
        Requests and answers are JSON; where bytes are many, msgpack as well. Times are Unix milliseconds. If the server
        needs a token, it is sent as <code>Authorization: Bearer</code>.
      </p>
      <p>Choose a call at the left for its fields.</p>
    </div>
  );
}
