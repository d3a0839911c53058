/** How far a logged model is, as icon, word and colour. */

import { CircleAlert, CircleCheck, CircleDotDashed } from 'lucide-react';
import type { LoggedModel } from '@/api/calls';
import { stateOf } from './useLoggedModels';

const LOOKS: Readonly<Record<string, { icon: typeof CircleCheck; color: string }>> = {
  ready: { icon: CircleCheck, color: 'var(--hr-ok)' },
  pending: { icon: CircleDotDashed, color: 'var(--hr-accent)' },
  'upload failed': { icon: CircleAlert, color: 'var(--hr-bad)' },
};

export function ModelState({ model }: { model: LoggedModel }) {
  const state = stateOf(model);
  const { icon: Icon, color } = LOOKS[state] ?? { icon: CircleAlert, color: 'var(--hr-dim)' };
  return (
    <span style={{ color, display: 'inline-flex', alignItems: 'center', gap: 4 }} title={model.info.status_message}>
      <Icon size={14} aria-hidden />
      {state}
    </span>
  );
}
