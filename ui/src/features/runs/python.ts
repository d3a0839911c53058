/** The present view as Python: what is on the screen, as a data frame. */

import { serverSort } from './sorting';

const text = (value: string): string => JSON.stringify(value);

interface Asked {
  server: string;
  experimentId: string;
  q: string;
  sort: readonly string[];
  trash: boolean;
  columns: readonly string[];
}

/** Code that reads the same runs and columns in the same order. */
export function pythonOf({ server, experimentId, q, sort, trash, columns }: Asked): string {
  const names = [
    'run_id',
    'run_name',
    'status',
    ...columns.filter((column) => !['run_id', 'run_name', 'status'].includes(column)),
  ];
  const order = serverSort(sort);
  const lines = [
    'import headrace as hr',
    ...(trash ? ['from headrace.entities import ViewType'] : []),
    '',
    `hr.set_tracking_uri(${text(server)})`,
    'runs = hr.search_runs(',
    `    experiment_ids=[${text(experimentId)}],`,
    ...(q ? [`    filter_string=${text(q)},`] : []),
    ...(order.length > 0 ? [`    order_by=[${order.map(text).join(', ')}],`] : []),
    ...(trash ? ['    run_view_type=ViewType.DELETED_ONLY,'] : []),
    '    max_results=None,',
    '    select=[',
    ...names.map((column) => `        ${text(column)},`),
    '    ],',
    ')',
  ];
  return `${lines.join('\n')}\n`;
}
