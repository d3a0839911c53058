/** A run's dot and name, which leads to its page. */

import { Link } from '@tanstack/react-router';
import { RunDot } from './RunDot';

interface Props {
  run: { runId: string; name: string; number: number };
  experimentId: string;
}

export function RunLink({ run: { runId, name, number }, experimentId }: Props) {
  return (
    <>
      <RunDot number={number} />
      <Link
        to="/experiments/$experimentId/runs/$runId"
        params={{ experimentId, runId }}
        className="ellipsis"
        title={name}
      >
        {name}
      </Link>
    </>
  );
}
