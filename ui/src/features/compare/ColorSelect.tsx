/** By which field the runs are coloured. Where none was chosen it shows what stands for it. */

import type { Coloring } from './coloring';
import { FieldSelect } from './FieldSelect';
import type { TabProps } from './state';
import type { Choices } from './useChoices';

interface Props extends TabProps {
  choices: Choices;
  coloring: Coloring;
}

const OWN = { value: 'run', label: 'Each run' };

export function ColorSelect({ state, change, choices, coloring }: Props) {
  return (
    <FieldSelect
      label="Colour"
      fields={choices.axes}
      first={OWN}
      value={state.color ?? (coloring.legend.kind === 'own' ? OWN.value : choices.metrics[0]?.name)}
      choose={(color) => change({ color })}
    />
  );
}
