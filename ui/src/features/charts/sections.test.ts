import { describe, expect, it } from 'vitest';
import { findKeys, groupKeys, prefixOf } from './sections';

describe('groupKeys', () => {
  it('puts keys together by what stands before the first slash', () => {
    expect(groupKeys(['val/loss', 'loss', 'train/loss', 'train/acc'])).toEqual([
      { prefix: '', keys: ['loss'] },
      { prefix: 'train', keys: ['train/acc', 'train/loss'] },
      { prefix: 'val', keys: ['val/loss'] },
    ]);
  });

  it('makes one section of the metrics of all classes, not one for each', () => {
    const keys = Array.from({ length: 20 }, (_, i) => [`test/class_${i}/f1`, `test/class_${i}/recall`]).flat();
    expect(groupKeys(keys).map(({ prefix, keys: members }) => [prefix, members.length])).toEqual([['test', 40]]);
  });

  it('minds numbers in names, and puts system metrics last', () => {
    const sections = groupKeys(['system/gpu_0', 'x/layer10', 'x/layer2', 'zeta/a']);
    expect(sections.map(({ prefix }) => prefix)).toEqual(['x', 'zeta', 'system']);
    expect(sections[0]?.keys).toEqual(['x/layer2', 'x/layer10']);
  });

  it('splits a section that would be endless, if its parts are worth it', () => {
    const keys = Array.from({ length: 30 }, (_, i) =>
      ['w', 'b', 'g', 'n'].map((part) => `grad/layer${i}/${part}`),
    ).flat();
    expect(groupKeys(keys)).toHaveLength(30);
    const flat = Array.from({ length: 300 }, (_, i) => `grad/p${i}`);
    expect(groupKeys(flat)).toHaveLength(1);
  });

  it('takes a leading slash for a part of the name', () => {
    expect(prefixOf('/odd')).toBe('');
  });
});

it('findKeys wants all words', () => {
  expect(findKeys(['train/Loss', 'val/loss', 'val/acc'], 'VAL loss')).toEqual(['val/loss']);
  expect(findKeys(['a', 'b'], '  ')).toEqual(['a', 'b']);
});
