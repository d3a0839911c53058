/** Datasets: one line for each state, whatever it was used for; schemas of any shape. */

import { expect, test } from 'vitest';
import { indent, joinContexts, readSchema } from './datasets';

const used = (name: string, digest: string, context?: string) => ({
  experiment_id: '1',
  name,
  digest,
  ...(context ? { context } : {}),
});

test('a dataset that was used in two ways is one line, another state of it a second', () => {
  const joined = joinContexts([
    used('b', '1', 'training'),
    used('a10', '1'),
    used('b', '1', 'eval'),
    used('a9', '1'),
    used('b', '2', 'eval'),
  ]);
  expect(joined).toEqual([
    { name: 'a9', digest: '1', contexts: [] },
    { name: 'a10', digest: '1', contexts: [] },
    { name: 'b', digest: '1', contexts: ['training', 'eval'] },
    { name: 'b', digest: '2', contexts: ['eval'] },
  ]);
});

test('columns of a schema come out with their types', () => {
  const schema =
    '{"mlflow_colspec":[{"type":"long","name":"x","required":true},{"type":{"array":"double"},"name":"y"}]}';
  expect(readSchema(schema)).toEqual([
    { name: 'x', type: 'long' },
    { name: 'y', type: '{"array":"double"}' },
  ]);
});

test('a schema of tensors, or none, has no columns', () => {
  expect(readSchema('{"mlflow_tensorspec":{}}')).toBeUndefined();
  expect(readSchema('')).toBeUndefined();
  expect(readSchema('[1]')).toBeUndefined();
});

test('a text that is no JSON stays as it is', () => {
  expect(indent('s3://bucket/x')).toBe('s3://bucket/x');
  expect(indent('{"a":1}')).toBe('{\n  "a": 1\n}');
});
