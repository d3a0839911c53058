/** Datasets as the page shows them: one line for each state of one, and their schemas in columns. */

import type { DatasetSummary } from '@/api/calls';

/** A dataset in one state, and what runs have used it for. */
export interface UsedDataset {
  name: string;
  digest: string;
  contexts: string[];
}

/** A column of a dataset. */
export interface SchemaColumn {
  name: string;
  type: string;
}

/** One line for each name and digest, by name. */
export function joinContexts(summaries: readonly DatasetSummary[]): UsedDataset[] {
  const found = new Map<string, UsedDataset>();
  for (const { name, digest, context } of summaries) {
    const key = `${name}\0${digest}`;
    const each = found.get(key) ?? { name, digest, contexts: [] };
    if (context && !each.contexts.includes(context)) each.contexts.push(context);
    found.set(key, each);
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}

/** The columns of a schema as MLflow writes it; `undefined` if it is something else. */
export function readSchema(schema: string): SchemaColumn[] | undefined {
  const raw = parse(schema);
  const columns = isRecord(raw) ? raw.mlflow_colspec : undefined;
  if (!Array.isArray(columns)) return undefined;
  return columns.filter(isRecord).map((column) => ({
    name: typeof column.name === 'string' ? column.name : '',
    type: typeof column.type === 'string' ? column.type : JSON.stringify(column.type ?? ''),
  }));
}

/** A JSON text with its fields in lines; other texts as they are. */
export function indent(text: string): string {
  const raw = parse(text);
  return raw === undefined ? text : JSON.stringify(raw, null, 2);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
