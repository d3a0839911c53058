/** The few lines that log a first run to this server. */

import { BASE } from '@/api/client';
import { CodeBlock } from '@/components/CodeBlock';

/** `experiment` is named in it. */
export function Snippet({ experiment = 'first-steps' }: { experiment?: string }) {
  const address = BASE.href.replace(/\/$/, '');
  const text = [
    'import mlflow',
    '',
    `mlflow.set_tracking_uri(${JSON.stringify(address)})`,
    `mlflow.set_experiment(${JSON.stringify(experiment)})`,
    'with mlflow.start_run():',
    '    mlflow.log_metric("loss", 0.5)',
    '',
  ].join('\n');
  return <CodeBlock text={text} label="A first run in Python" />;
}
