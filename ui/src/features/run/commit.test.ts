import { expect, it } from 'vitest';
import { commitAddress, webAddress } from './commit';

it.each([
  ['git@github.com:org/repo.git', 'https://github.com/org/repo'],
  ['https://github.com/org/repo.git', 'https://github.com/org/repo'],
  ['https://user@git.example.org:8443/a/b/', 'https://git.example.org:8443/a/b'],
  ['ssh://git@gitlab.example.org:2222/group/sub/repo.git', 'https://gitlab.example.org/group/sub/repo'],
])('%s is at %s', (remote, address) => {
  expect(webAddress(remote)).toBe(address);
});

it.each(['/srv/repo.git', 'C:/code/repo', 'javascript:alert(1)', 'file:///srv/repo', ''])(
  '%j is nowhere on the web',
  (remote) => {
    expect(webAddress(remote)).toBeUndefined();
  },
);

it('knows how hosts write a commit, and makes no address of what is none', () => {
  const commit = 'a'.repeat(40);
  expect(commitAddress('git@github.com:o/r.git', commit)).toBe(`https://github.com/o/r/commit/${commit}`);
  expect(commitAddress('git@gitlab.com:o/r.git', commit)).toBe(`https://gitlab.com/o/r/-/commit/${commit}`);
  expect(commitAddress('git@bitbucket.org:o/r.git', commit)).toBe(`https://bitbucket.org/o/r/commits/${commit}`);
  expect(commitAddress('git@github.com:o/r.git', '../../x')).toBeUndefined();
});
