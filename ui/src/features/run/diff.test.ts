import { expect, it } from 'vitest';
import { readDiff } from './diff';

const DIFF = `diff --git a/train.py b/train.py
index 111..222 100644
--- a/train.py
+++ b/train.py
@@ -10,3 +10,4 @@ def train():
 same
-old line
+new line
+--- a/looks.like/a.header
 last
@@ -40 +41 @@
-x
+y
\\ No newline at end of file
diff --git a/new file.txt b/new file.txt
new file mode 100644
--- /dev/null
+++ b/new file.txt
@@ -0,0 +1 @@
+hello
diff --git a/gone.py b/gone.py
deleted file mode 100644
--- a/gone.py
+++ /dev/null
@@ -1 +0,0 @@
-bye
diff --git a/picture.png b/picture.png
index 333..444 100644
GIT binary patch
literal 10
zcmXXX
`;

const files = readDiff(DIFF);

it('finds the files and what became of them', () => {
  expect(files.map(({ path, change, binary }) => [path, change, binary])).toEqual([
    ['train.py', 'changed', false],
    ['new file.txt', 'added', false],
    ['gone.py', 'deleted', false],
    ['picture.png', 'changed', true],
  ]);
});

it('counts lines, and takes those that look like headers as what they are', () => {
  expect(files.map(({ added, removed }) => [added, removed])).toEqual([
    [3, 2],
    [1, 0],
    [0, 1],
    [0, 0],
  ]);
});

it('numbers the lines of both sides', () => {
  const lines = files[0]?.hunks[0]?.lines;
  expect(lines?.map(({ sign, before, after }) => [sign, before, after])).toEqual([
    [' ', 10, 10],
    ['-', 11, undefined],
    ['+', undefined, 11],
    ['+', undefined, 12],
    [' ', 12, 13],
  ]);
  expect(files[0]?.hunks[0]?.heading).toBe('def train():');
  expect(files[0]?.hunks[1]?.lines.at(-1)).toEqual({ sign: '\\', text: 'No newline at end of file' });
});

it('reads names that git quotes, and renames', () => {
  const [file] = readDiff(
    'diff --git "a/gr\\303\\266\\303\\237e.txt" "b/gr\\303\\266\\303\\237e.txt"\nnew file mode 100644\n',
  );
  expect(file?.path).toBe('größe.txt');
  const [renamed] = readDiff(
    'diff --git a/old.py b/new.py\nsimilarity index 90%\nrename from old.py\nrename to new.py\n',
  );
  expect(renamed).toMatchObject({ path: 'new.py', from: 'old.py', change: 'renamed' });
});

it('finds nothing in what is no diff', () => {
  expect(readDiff('hello\n+world\n')).toEqual([]);
  expect(readDiff('')).toEqual([]);
});
