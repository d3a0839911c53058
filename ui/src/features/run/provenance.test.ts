import { expect, it } from 'vitest';
import { joinCommand, readEnvironment, readProcess, writeSteps } from './provenance';

const PROCESS = {
  format: 1,
  git: {
    root: '/srv/a/code',
    commit: 'c0ffee',
    branch: 'main',
    remote: 'https://example.org/a.git',
    changed: 2,
    left_out: ['.env'],
    untracked: ['x'],
    untracked_count: 7,
  },
  entry: {
    kind: 'script',
    command: ['/usr/bin/python', 'train.py', '--note', "it's"],
    folder: '/srv/a/code/sub',
    file: '/srv/a/code/sub/train.py',
  },
  host: { name: 'box', gpus: [{ name: 'A' }], limits: { memory: 5 }, memory_bytes: 16e9 },
  random: { seeds: { python: 3 } },
  problems: { host: 'OSError: no' },
};

it('reads what was recorded of a process', () => {
  const process = readProcess(PROCESS);
  expect(process).toMatchObject({ kind: 'script', commit: 'c0ffee', changed: 2, leftOut: ['.env'], untrackedCount: 7 });
  expect(process.host).toEqual([
    { name: 'name', value: 'box' },
    { name: 'gpus', value: '{"name":"A"}' },
    { name: 'limits.memory', value: '5' },
    { name: 'memory', value: '16.0 GB' },
  ]);
  expect(process.seeds).toEqual([{ name: 'python', value: '3' }]);
  expect(process.problems).toEqual([{ name: 'host', value: 'OSError: no' }]);
});

it.each([undefined, null, 7, [], { git: 'x', entry: [1], host: null }])(
  'takes %j as a record that says nothing',
  (value) => {
    expect(readProcess(value)).toMatchObject({ kind: '', command: [], commit: '', host: [], untrackedCount: 0 });
    expect(readEnvironment(value).packages).toEqual([]);
  },
);

it('reads packages, and where they came from', () => {
  const environment = readEnvironment({
    python: { implementation: 'CPython', version: '3.12.1' },
    packages: [
      { name: 'a', version: '1', requested: true },
      { name: 'b', version: '2', source: { url: 'https://x.org/b', commit: '0123456789abcdef', is_dirty: true } },
    ],
  });
  expect(environment.python).toBe('CPython 3.12.1');
  expect(environment.packages).toEqual([
    { name: 'a', version: '1', origin: '', requested: true },
    { name: 'b', version: '2', origin: 'https://x.org/b @ 0123456789ab with uncommitted changes', requested: false },
  ]);
});

it('writes words as a shell takes them', () => {
  expect(joinCommand(['a', '--b=c/d', "it's", '$(rm)', ''])).toBe("a --b=c/d 'it'\\''s' '$(rm)' ''");
});

it('says how the run is repeated', () => {
  expect(writeSteps(readProcess(PROCESS), 'r1', 'provenance', true, false).split('\n')).toEqual([
    'git clone -- https://example.org/a.git code',
    'cd code',
    'git checkout c0ffee',
    'headrace artifacts download r1 provenance/uncommitted.diff',
    'git apply uncommitted.diff',
    'cd sub',
    "python train.py --note 'it'\\''s'",
    '',
  ]);
  expect(writeSteps(readProcess({}), 'r1', 'provenance', false, false)).toBe('');
});

it('writes no command that somebody else has put into a record', () => {
  const told = {
    git: { remote: '--upload-pack=touch x', commit: '; rm -rf ~' },
    entry: { command: ['python', 'a.py; touch x'], folder: '/' },
  };
  expect(writeSteps(readProcess(told), 'r1', 'provenance/a b', true, false).split('\n')).toEqual([
    "headrace artifacts download r1 'provenance/a b/uncommitted.diff'",
    'git apply uncommitted.diff',
    "python 'a.py; touch x'",
    '',
  ]);
});
