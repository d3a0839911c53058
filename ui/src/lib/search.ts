/** Reading of an address's search part: what is malformed there is left out, never an error. */

export type Raw = Record<string, unknown>;

export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;

export const texts = (value: unknown): string[] | undefined => {
  if (!Array.isArray(value)) return undefined;
  const found = value.map(text).filter((each) => each !== undefined);
  return found.length ? found : undefined;
};

export const finite = (value: unknown, least = -Infinity, most = Infinity): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : undefined;

export const range = (value: unknown): [number, number] | undefined => {
  const [from, to] = Array.isArray(value) ? value.map((each) => finite(each)) : [];
  return from !== undefined && to !== undefined && from < to ? [from, to] : undefined;
};

export const oneOf = <T extends string>(value: unknown, allowed: readonly T[]): T | undefined =>
  allowed.find((each) => each === value);

/** `true`, or left out. */
export const flag = (value: unknown): true | undefined => (value === true || value === 1 ? true : undefined);

/** An object without the fields that are undefined, so that defaults stay out of the address. */
export function compact<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}
