/** Reads the server's OpenAPI file as the page shows it: calls by group, their fields, and the shapes that they name. */

type Json = Readonly<Record<string, unknown>>;

/** A field of a call or a shape. */
export interface ApiField {
  name: string;
  /** `path`, `query`, `header` or `body`; of a shape it is empty. */
  place: string;
  type: string;
  /** Shapes that the type names. */
  shapes: readonly string[];
  required: boolean;
  /** As JSON; empty if there is none. */
  standard: string;
  description: string;
}

export interface ApiCall {
  id: string;
  group: string;
  method: string;
  path: string;
  summary: string;
  /** Such as "READ on experiment (experiment_ids)". */
  needs: readonly string[];
  fields: readonly ApiField[];
  /** The shape of the answer; empty if it is none, such as a file. */
  answer: string;
  /** Content types of the body; empty if there is none. */
  bodies: readonly string[];
}

export interface ApiShape {
  name: string;
  description: string;
  fields: readonly ApiField[];
  /** Of an enumeration. */
  values: readonly string[];
}

export interface ApiDocument {
  version: string;
  calls: readonly ApiCall[];
  shapes: ReadonlyMap<string, ApiShape>;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Read the file. What is not as expected is left out. */
export function readDocument(raw: unknown): ApiDocument {
  const document = record(raw);
  const schemas = record(record(document.components).schemas);
  const shapes = new Map(Object.entries(schemas).map(([name, schema]) => [name, readShape(name, record(schema))]));
  const calls: ApiCall[] = [];
  for (const [path, item] of Object.entries(record(document.paths))) {
    for (const method of METHODS) {
      const operation = record(item)[method];
      if (operation !== undefined) calls.push(readCall(method, path, record(operation), shapes));
    }
  }
  calls.sort((a, b) => (a.group === b.group ? compare(a.id, b.id) : compare(a.group, b.group)));
  return { version: text(record(document.info).version), calls, shapes };
}

/** Whether a call's name, path or summary holds every word. */
export function fits(call: ApiCall, query: string): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const all = `${call.id} ${call.method} ${call.path} ${call.summary}`.toLowerCase();
  return words.every((word) => all.includes(word));
}

/** The call as a line for a shell, with the fields that it needs. `base` ends with a slash. */
export function writeCurl(call: ApiCall, base: string): string {
  const needed = call.fields.filter(({ required }) => required);
  const path = call.path.replace(/^\//, '').replace(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
  const query = needed.filter(({ place }) => place === 'query').map(({ name }) => `${name}=${name.toUpperCase()}`);
  const url = `${base}${path}${query.length ? `?${query.join('&')}` : ''}`;
  const parts = ['curl', ...(call.method === 'GET' ? [] : ['-X', call.method]), `'${url}'`];
  if (call.bodies.includes('application/json')) {
    const body = Object.fromEntries(
      needed.filter(({ place }) => place === 'body').map((field) => [field.name, sample(field.type)]),
    );
    parts.push("-H 'Content-Type: application/json'", `-d '${JSON.stringify(body)}'`);
  }
  return parts.join(' ');
}

function sample(type: string): unknown {
  if (type.startsWith('list of')) return [];
  if (type === 'integer' || type === 'number') return 0;
  return type === 'boolean' ? false : '';
}

function readCall(method: string, path: string, operation: Json, shapes: ReadonlyMap<string, ApiShape>): ApiCall {
  const content = record(record(operation.requestBody).content);
  const body = nameOf(record(record(content['application/json']).schema));
  const fields = [
    ...list(operation.parameters).map((each) => {
      const parameter = record(each);
      const required = parameter.required === true;
      return readField(
        text(parameter.name),
        text(parameter.in),
        record(parameter.schema),
        required,
        text(parameter.description),
      );
    }),
    ...(shapes.get(body)?.fields ?? []).map((field) => ({ ...field, place: 'body' })),
  ];
  const answers = record(record(record(operation.responses)['200']).content);
  return {
    id: text(operation.operationId),
    group: text(list(operation.tags)[0]),
    method: method.toUpperCase(),
    path,
    summary: text(operation.summary),
    needs: list(operation['x-headrace-needs']).map((each) => {
      const need = record(each);
      const field = text(need.field);
      return `${text(need.permission)} on ${text(need.resource)}${field ? ` (${field})` : ''}`;
    }),
    fields,
    answer: nameOf(record(record(answers['application/json']).schema)),
    bodies: Object.keys(content),
  };
}

function readShape(name: string, schema: Json): ApiShape {
  const required = new Set(list(schema.required).map(text));
  const { prose, fields: said } = readDocstring(text(schema.description));
  const fields = Object.entries(record(schema.properties)).map(([key, each]) =>
    readField(key, '', record(each), required.has(key), text(record(each).description) || (said.get(key) ?? '')),
  );
  return { name, description: prose, fields, values: list(schema.enum).map(String) };
}

function readField(name: string, place: string, schema: Json, required: boolean, description: string): ApiField {
  const shapes = new Set<string>();
  const type = writeType(schema, shapes);
  const standard = 'default' in schema ? JSON.stringify(schema.default) : '';
  return { name, place, type, shapes: [...shapes], required, standard, description: unwrap(description) };
}

function writeType(schema: Json, shapes: Set<string>): string {
  const name = nameOf(schema);
  if (name) {
    shapes.add(name);
    return name;
  }
  const choices = list(schema.anyOf);
  if (choices.length) return choices.map((each) => writeType(record(each), shapes)).join(' or ');
  const values = list(schema.enum);
  if (values.length) return values.map((each) => JSON.stringify(each)).join(' or ');
  if (schema.type === 'array') {
    const fixed = list(schema.prefixItems);
    if (fixed.length) return `[${fixed.map((each) => writeType(record(each), shapes)).join(', ')}]`;
    return `list of ${writeType(record(schema.items), shapes)}`;
  }
  if (schema.type === 'object' && schema.additionalProperties !== undefined) {
    return `map to ${writeType(record(schema.additionalProperties), shapes)}`;
  }
  if (schema.contentEncoding === 'base64' || schema.format === 'byte') return 'bytes';
  return text(schema.type) || 'anything';
}

/** A docstring: its text, and what its part "Args:" says of each field. */
function readDocstring(docstring: string): { prose: string; fields: ReadonlyMap<string, string> } {
  const [before = '', args = ''] = docstring.split(/^\s*Args:\s*$/m);
  const fields = new Map<string, string>();
  let last = '';
  for (const line of args.split('\n')) {
    const [, indent = '', name, said = ''] = /^(\s*)(\w+): (.*)$/.exec(line) ?? [];
    if (name !== undefined && indent.length <= 8) {
      last = name;
      fields.set(name, said);
    } else if (last && line.trim()) {
      fields.set(last, `${fields.get(last)} ${line.trim()}`);
    }
  }
  return { prose: unwrap(before), fields };
}

/** Lines of a text as one; paragraphs stay. */
function unwrap(prose: string): string {
  return prose
    .split(/\n\s*\n/)
    .map((part) => part.replace(/\s*\n\s*/g, ' ').trim())
    .filter(Boolean)
    .join('\n\n');
}

const nameOf = (schema: Json): string => /^#\/components\/schemas\/(\w+)$/.exec(text(schema.$ref))?.[1] ?? '';
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const record = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
