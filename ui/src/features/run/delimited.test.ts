import { describe, expect, it } from 'vitest';
import { readDelimited, readJsonLines, readRecords, readSplitTable } from './delimited';

describe('records with separators', () => {
  it('keep separators, quotes and line ends that are quoted', () => {
    expect(readRecords('a,"b,""c""\nd"\r\n1,2\n', ',', 9)).toEqual([
      ['a', 'b,"c"\nd'],
      ['1', '2'],
    ]);
  });

  it('end where the text ends', () => {
    expect(readRecords('a,b\n1,', ',', 9)).toEqual([
      ['a', 'b'],
      ['1', ''],
    ]);
  });

  it('leave the last one out if the text was cut', () => {
    expect(readRecords('a,b\n1,2\n3,"4', ',', 9, true)).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ]);
  });

  it('stop when there are enough, and skip empty lines and a byte order mark', () => {
    expect(readRecords('\uFEFFa\n\nb\nc\n', ',', 2)).toEqual([['a'], ['b']]);
  });
});

it('reads the head of a CSV file, with rows of different length', () => {
  expect(readDelimited('name\tscore\nx\t1e-3\ny\t2\tmore\n', '\t', 10)).toEqual({
    columns: [
      { name: 'name', type: 'text' },
      { name: 'score', type: 'number' },
      { name: '', type: 'text' },
    ],
    rows: [
      ['x', '1e-3', ''],
      ['y', '2', 'more'],
    ],
  });
});

it('reads JSON lines whose objects differ, up to where the text was cut', () => {
  const head = readJsonLines('{"a":1}\n{"b":"x","a":null}\n{"a":', 10, true);
  expect(head.columns).toEqual([
    { name: 'a', type: 'number' },
    { name: 'b', type: 'text' },
  ]);
  expect(head.rows).toEqual([
    ['1', ''],
    ['', 'x'],
  ]);
});

it('knows a logged table among JSON', () => {
  const head = readSplitTable(
    {
      columns: ['q', 'n'],
      data: [
        ['a', 1],
        ['b', { c: 2 }],
        ['d', 3],
      ],
    },
    2,
  );
  expect(head?.rows).toEqual([
    ['a', '1'],
    ['b', '{"c":2}'],
  ]);
  expect(head?.total).toBe(3);
  expect(readSplitTable({ columns: ['q'], data: 'no' }, 2)).toBeUndefined();
  expect(readSplitTable([1], 2)).toBeUndefined();
});
