/** Copies the Python that fetches the compared runs as a table. */

import { Button } from '@mantine/core';
import { Check, Code } from 'lucide-react';
import { useState } from 'react';
import { BASE } from '@/api/client';
import { quote } from '@/features/run/python';
import { copyText } from '@/lib/clipboard';

interface Props {
  runIds: readonly string[];
  experimentIds: readonly string[];
}

export function CopyAsPython(props: Props) {
  const [said, say] = useState('Copy as Python');
  const copy = async () => {
    say((await copyText(writePython(props))) ? 'Copied' : 'The browser did not allow it');
    setTimeout(() => say('Copy as Python'), 2000);
  };
  const Icon = said === 'Copied' ? Check : Code;
  return (
    <Button size="xs" variant="default" leftSection={<Icon size={14} aria-hidden />} onClick={() => void copy()}>
      <span aria-live="polite">{said}</span>
    </Button>
  );
}

function writePython({ runIds, experimentIds }: Props): string {
  const ids = runIds.map((id) => `    ${quote(id)},\n`).join('');
  return `import headrace as hr

hr.set_tracking_uri(${quote(BASE.href.replace(/\/$/, ''))})
run_ids = [
${ids}]
runs = hr.search_runs(
    experiment_ids=[${experimentIds.map(quote).join(', ')}],
    filter_string=f"run_id IN ({', '.join(map(repr, run_ids))})",
)
runs = runs.set_index("run_id").loc[run_ids]
`;
}
