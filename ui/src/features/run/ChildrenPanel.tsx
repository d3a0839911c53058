/** The runs below a run, such as the trials of a search. */

import { Button, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { RunLink } from '@/components/RunLink';
import { RunStateBadge } from '@/components/RunStateBadge';
import { guessBetter } from '@/lib/better';
import { formatAge, formatDuration, formatNumber } from '@/lib/format';
import { Panel } from './Panel';
import styles from './RunPage.module.css';
import { type RunLine, useChildren } from './useRun';

/** Runs that the comparison takes. */
const MOST_COMPARED = 500;
const SHOWN = 100;

interface Props {
  runId: string;
  experimentId: string;
  /** The metric that is shown of each. */
  metric: string | undefined;
}

export function ChildrenPanel({ runId, experimentId, metric }: Props) {
  const { data: children = [] } = useChildren(runId, experimentId, metric);
  if (children.length === 0) return null;
  const best = findBest(children, metric);
  const runs = children.slice(0, MOST_COMPARED).map((child) => child.runId);
  const actions = runs.length > 1 && (
    <Button
      size="compact-xs"
      variant="default"
      renderRoot={(props) => <Link {...props} to="/compare-runs" search={{ runs, experiments: [experimentId] }} />}
    >
      Compare
    </Button>
  );
  return (
    <Panel
      title="Child runs"
      note={children.length === MOST_COMPARED ? `the first ${MOST_COMPARED}` : String(children.length)}
      actions={actions}
      flush
    >
      <div className={styles.scroll} style={{ maxHeight: 340 }}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th>Name</th>
              <th>State</th>
              <th>Started</th>
              <th className="number">Duration</th>
              {metric && <th className="number">{metric}</th>}
            </tr>
          </thead>
          <tbody>
            {children.slice(0, SHOWN).map((child) => (
              <tr key={child.runId}>
                <td>
                  <span style={{ display: 'flex', gap: 8, alignItems: 'center' }}>
                    <RunLink run={child} experimentId={experimentId} />
                  </span>
                </td>
                <td>
                  <RunStateBadge state={child.status} />
                </td>
                <td className="dim">{formatAge(child.startTime)}</td>
                <td className="number dim">{child.duration !== undefined && formatDuration(child.duration)}</td>
                {metric && (
                  <td
                    className="number"
                    style={child === best ? { fontWeight: 700 } : undefined}
                    title={child === best ? 'The best of them' : undefined}
                  >
                    {child.value !== undefined && formatNumber(child.value)}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {children.length > SHOWN && (
        <Text size="xs" c="dimmed" p="sm">
          {children.length - SHOWN} more; the comparison shows them.
        </Text>
      )}
    </Panel>
  );
}

function findBest(children: readonly RunLine[], metric: string | undefined): RunLine | undefined {
  const better = metric === undefined ? undefined : guessBetter(metric);
  if (!better) return undefined;
  let best: RunLine | undefined;
  for (const child of children) {
    if (child.value === undefined || Number.isNaN(child.value)) continue;
    if (best?.value === undefined || (better === 'lower' ? child.value < best.value : child.value > best.value))
      best = child;
  }
  return best;
}
