import { describe, expect, it } from 'vitest';
import {
  indexMedia,
  itemsAt,
  nearestStep,
  readImageCell,
  readSeriesName,
  readTableList,
  splitStep,
  unionOfSteps,
} from './media';

const UUID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const name = (key: string, step: number, time = 1, sign = '+', ending = '.png') =>
  `images/${key}${sign}step${sign}${step}${sign}timestamp${sign}${time}${sign}${UUID}${ending}`;

describe('names of images in a series', () => {
  it('are read as headrace and MLflow 3 write them', () => {
    expect(readSeriesName(name('val~sample 1', 20, 1700))?.item).toEqual({
      kind: 'image',
      key: 'val/sample 1',
      path: name('val~sample 1', 20, 1700),
      step: 20,
      time: 1700,
    });
  });

  it('are read as MLflow 2 wrote them', () => {
    expect(readSeriesName(name('a#b', 3, 1, '%'))?.item).toMatchObject({ key: 'a/b', step: 3 });
  });

  it('may have a key that holds such words itself', () => {
    expect(readSeriesName(name('x+step+1+timestamp+2', 7))?.item).toMatchObject({
      key: 'x+step+1+timestamp+2',
      step: 7,
    });
  });

  it.each(['images/plain.png', 'other/a+step+1.png', `images/a+step+x+timestamp+1+${UUID}.png`])(
    '%s is none',
    (path) => {
      expect(readSeriesName(path)).toBeUndefined();
    },
  );
});

describe('steps in paths', () => {
  it.each([
    ['plots/step_10/roc.png', 'plots/roc.png', 10],
    ['samples_step_5.png', 'samples.png', 5],
    ['epoch-3.json', 'epoch.json', 3],
    ['plots/step_7.png', 'plots/step.png', 7],
    ['a_step_3_final.png', 'a_final.png', 3],
    ['v1_epoch_2/x.png', 'v1/x.png', 2],
    ['preds_epoch=07.parquet', 'preds.parquet', 7],
    ['steps.png', 'steps.png', undefined],
    ['footstep_1.png', 'footstep_1.png', undefined],
    ['roc.png', 'roc.png', undefined],
  ])('%s is %s at %s', (path, key, step) => {
    expect(splitStep(path)).toEqual(step === undefined ? { key } : { key, step });
  });
});

describe('the index', () => {
  const paths = [
    name('val', 10, 2),
    name('val', 10, 2, '+', '+compressed.webp'),
    name('val', 0, 1),
    name('other', 5, 1),
    'plots/roc.png',
    'clip.wav',
    'model/model.pkl',
    'notes.md',
  ];
  const index = indexMedia(paths, ['preds_step_5.json', 'table.json']);

  it('has one series for each kind and key, pictures first', () => {
    expect(index.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      'image other',
      'image plots/roc.png',
      'image val',
      'audio clip.wav',
      'table preds.json',
      'table table.json',
    ]);
  });

  it('joins an image with its small copy', () => {
    const val = index.find(({ key }) => key === 'val');
    expect(val?.steps).toEqual([0, 10]);
    expect(val?.items.map(({ thumb }) => thumb !== undefined)).toEqual([false, true]);
  });

  it('knows all steps once', () => {
    expect(unionOfSteps(index)).toEqual([0, 5, 10]);
  });

  it('shows the nearest step before, and what has none at all steps', () => {
    const [val, roc, other] = ['val', 'plots/roc.png', 'other'].map((key) => index.find((each) => each.key === key));
    if (!val || !roc || !other) throw new Error('a series is missing');
    expect(itemsAt(val, 7).map(({ step }) => step)).toEqual([0]);
    expect(itemsAt(val, 99).map(({ step }) => step)).toEqual([10]);
    expect(itemsAt(val, undefined).map(({ step }) => step)).toEqual([10]);
    expect(itemsAt(other, 0).map(({ step }) => step)).toEqual([5]);
    expect(itemsAt(roc, 7)).toHaveLength(1);
  });
});

it('takes the last step up to the one asked for, or else the first', () => {
  expect([nearestStep([2, 4, 8], 5), nearestStep([2, 4, 8], 1), nearestStep([2, 4, 8], 9), nearestStep([], 1)]).toEqual(
    [4, 2, 8, undefined],
  );
});

it('reads the list of logged tables, and nothing from a damaged one', () => {
  expect(readTableList('[{"path":"a.json","type":"table"},{"path":"b","type":"other"},7]')).toEqual(['a.json']);
  expect(readTableList('{')).toEqual([]);
  expect(readTableList('{"path":"a"}')).toEqual([]);
  expect(readTableList(undefined)).toEqual([]);
});

it('knows a cell that is an image', () => {
  const cell = '{"type":"image","filepath":"table_images/t/1.png","compressed_filepath":"table_images/t/1.webp"}';
  expect(readImageCell(cell)).toEqual({ path: 'table_images/t/1.png', thumb: 'table_images/t/1.webp' });
  expect(readImageCell('{"filepath": 7}')).toBeUndefined();
  expect(readImageCell('plain')).toBeUndefined();
  expect(readImageCell('{"filepath"')).toBeUndefined();
});
