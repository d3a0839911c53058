/** Names of columns: fields of the search language as they are written, and as people read them. */

/** What has a field. */
export type Entity = 'attribute' | 'metric' | 'param' | 'tag';
export type Statistic = 'latest' | 'min' | 'max' | 'first' | 'count';

/** A field of a run. `statistic` is `latest` but for metrics. */
export interface Field {
  entity: Entity;
  key: string;
  statistic: Statistic;
  /** The step of that value, and not the value: a column of tables, which cannot be searched or ordered by on the server. */
  step?: true;
}

const ENTITIES: Readonly<Record<string, Entity>> = {
  metric: 'metric',
  metrics: 'metric',
  param: 'param',
  params: 'param',
  parameter: 'param',
  parameters: 'param',
  tag: 'tag',
  tags: 'tag',
  attribute: 'attribute',
  attributes: 'attribute',
  attr: 'attribute',
  run: 'attribute',
};
const STATISTICS: Readonly<Record<string, Statistic>> = {
  latest: 'latest',
  last: 'latest',
  min: 'min',
  max: 'max',
  first: 'first',
  count: 'count',
};
const PREFIXES: Readonly<Record<Entity, string>> = {
  attribute: '',
  metric: 'metrics.',
  param: 'params.',
  tag: 'tags.',
};
const ALIASES: Readonly<Record<string, string>> = {
  created: 'start_time',
  Created: 'start_time',
  'run name': 'run_name',
  'Run name': 'run_name',
  'Run Name': 'run_name',
};

/** Attributes that a table can show, with the words for them. */
export const ATTRIBUTES: Readonly<Record<string, string>> = {
  run_name: 'Run',
  status: 'State',
  start_time: 'Created',
  duration: 'Duration',
  end_time: 'Ended',
  user_id: 'User',
  run_id: 'Run id',
  artifact_uri: 'Artifacts at',
};

const BARE = /^[A-Za-z0-9_.]+$/;

/** Write a key as the search language wants it: in backticks if it holds more than letters, digits, `_` and `.`. */
export function quoteKey(key: string): string {
  if (BARE.test(key)) return key;
  return key.includes('`') ? escapeText(key) : `\`${key}\``;
}

function escapeText(text: string): string {
  const escaped = text.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t');
  return `E'${escaped}'`;
}

/** Write a text value with the quotes that it needs. */
export function quoteText(text: string): string {
  if (!/['\\\n\r\t]/.test(text)) return `'${text}'`;
  if (!/["\\\n\r\t]/.test(text)) return `"${text}"`;
  return escapeText(text);
}

/** What a quoted key or text stands for. */
export function unquote(written: string): string {
  const escaped = /^[Ee](['"])([\s\S]*)\1$/.exec(written);
  if (escaped) {
    const plain: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
    return (escaped[2] ?? '').replace(/\\([\s\S])/g, (_, each: string) => plain[each] ?? each);
  }
  const quoted = /^(['"`])([\s\S]*)\1$/.exec(written);
  return quoted ? (quoted[2] ?? '') : written;
}

/** Read a field such as `params.lr`, `min(metrics.loss)`, `start_time`. */
export function readField(written: string): Field {
  const text = written.trim();
  const call = /^(\w+)\(\s*([\s\S]*?)\s*\)$/.exec(text);
  if (call?.[1]?.toLowerCase() === 'step') {
    const inner = readField(call[2] ?? '');
    if (inner.entity === 'metric') return { ...inner, step: true };
  }
  const statistic = call ? STATISTICS[(call[1] ?? '').toLowerCase()] : undefined;
  if (call && statistic) return { ...readField(call[2] ?? ''), statistic };
  const dotted = /^([A-Za-z]+)\.([\s\S]+)$/.exec(text);
  const entity = dotted ? ENTITIES[dotted[1] ?? ''] : undefined;
  const key = unquote(dotted && entity ? (dotted[2] ?? '') : text);
  const found = entity ?? 'attribute';
  return { entity: found, key: found === 'attribute' ? (ALIASES[key] ?? key) : key, statistic: 'latest' };
}

/** Write a field as the search language reads it. */
export function writeField(entity: Entity, key: string, statistic: Statistic = 'latest'): string {
  const field = PREFIXES[entity] + quoteKey(key);
  return entity === 'metric' && statistic !== 'latest' ? `${statistic}(${field})` : field;
}

/** Write the step of a metric's value as tables select it. */
export const writeStep = (key: string, statistic: Statistic | 'nan'): string =>
  `step(${statistic === 'nan' ? `nan(${writeField('metric', key)})` : writeField('metric', key, statistic)})`;

/** The one way to write what may be written in several. */
export function normalizeField(written: string): string {
  const { entity, key, statistic, step } = readField(written);
  return step ? writeStep(key, statistic) : writeField(entity, key, statistic);
}

/** A field in words: `loss`, `loss, min`, `Created`. */
export function labelField(written: string): string {
  const { entity, key, statistic, step } = readField(written);
  if (entity === 'attribute') return ATTRIBUTES[key] ?? key;
  const name = key === '' ? written : key;
  if (step) return `${name}, ${statistic === 'latest' ? 'last step' : `step of ${statistic}`}`;
  return statistic === 'latest' ? name : `${name}, ${statistic}`;
}
