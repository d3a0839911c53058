/** The API page reads the file that the server has, not one of its own. */

import { describe, expect, test } from 'vitest';
import { CALLS } from '@/api/calls';
import file from '../../../../docs/reference/openapi.json?raw';
import { fits, readDocument, writeCurl } from './openapi';

const api = readDocument(JSON.parse(file));
const get = (id: string) => {
  const found = api.calls.find((call) => call.id === id);
  if (!found) throw new Error(`no call ${id}`);
  return found;
};

describe('the document', () => {
  test('has every call that the pages use, under its path', () => {
    for (const [id, { method, path }] of Object.entries(CALLS)) {
      const paths = api.calls.filter((call) => call.id === id).map((call) => `${call.method} ${call.path}`);
      expect(paths).toContain(`${method} /${path.replace(/:path}/g, '}')}`);
    }
  });

  test('names only shapes that it describes', () => {
    const named = [...api.calls, ...api.shapes.values()].flatMap(({ fields }) =>
      fields.flatMap(({ shapes }) => shapes),
    );
    for (const name of named) expect(api.shapes.has(name), name).toBe(true);
  });

  test('says of a call what it takes, answers and needs', () => {
    const call = get('tables.runs');
    expect(call).toMatchObject({ group: 'tables', method: 'POST', answer: 'RunTable' });
    expect(call.needs).toEqual(['READ on experiment (experiment_ids)']);
    const [first] = call.fields;
    expect(first).toMatchObject({ name: 'experiment_ids', place: 'body', type: 'list of string', required: true });
    expect(call.fields.find(({ name }) => name === 'limit')).toMatchObject({ type: 'integer', standard: '10000' });
    const rows = api.shapes.get('RunTable')?.fields.find(({ name }) => name === 'rows');
    expect(rows?.description).toBe('how many runs it holds.');
    expect(api.shapes.get('RunTable')?.description).not.toContain('Args');
  });
});

test('words are looked for in name, path and summary', () => {
  expect(fits(get('views.star'), 'STAR run')).toBe(true);
  expect(fits(get('views.star'), 'delete')).toBe(false);
});

test('a line for the shell has what the call needs', () => {
  expect(writeCurl(get('tables.runs'), 'http://h:1/p/')).toBe(
    `curl -X POST 'http://h:1/p/api/headrace/v1/tables/runs' -H 'Content-Type: application/json' -d '{"experiment_ids":[]}'`,
  );
  expect(writeCurl(get('views.get'), 'http://h:1/')).toBe(
    "curl 'http://h:1/api/headrace/v1/views/get?view_id=VIEW_ID'",
  );
});

test('a broken file is an empty one', () => {
  expect(readDocument('x')).toMatchObject({ version: '', calls: [] });
});
