import { expect, it } from 'vitest';
import { toCsv } from './csv';

it('quotes what would break a row', () => {
  expect(toCsv([['a,b', 'say "x"', 'two\nlines']])).toBe('"a,b","say ""x""","two\nlines"\r\n');
});

it('writes numbers whole, NaN and infinities by name, and nothing for what is missing', () => {
  expect(toCsv([[0.1, 1e-300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, undefined]])).toBe(
    '0.1,1e-300,nan,inf,-inf,\r\n',
  );
});

it('keeps texts from being formulas, and numbers from becoming texts', () => {
  expect(toCsv([['=1+1', '@x', '-x', '-1.5', '+2']])).toBe("'=1+1,'@x,'-x,-1.5,+2\r\n");
});
