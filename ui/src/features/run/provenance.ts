/** What a client has recorded of a run's origin: the files of the folder `provenance`, read with care, for other versions write other fields. */

import { formatBytes } from '@/lib/format';

/** The folder; further processes of a run have folders of their own in it. */
export const FOLDER = 'provenance';
export const DIFF_FILE = 'uncommitted.diff';
export const CELLS_FILE = 'notebook.py';
export const REQUIREMENTS_FILE = 'requirements.txt';
export const SOURCE_FOLDER = 'source';

type Fields = Record<string, unknown>;

/** One process of a run: how it was started, its code, its machine. */
export interface Process {
  kind: string;
  command: readonly string[];
  folder: string;
  file: string;
  root: string;
  commit: string;
  branch: string;
  remote: string;
  /** Files that differ from the commit; unknown if git did not tell. */
  changed?: number;
  /** Changed files that are not in the diff. */
  leftOut: readonly string[];
  untracked: readonly string[];
  untrackedCount: number;
  host: readonly Fact[];
  variables: readonly Fact[];
  seeds: readonly Fact[];
  /** Parts that could not be found out, and why. */
  problems: readonly Fact[];
}

/** A name, and what is to be said of it. */
export interface Fact {
  name: string;
  value: string;
}

/** An installed package. */
export interface Package {
  name: string;
  version: string;
  /** Where it came from, if not from an index. */
  origin: string;
  requested: boolean;
}

/** An interpreter and its packages. */
export interface Environment {
  python: string;
  executable: string;
  platform: string;
  packages: readonly Package[];
}

/** Read `process.json`. */
export function readProcess(value: unknown): Process {
  const told = fields(value);
  const [git, entry, host] = [fields(told.git), fields(told.entry), fields(told.host)];
  return {
    kind: text(entry.kind),
    command: texts(entry.command),
    folder: text(entry.folder),
    file: text(entry.file),
    root: text(git.root),
    commit: text(git.commit),
    branch: text(git.branch),
    remote: text(git.remote),
    ...(typeof git.changed === 'number' ? { changed: git.changed } : {}),
    leftOut: texts(git.left_out),
    untracked: texts(git.untracked),
    untrackedCount: typeof git.untracked_count === 'number' ? git.untracked_count : texts(git.untracked).length,
    host: listFacts(host).map(nameFact),
    variables: listFacts(fields(told.variables)),
    seeds: listFacts(fields(fields(told.random).seeds)),
    problems: listFacts(fields(told.problems)),
  };
}

/** Read `environment.json`. */
export function readEnvironment(value: unknown): Environment {
  const told = fields(value);
  const python = fields(told.python);
  const packages = Array.isArray(told.packages) ? told.packages : [];
  return {
    python: [text(python.implementation), text(python.version)].filter(Boolean).join(' '),
    executable: text(python.executable),
    platform: text(python.platform),
    packages: packages.map((each: unknown) => {
      const found = fields(each);
      const source = fields(found.source);
      const commit = text(source.commit);
      return {
        name: text(found.name),
        version: text(found.version),
        origin: [
          text(source.url),
          commit && `@ ${commit.slice(0, 12)}`,
          source.is_dirty === true && 'with uncommitted changes',
        ]
          .filter(Boolean)
          .join(' '),
        requested: found.requested === true,
      };
    }),
  };
}

/** Words of a command line as a shell takes them. */
export const joinCommand = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');

/** The lines that bring the code, the packages and the command of a run back. */
export function writeSteps(
  process: Process,
  runId: string,
  folder: string,
  hasDiff: boolean,
  hasRequirements: boolean,
): string {
  const lines: string[] = [];
  if (process.remote && /^[0-9a-f]{4,64}$/i.test(process.commit)) {
    lines.push(`git clone -- ${joinCommand([process.remote])} code`, 'cd code', `git checkout ${process.commit}`);
  }
  const download = (file: string) => `headrace artifacts download ${joinCommand([runId, `${folder}/${file}`])}`;
  if (hasDiff) lines.push(download(DIFF_FILE), `git apply ${DIFF_FILE}`);
  if (hasRequirements) lines.push(download(REQUIREMENTS_FILE), `pip install -r ${REQUIREMENTS_FILE}`);
  if (process.command.length) {
    const inside =
      process.root && process.folder.startsWith(`${process.root}/`)
        ? process.folder.slice(process.root.length + 1)
        : '';
    if (inside) lines.push(`cd ${joinCommand([inside])}`);
    const [interpreter = '', ...rest] = process.command;
    lines.push(joinCommand([interpreter.slice(interpreter.lastIndexOf('/') + 1), ...rest]));
  }
  return lines.length ? `${lines.join('\n')}\n` : '';
}

function listFacts(told: Fields, before = ''): Fact[] {
  return Object.entries(told).flatMap(([key, value]) => {
    const name = before ? `${before}.${key}` : key;
    if (Array.isArray(value))
      return [
        {
          name,
          value: value
            .map((each: unknown) => (typeof each === 'object' ? JSON.stringify(each) : String(each)))
            .join(', '),
        },
      ];
    if (typeof value === 'object' && value !== null) return listFacts(fields(value), name);
    return value === undefined || value === null ? [] : [{ name, value: String(value) }];
  });
}

/** A fact of the machine in words: `memory_bytes` is "memory", in megabytes and the like. */
const nameFact = ({ name, value }: Fact): Fact => ({
  name: name.replace(/_bytes$/, '').replaceAll('_', ' '),
  value: name.endsWith('_bytes') && Number.isFinite(Number(value)) ? formatBytes(Number(value)) : value,
});

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const fields = (value: unknown): Fields => (isFields(value) ? value : {});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each: unknown) => typeof each === 'string') : [];
