import { expect, it } from 'vitest';
import { metricRow, textRow } from './difference.fixture';
import { isAxis, isLog, placesOf, rankMetrics, rankParams, readFields, readNumber } from './fields';

it('reads numbers by the rule of the server', () => {
  expect(['3', '-0.5', '.5', '1e-05', '+2.', 'inf', '-Infinity'].map(readNumber)).toEqual([
    3,
    -0.5,
    0.5,
    1e-5,
    2,
    Infinity,
    -Infinity,
  ]);
  for (const text of ['nan', 'True', '0x1f', '1_000', '50%', ' 1', '', 'e5']) expect(readNumber(text)).toBeNaN();
});

it('finds the places of runs, all or none', () => {
  expect(placesOf(['a', 'b', 'c'], ['c', 'a'])).toEqual([2, 0]);
  expect(placesOf(['a'], ['a', 'x'])).toBeUndefined();
});

const FIELDS = readFields(
  {
    run_ids: ['a', 'b', 'c'],
    rows: [
      textRow('params', 'lr', ['0.1', '1e-2', undefined]),
      textRow('params', 'model', ['CNN', 'MLP', 'CNN']),
      textRow('params', 'mixed', ['1', 'two', '3']),
      textRow('params', 'same', ['1', '1', '1']),
      textRow('tags', 'version', ['1', '2', '3']),
      textRow('packages', 'numpy', ['1', '2', '2']),
    ],
    metrics: [
      metricRow('test/class_0/f1', [1, 2, 3]),
      metricRow('train_loss', [3, 2, 1]),
      metricRow('val_accuracy', [1, 2, 3]),
      metricRow('system/cpu', [1, 2, 3]),
      metricRow('rare', [1, 2, undefined]),
    ],
  },
  [2, 0, 1],
);
const named = (name: string) => FIELDS.find((field) => field.name === name);

it('knows numbers from texts, in the order of the runs', () => {
  expect(named('params.lr')?.numeric).toBe(true);
  expect([...(named('params.lr')?.numbers() ?? [])]).toEqual([Number.NaN, 0.1, 0.01]);
  expect(named('params.mixed')?.numeric).toBe(false);
  expect(named('tags.version')?.numeric).toBe(false);
  expect([...(named('min(metrics.rare)')?.numbers() ?? [])]).toEqual([Number.NaN, 0, 1]);
  expect(named('metrics.rare')?.texts()).toEqual([undefined, '1', '2']);
});

it('takes what tells runs apart for axes', () => {
  const names = FIELDS.filter(isAxis).map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(['params.lr', 'params.model', 'params.mixed', 'tags.version', 'metrics.rare']),
  );
  expect(names).not.toContain('params.same');
  expect(names).not.toContain('packages.numpy');
});

it('puts telling metrics first, and those of machines nowhere', () => {
  expect(rankMetrics(FIELDS).map(({ label }) => label)).toEqual([
    'val_accuracy',
    'train_loss',
    'test/class_0/f1',
    'rare',
  ]);
});

it('puts the params first that a metric goes with', () => {
  const runs = Array.from({ length: 40 }, (_, place) => place);
  const fields = readFields(
    {
      run_ids: [],
      rows: [
        textRow(
          'params',
          'alternating',
          runs.map((place) => `v${place % 2}`),
        ),
        textRow(
          'params',
          'halves',
          runs.map((place) => (place < 20 ? 'a' : 'b')),
        ),
        textRow('params', 'rising', runs.map(String)),
      ],
      metrics: [metricRow('accuracy', runs)],
    },
    runs,
  );
  const metric = rankMetrics(fields)[0];
  expect(rankParams(fields, metric).map(({ label }) => label)).toEqual(['rising', 'halves', 'alternating']);
  expect(rankParams(fields, undefined).map(({ label }) => label)).toEqual(['rising', 'alternating', 'halves']);
});

it('puts what spans powers of ten on a logarithmic scale, unless it is turned', () => {
  const [lr, size] = readFields(
    {
      run_ids: [],
      rows: [textRow('params', 'lr', ['1e-4', '0.1', undefined]), textRow('params', 'size', ['0', '1000', '1'])],
      metrics: [],
    },
    [0, 1, 2],
  );
  if (!lr || !size) throw new Error('There are no fields.');
  expect([
    isLog(lr, undefined),
    isLog(lr, ['params.lr']),
    isLog(size, undefined),
    isLog(size, ['params.size']),
  ]).toEqual([true, false, false, true]);
});
