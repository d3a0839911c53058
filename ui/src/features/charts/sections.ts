/** Names of metrics in order and in sections: by what stands before the first slash. */

/** Keys with a common prefix; the empty one for keys without a slash. */
export interface Section {
  prefix: string;
  keys: string[];
}

/** The section that system metrics stand in: always the last. */
export const SYSTEM = 'system';
/** A section with more keys is split once more, if that gives sections worth the name. */
const LARGE = 100;

const collator = new Intl.Collator('en', { numeric: true });

/** Numbers in names by their value: layer2 before layer10. */
export const byName = (a: string, b: string): number => collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);

/** What stands before the first slash. */
export function prefixOf(key: string): string {
  const slash = key.indexOf('/');
  return slash > 0 ? key.slice(0, slash) : '';
}

/** Put keys into sections. */
export function groupKeys(keys: readonly string[]): Section[] {
  const sections = [...group(keys, prefixOf)].flatMap(([prefix, members]) =>
    members.length > LARGE && prefix !== '' ? split(prefix, members) : [{ prefix, keys: members }],
  );
  for (const { keys: members } of sections) {
    // Sorting takes long; the names come in their order more often than not.
    if (members.some((key, i) => i > 0 && byName(members[i - 1] ?? '', key) > 0)) members.sort(byName);
  }
  const rank = ({ prefix }: Section) => (prefix === '' ? 0 : prefix === SYSTEM ? 2 : 1);
  return sections.sort((a, b) => rank(a) - rank(b) || byName(a.prefix, b.prefix));
}

function group(keys: readonly string[], name: (key: string) => string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const key of keys) {
    const prefix = name(key);
    const members = found.get(prefix);
    if (members) members.push(key);
    else found.set(prefix, [key]);
  }
  return found;
}

function split(prefix: string, keys: string[]): Section[] {
  const parts = group(keys, (key) => {
    const slash = key.indexOf('/', prefix.length + 1);
    return slash > 0 ? key.slice(0, slash) : prefix;
  });
  if (parts.size < 2 || parts.size > 60 || keys.length / parts.size < 4) return [{ prefix, keys }];
  return [...parts].map(([name, members]) => ({ prefix: name, keys: members }));
}

/** Keys that hold all words, whatever their capitals. */
export function findKeys(keys: readonly string[], text: string | undefined): readonly string[] {
  const words = (text ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return keys;
  return keys.filter((key) => {
    const lower = key.toLowerCase();
    return words.every((word) => lower.includes(word));
  });
}
