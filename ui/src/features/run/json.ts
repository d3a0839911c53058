/** A JSON value as the rows of a tree, of which only the open branches are made. */

/** One row: a member of an object or an array, or the value itself. */
export interface JsonRow {
  /** Where it is, as an address within the value: `$.a[0]`. */
  path: string;
  depth: number;
  /** Its name or place; empty for the value itself. */
  name: string;
  kind: 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null' | 'more';
  /** As JSON, for what has no members. */
  text: string;
  /** How many members it has; how many are left out, for `more`. */
  count: number;
  open: boolean;
}

/** So many members of one object or array are shown at first. */
export const MEMBERS = 200;

/** The rows that are to be seen. `open` holds the paths of the open branches, `all` those whose members are all shown. */
export function listRows(value: unknown, open: ReadonlySet<string>, all: ReadonlySet<string> = new Set()): JsonRow[] {
  const rows: JsonRow[] = [];
  const add = (each: unknown, path: string, name: string, depth: number) => {
    const members = membersOf(each);
    if (!members) {
      rows.push({ path, depth, name, kind: kindOf(each), text: JSON.stringify(each) ?? 'null', count: 0, open: false });
      return;
    }
    const isOpen = open.has(path) && members.length > 0;
    rows.push({
      path,
      depth,
      name,
      kind: Array.isArray(each) ? 'array' : 'object',
      text: '',
      count: members.length,
      open: isOpen,
    });
    if (!isOpen) return;
    const shown = all.has(path) ? members : members.slice(0, MEMBERS);
    for (const [key, member] of shown) add(member, join(path, key, Array.isArray(each)), key, depth + 1);
    const left = members.length - shown.length;
    if (left > 0) rows.push({ path, depth: depth + 1, name: '', kind: 'more', text: '', count: left, open: false });
  };
  add(value, '$', '', 0);
  return rows;
}

/** The branches that are open at first: those near the top, as long as that makes no more than `most` rows. */
export function openAtFirst(value: unknown, most = 60): Set<string> {
  const open = new Set<string>();
  let level: [unknown, string][] = [[value, '$']];
  let rows = 1;
  while (level.length) {
    const next: [unknown, string][] = [];
    let added = 0;
    for (const [each, path] of level) {
      const members = membersOf(each);
      added += Math.min(members?.length ?? 0, MEMBERS);
      for (const [key, member] of members?.slice(0, MEMBERS) ?? [])
        next.push([member, join(path, key, Array.isArray(each))]);
    }
    if (!added || (rows + added > most && open.size > 0)) break;
    for (const [each, path] of level) if (membersOf(each)) open.add(path);
    rows += added;
    level = next;
  }
  return open;
}

function membersOf(value: unknown): [string, unknown][] | undefined {
  if (Array.isArray(value)) return value.map((each: unknown, place) => [String(place), each]);
  if (typeof value === 'object' && value !== null) return Object.entries(value);
  return undefined;
}

function kindOf(value: unknown): JsonRow['kind'] {
  if (value === null || value === undefined) return 'null';
  const kind = typeof value;
  return kind === 'string' || kind === 'number' || kind === 'boolean' ? kind : 'null';
}

function join(path: string, key: string, isArray: boolean): string {
  if (isArray) return `${path}[${key}]`;
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}
