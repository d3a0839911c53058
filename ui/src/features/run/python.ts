/** The lines of Python that get what the page shows. */

import { BASE } from '@/api/client';

/** A text as Python writes it. */
export const quote = (text: string): string =>
  JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');

const head = (): string => `import headrace as hr\n\nhr.set_tracking_uri(${quote(BASE.href.replace(/\/$/, ''))})\n`;

/** Get a run: its params, metrics and tags, and the history of its metrics. */
export const runInPython = (runId: string): string =>
  `${head()}run = hr.get_run(${quote(runId)})
print(run.info.status, run.data.params, run.data.metrics)
history = hr.metric_histories(run_ids=[${quote(runId)}])
`;

/** Download a file or a folder of a run. */
export const fileInPython = (runId: string, path: string): string =>
  `${head()}path = hr.artifacts.download_artifacts(run_id=${quote(runId)}, artifact_path=${quote(path)})
`;

/** Read a logged table of a run. */
export const tableInPython = (runId: string, experimentId: string, path: string): string =>
  `${head()}hr.set_experiment(experiment_id=${quote(experimentId)})
table = hr.load_table(${quote(path)}, run_ids=[${quote(runId)}])
`;
