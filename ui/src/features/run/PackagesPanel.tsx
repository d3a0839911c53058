/** The packages of the interpreter that ran a run. */

import { Skeleton, Text } from '@mantine/core';
import { useState } from 'react';
import { Failure } from '@/components/Failure';
import { SearchBox } from '@/components/SearchBox';
import { useFile } from './files';
import { Panel } from './Panel';
import { readEnvironment } from './provenance';
import styles from './RunPage.module.css';

export function PackagesPanel({ runId, path }: { runId: string; path: string }) {
  const [wanted, setWanted] = useState('');
  const { data, error } = useFile(runId, path, true, (text) => readEnvironment(JSON.parse(text)));
  if (error && !data) return <Failure title="The packages could not be read" error={error} />;
  if (!data) return <Skeleton height={160} />;
  const shown = data.packages.filter(({ name }) => name.toLowerCase().includes(wanted.toLowerCase()));
  const actions = <SearchBox w={180} label="Find packages" placeholder="Find" value={wanted} onChange={setWanted} />;
  return (
    <Panel
      title="Packages"
      note={[String(data.packages.length), data.python, data.platform].filter(Boolean).join(', ')}
      actions={actions}
      flush
    >
      {shown.length === 0 ? (
        <Text size="sm" c="dimmed" p="md">
          No package matches.
        </Text>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className={styles.scroll} style={{ maxHeight: 420 }} tabIndex={0} aria-label="List of packages">
          <table className={styles.table}>
            <thead>
              <tr>
                <th>Package</th>
                <th>Version</th>
                <th>From</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((each) => (
                <tr key={each.name}>
                  <td
                    style={each.requested ? { fontWeight: 600 } : undefined}
                    title={each.requested ? 'Asked for by name' : 'Came as a dependency'}
                  >
                    {each.name}
                  </td>
                  <td className="mono">{each.version}</td>
                  <td className="dim" style={{ overflowWrap: 'anywhere' }}>
                    {each.origin}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Panel>
  );
}
