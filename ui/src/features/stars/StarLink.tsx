/** A link to something that is starred, with the sign of its kind. */

import { Link, type LinkProps } from '@tanstack/react-router';
import { Box, FlaskConical, GitCommitHorizontal } from 'lucide-react';
import type { Star } from '@/api/calls';

interface Props {
  star: Star;
  className?: string | undefined;
}

const ICONS = { run: GitCommitHorizontal, experiment: FlaskConical, model: Box } as const;

/** Where a star leads to; `undefined` if there is no page for it. */
export function linkOfStar({ kind, id, experiment_id: experimentId }: Star): LinkProps | undefined {
  if (kind === 'experiment') return { to: '/experiments/$experimentId/runs', params: { experimentId: id } };
  if (experimentId === undefined) return undefined;
  if (kind === 'run') return { to: '/experiments/$experimentId/runs/$runId', params: { experimentId, runId: id } };
  return { to: '/experiments/$experimentId/models/$modelId', params: { experimentId, modelId: id } };
}

export function StarLink({ star, className }: Props) {
  const link = linkOfStar(star);
  const Icon = ICONS[star.kind as keyof typeof ICONS] ?? Box;
  if (!link) return null;
  const deleted = star.lifecycle_stage === 'deleted';
  return (
    <Link {...link} className={className} title={`${star.kind} ${star.name}${deleted ? ' (in the trash)' : ''}`}>
      <Icon size={15} aria-hidden />
      <span>{star.name}</span>
    </Link>
  );
}
