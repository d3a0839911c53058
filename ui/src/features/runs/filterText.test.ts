/** Filters in pieces, and chips that become clauses again. */

import { describe, expect, it } from 'vitest';
import {
  addClause,
  dropPart,
  guard,
  labelPart,
  placeOfError,
  readParts,
  readTokens,
  replacePart,
  wordsOfError,
  writeComparison,
} from './filterText';

const partsOf = (text: string) => readParts(text).map((part) => part.text);

describe('readTokens', () => {
  it('keeps quoted keys and texts whole', () => {
    const text = "metrics.`val loss` < 1e-3 AND tags.a = 'x AND y'";
    expect(readTokens(text).map((token) => token.text)).toEqual([
      'metrics.`val loss`',
      '<',
      '1e-3',
      'AND',
      'tags.a',
      '=',
      "'x AND y'",
    ]);
  });

  it('says that a quote is open', () => {
    expect(readTokens("params.m = 'tr").at(-1)).toMatchObject({ shape: 'text', whole: false, text: "'tr" });
    expect(readTokens('metrics.`val').at(-1)).toMatchObject({ shape: 'field', whole: false, text: 'metrics.`val' });
  });

  it('gets to the end of whatever is written', () => {
    for (const text of ['§§', '((', "E'a\\", 'a..b', '-', '😀 = 1', '`']) {
      const tokens = readTokens(text);
      expect(tokens.at(-1)?.end).toBe(text.length);
    }
  });
});

describe('readParts', () => {
  it('cuts at AND on top alone', () => {
    expect(partsOf("a.b = 1 AND (params.x = '1' AND params.y = '2') and NOT status = 'FAILED'")).toEqual([
      'a.b = 1',
      "(params.x = '1' AND params.y = '2')",
      "NOT status = 'FAILED'",
    ]);
  });

  it('does not cut at the AND of BETWEEN', () => {
    expect(partsOf('metrics.a BETWEEN 1 AND 2 AND metrics.b > 3')).toEqual([
      'metrics.a BETWEEN 1 AND 2',
      'metrics.b > 3',
    ]);
  });

  it('is one part where OR stands on top', () => {
    expect(partsOf('a = 1 AND b = 2 OR c = 3')).toEqual(['a = 1 AND b = 2 OR c = 3']);
    expect(partsOf('(a = 1 OR c = 3) AND b = 2')).toEqual(['(a = 1 OR c = 3)', 'b = 2']);
  });

  it('has no parts without text', () => {
    expect(readParts('  ')).toEqual([]);
  });
});

describe('chips', () => {
  it.each([
    'metrics.loss < 0.1',
    "params.model = 'tree'",
    `params.model = "it's"`,
    "params.model IN ('a', 'b')",
    'params.lr NOT IN (1, 2.5)',
    'metrics.`val loss` BETWEEN 0 AND 0.5',
    'tags.team IS NOT NULL',
    "run_name LIKE 'a%'",
    'min(metrics.loss) >= -1e-3',
    "tags.a = E'x\\'\"y'",
  ])('%s comes back as it was', (text) => {
    const [part] = readParts(text);
    if (!part?.simple) throw new Error('not simple');
    expect(writeComparison(part.simple)).toBe(text);
  });

  it.each(["NOT a = 'x'", '(a = 1)', 'metrics.a <', 'metrics.a', 'params.a IN ()', "a = 'b' 'c'"])(
    '%s cannot be edited by parts',
    (text) => {
      expect(readParts(text)[0]?.simple).toBeUndefined();
    },
  );

  it('can be dropped from the middle, the beginning and the end', () => {
    const text = "metrics.a > 1 AND params.b = 'x' AND tags.c IS NULL";
    const parts = readParts(text);
    const without = (place: number) => {
      const part = parts[place];
      return part && dropPart(text, part);
    };
    expect(without(0)).toBe("params.b = 'x' AND tags.c IS NULL");
    expect(without(1)).toBe('metrics.a > 1 AND tags.c IS NULL');
    expect(without(2)).toBe("metrics.a > 1 AND params.b = 'x'");
  });

  it('can be changed in place', () => {
    const text = "metrics.a > 1 AND params.b = 'x'";
    const [first] = readParts(text);
    expect(first && replacePart(text, first, 'metrics.a > 2')).toBe("metrics.a > 2 AND params.b = 'x'");
  });

  it('read like words', () => {
    const label = (text: string) => readParts(text).map(labelPart)[0];
    expect(label('metrics.`val/loss` <= 0.1')).toBe('val/loss ≤ 0.1');
    expect(label("tags.team IN ('a', 'b')")).toBe('tag team is one of a, b');
    expect(label('min(metrics.a) BETWEEN 1 AND 2')).toBe('min(a) between 1 and 2');
    expect(label('params.x IS NULL')).toBe('x is missing');
    expect(label('NOT a = 1')).toBe('NOT a = 1');
  });
});

describe('addClause', () => {
  it('joins by AND and guards OR', () => {
    expect(addClause('', 'a = 1')).toBe('a = 1');
    expect(addClause('a = 1', 'b = 2')).toBe('a = 1 AND b = 2');
    expect(addClause('a = 1 OR c = 3', 'b = 2')).toBe('(a = 1 OR c = 3) AND b = 2');
  });

  it('does not guard an OR within parentheses or quotes', () => {
    expect(guard("(a = 1 OR c = 3) AND d = 'x OR y'")).toBe("(a = 1 OR c = 3) AND d = 'x OR y'");
  });
});

describe('errors of the server', () => {
  const message =
    "Invalid filter, column 11: a comparator was expected, found '=='. Write = for equality.\nmetrics.a == 1\n          ^";

  it('have a place and words', () => {
    expect(placeOfError(message)).toBe(10);
    expect(wordsOfError(message)).toBe("A comparator was expected, found '=='. Write = for equality.");
    expect(placeOfError('The server does not answer.')).toBeUndefined();
  });
});
