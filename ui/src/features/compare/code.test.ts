import { expect, it } from 'vitest';
import { compareAddress, pairFiles } from './code';

const [FROM, TO] = ['0123456789abcdef0123', 'fedcba98765432100000'];

it('knows where hosts show the way between commits', () => {
  expect(compareAddress('git@github.com:team/code.git', FROM, TO)).toBe(
    `https://github.com/team/code/compare/${FROM}...${TO}`,
  );
  expect(compareAddress('https://gitlab.example.org/a/b', FROM, TO)).toBe(
    `https://gitlab.example.org/a/b/-/compare/${FROM}...${TO}`,
  );
});

it('makes no address of what is no commit or no place on the web', () => {
  expect(compareAddress('https://github.com/team/code', 'HEAD', TO)).toBeUndefined();
  expect(compareAddress('/srv/somebody/code', FROM, TO)).toBeUndefined();
  expect(compareAddress('javascript:alert(1)', FROM, TO)).toBeUndefined();
});

const diff = (path: string, line: string) =>
  `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n@@ -1 +1 @@\n-old\n+${line}\n`;

it('pairs the files of two work trees', () => {
  const pairs = pairFiles(
    diff('a.py', 'x') + diff('b.py', 'y'),
    diff('a.py', 'x') + diff('b.py', 'z') + diff('c.py', 'w'),
  );
  expect(pairs.map(({ path, same }) => [path, same])).toEqual([
    ['a.py', true],
    ['b.py', false],
    ['c.py', false],
  ]);
  expect(pairs[2]?.left).toBeUndefined();
});
