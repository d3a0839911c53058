/** The code of two runs: where its host shows what lies between their commits, and which files' uncommitted changes differ. */

import { webAddress } from '@/features/run/commit';
import { type DiffFile, readDiff } from '@/features/run/diff';

const COMMIT = /^[0-9a-f]{7,64}$/i;

/** The page on which a repository's host shows the way from one commit to another; `undefined` if its addresses are not known. */
export function compareAddress(remote: string, from: string, to: string): string | undefined {
  const repository = webAddress(remote);
  if (!repository || !COMMIT.test(from) || !COMMIT.test(to)) return undefined;
  const { hostname } = new URL(repository);
  if (/gitlab/.test(hostname)) return `${repository}/-/compare/${from}...${to}`;
  if (/bitbucket/.test(hostname)) return `${repository}/branches/compare/${to}..${from}`;
  return `${repository}/compare/${from}...${to}`;
}

/** What two work trees have changed in one file, against their own commits. */
export interface FilePair {
  path: string;
  left: DiffFile | undefined;
  right: DiffFile | undefined;
  same: boolean;
}

/** The files of two uncommitted diffs, side by side, by path. */
export function pairFiles(left: string, right: string): FilePair[] {
  const [ours, theirs] = [byPath(left), byPath(right)];
  return [...new Set([...ours.keys(), ...theirs.keys()])].sort().map((path) => {
    const [one, other] = [ours.get(path), theirs.get(path)];
    return { path, left: one, right: other, same: JSON.stringify(one) === JSON.stringify(other) };
  });
}

const byPath = (text: string): Map<string, DiffFile> => new Map(readDiff(text).map((file) => [file.path, file]));
