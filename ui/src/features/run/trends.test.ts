import { describe, expect, it } from 'vitest';
import { answerOf } from '@/features/runs/frame.fixture';
import { chunkMetrics, readSteps, readTrends, stepColumns } from './trends';

const doubles = (...values: number[]) => new Uint8Array(Float64Array.from(values).buffer);
const ints = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);

const CHART = {
  cursor: '',
  series: [
    { name: 'r', key: 'loss', entries: 3 },
    { name: 'r', key: 'acc', entries: 1 },
  ],
  cells: {
    bucket: ints(0, 1, 3, 0),
    count: ints(2, 4, 1, 1),
    nans: ints(0, 1, 1, 0),
    mean: doubles(3, 2, NaN, 0.5),
    min: doubles(2.5, 1, NaN, 0.5),
    max: doubles(3.5, 4, NaN, 0.5),
  },
};

describe('the course of metrics', () => {
  it('has least and greatest value of all points, NaN aside', () => {
    const trends = readTrends({ ...CHART, mode: 'buckets', start: 100, width: 8 });
    expect(trends.get('loss')).toMatchObject({
      min: 1,
      max: 4,
      points: 7,
      nans: 2,
    });
    expect([...(trends.get('loss')?.values ?? [])]).toEqual([3, 2, NaN]);
    expect(trends.get('acc')).toMatchObject({ min: 0.5, max: 0.5, points: 1 });
  });

  it('has the steps of the least and greatest value and of a NaN, if there are such', () => {
    const [min = '', max = '', nan = '', ...others] = stepColumns(['loss', 'a b']);
    expect([min, nan, others[0]]).toEqual([
      'step(min(metrics.loss))',
      'step(nan(metrics.loss))',
      'step(min(metrics.`a b`))',
    ]);
    const row = Object.fromEntries(others.map((name) => [name, undefined]));
    const table = answerOf([{ [min]: 3, [max]: 0, [nan]: undefined, ...row }]);
    expect([...readSteps(table, ['loss', 'a b'])]).toEqual([
      ['loss', { min: 3, max: 0 }],
      ['a b', {}],
    ]);
  });

  it('is unknown of a run without points', () => {
    expect(readTrends({ cursor: '' }).size).toBe(0);
  });
});

it('asks apart for what is logged by epochs, by batches, and without steps', () => {
  const metric = (key: string, step?: number) => ({
    key,
    value: 1,
    timestamp: 0,
    ...(step === undefined ? {} : { step }),
  });
  const chunks = chunkMetrics([
    metric('loss', 5000),
    metric('acc', 10),
    metric('size'),
    metric('lr', 4900),
    metric('f1', 12),
    metric('loss', 5000),
  ]);
  expect(chunks).toEqual([
    { keys: ['loss', 'lr'], x: 'step' },
    { keys: ['acc', 'f1'], x: 'step' },
    { keys: ['size'], x: 'relative' },
  ]);
  expect(
    chunkMetrics(Array.from({ length: 90 }, (_, place) => metric(`m${place}`, 3))).map(({ keys }) => keys.length),
  ).toEqual([40, 40, 10]);
});
