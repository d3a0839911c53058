/** The head of a compared run: its mark, its name, and what can be done with its column: drag, move, make it the base line, take it out. */

import { ActionIcon, Menu } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { ArrowLeft, ArrowRight, ArrowUpToLine, EllipsisVertical, Flag, X } from 'lucide-react';
import { RunDot } from '@/components/RunDot';
import { RunStateBadge } from '@/components/RunStateBadge';
import { highlight } from '@/lib/highlight';
import styles from './RunHead.module.css';
import type { ComparedRun } from './useComparison';
import { useDragPlace } from './useDragPlace';

/** What heads can ask the page for. */
export interface RunActions {
  move(from: number, to: number): void;
  remove(runId: string): void;
  setBase(runId: string): void;
}

interface Props {
  run: ComparedRun;
  place: number;
  count: number;
  isBase: boolean;
  actions: RunActions;
  /** Only one line. */
  flat?: boolean;
}

export function RunHead({ run, place, count, isBase, actions, flat = false }: Props) {
  const dragged = useDragPlace('place', place, actions.move);
  const note = (
    <span className={styles.note}>
      <RunStateBadge state={run.status} compact />
      {isBase && <span className={styles.base}>baseline</span>}
    </span>
  );
  return (
    // Dragging is a short cut for what the menu does as well
    <div
      className={styles.head}
      {...dragged}
      onPointerEnter={() => highlight.set(run.runId)}
      onPointerLeave={() => highlight.set(null)}
    >
      <span className={styles.line}>
        <RunDot number={run.number} />
        <Link
          to="/experiments/$experimentId/runs/$runId"
          params={{ experimentId: run.experimentId, runId: run.runId }}
          className={`${styles.name} ellipsis`}
          title={run.name}
          draggable={false}
        >
          {run.name}
        </Link>
        {flat && note}
        <RunMenu run={run} place={place} count={count} isBase={isBase} actions={actions} />
      </span>
      {!flat && note}
    </div>
  );
}

function RunMenu({ run, place, count, isBase, actions }: Props) {
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={20} aria-label={`Actions of ${run.name}`}>
          <EllipsisVertical size={14} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<Flag size={14} aria-hidden />}
          disabled={isBase}
          onClick={() => actions.setBase(run.runId)}
        >
          Use as baseline
        </Menu.Item>
        <Menu.Item
          leftSection={<ArrowUpToLine size={14} aria-hidden />}
          disabled={place === 0}
          onClick={() => actions.move(place, 0)}
        >
          Move to the front
        </Menu.Item>
        <Menu.Item
          leftSection={<ArrowLeft size={14} aria-hidden />}
          disabled={place === 0}
          onClick={() => actions.move(place, place - 1)}
        >
          Move forward
        </Menu.Item>
        <Menu.Item
          leftSection={<ArrowRight size={14} aria-hidden />}
          disabled={place === count - 1}
          onClick={() => actions.move(place, place + 1)}
        >
          Move back
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<X size={14} aria-hidden />} onClick={() => actions.remove(run.runId)}>
          Take out of the comparison
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
