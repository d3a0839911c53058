/** What is brushed on the axes, and the same as texts of an address: `metrics.loss:0.1..0.4`, `params.model=["CNN","MLP"]`. */

/** A range of numbers (both ends belong to it), or a choice of texts. */
export type Brush = { kind: 'range'; from: number; to: number } | { kind: 'choice'; texts: readonly string[] };

/** By the name of the field. */
export type Brushes = ReadonlyMap<string, Brush>;

/** Write brushes, in the order they have. */
export function writeBrushes(brushes: Brushes): string[] {
  return [...brushes].map(([name, brush]) =>
    brush.kind === 'range' ? `${name}:${brush.from}..${brush.to}` : `${name}=${JSON.stringify(brush.texts)}`,
  );
}

/** Read brushes; what is none is left out. */
export function readBrushes(texts: readonly string[] | undefined): Brushes {
  const found = new Map<string, Brush>();
  for (const text of texts ?? []) {
    const [name, brush] = readChoice(text) ?? readRange(text) ?? [];
    if (name && brush) found.set(name, brush);
  }
  return found;
}

/** Names may hold colons; numbers hold none. */
function readRange(text: string): [string, Brush] | undefined {
  const colon = text.lastIndexOf(':');
  const [from = '', to = '', more] = text.slice(colon + 1).split('..');
  if (colon < 1 || more !== undefined || from === '' || to === '') return undefined;
  const [low, high] = [Number(from), Number(to)];
  if (Number.isNaN(low) || Number.isNaN(high) || low > high) return undefined;
  return [text.slice(0, colon), { kind: 'range', from: low, to: high }];
}

/** Names may hold `=[`: the list begins at the first that is followed by one. */
function readChoice(text: string): [string, Brush] | undefined {
  if (!text.endsWith(']')) return undefined;
  for (let at = text.indexOf('=['); at > 0; at = text.indexOf('=[', at + 1)) {
    const texts = readList(text.slice(at + 1));
    if (texts) return [text.slice(0, at), { kind: 'choice', texts }];
  }
  return undefined;
}

function readList(text: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.length > 0 && list.every((each) => typeof each === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a run's value of a field is within a brush. What has no value is in none. */
export function isWithin(brush: Brush, number: number, text: string | undefined): boolean {
  if (brush.kind === 'choice') return text !== undefined && brush.texts.includes(text);
  return number >= brush.from && number <= brush.to;
}

/** A number with as many digits as tell two pixels of an axis apart, for a short address. */
export function roundFor(value: number, length: number): number {
  if (!Number.isFinite(value) || value === 0 || !(length > 0)) return value;
  const digits = Math.ceil(Math.log10(Math.abs(value) / length)) + 4;
  return Number(value.toPrecision(Math.min(15, Math.max(2, digits))));
}
