/** A filter's text in pieces: tokens with their places, and the clauses that AND joins. What is right is the server's to say; this reads half-written text too. */

import { normalizeField, quoteText, readField, unquote } from './fields';

export type Shape = 'word' | 'field' | 'text' | 'number' | 'operator' | 'open' | 'close' | 'comma' | 'other';

/** A piece of a filter; `end` is excluded. `whole` is false for a quote that is not closed. */
export interface Token {
  shape: Shape;
  start: number;
  end: number;
  text: string;
  whole: boolean;
}

const PATTERNS: readonly (readonly [Shape, RegExp])[] = [
  // Keys may be quoted, hence fields come before words and texts.
  ['field', /[A-Za-z_]\w*\.(?:[Ee]'(?:\\[\s\S]|[^'\\])*'|`[^`]*`|'[^']*'|"[^"]*"|[\p{L}\p{N}_.]*)/uy],
  ['text', /[Ee]?'(?:\\[\s\S]|[^'\\])*'|[Ee]?"(?:\\[\s\S]|[^"\\])*"|`[^`]*`/y],
  ['number', /-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['word', /[\p{L}_][\p{L}\p{N}_]*/uy],
  ['operator', /[<>=!~]+/y],
  ['open', /\(/y],
  ['close', /\)/y],
  ['comma', /,/y],
];

/** Cut a filter into pieces. */
export function readTokens(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at] ?? '')) {
      at += 1;
      continue;
    }
    const token = readToken(text, at);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

function readToken(text: string, start: number): Token {
  const open = /(?:[A-Za-z_]\w*\.)?[Ee]?(['"`])/y;
  for (const [shape, pattern] of PATTERNS) {
    pattern.lastIndex = start;
    const found = pattern.exec(text)?.[0];
    if (!found) continue;
    const end = start + found.length;
    // `metrics.` before an open quote: the quote and all behind it belong to the key.
    if (shape === 'field' && found.endsWith('.') && /['"`]/.test(text[end] ?? '')) {
      return { shape, start, end: text.length, text: text.slice(start), whole: false };
    }
    return { shape, start, end, text: found, whole: true };
  }
  open.lastIndex = start;
  if (open.test(text)) return { shape: 'text', start, end: text.length, text: text.slice(start), whole: false };
  return { shape: 'other', start, end: start + 1, text: text[start] ?? '', whole: true };
}

const isWord = (token: Token | undefined, ...words: string[]): boolean =>
  token?.shape === 'word' && words.includes(token.text.toUpperCase());

/** A clause that AND joins to others. `simple` if it is one comparison that can be edited by parts. */
export interface Part {
  start: number;
  end: number;
  text: string;
  simple: Comparison | undefined;
}

/** One comparison. `values` as they stand behind quotes; numbers as written. */
export interface Comparison {
  field: string;
  operator: string;
  values: readonly string[];
  quoted: boolean;
}

/** The clauses at the top of a filter. One part if OR stands there. */
export function readParts(text: string): Part[] {
  const tokens = readTokens(text);
  const [first] = tokens;
  const last = tokens.at(-1);
  if (!first || !last) return [];
  const cuts: number[] = [];
  let depth = 0;
  let between = false;
  for (const [place, token] of tokens.entries()) {
    if (token.shape === 'open') depth += 1;
    else if (token.shape === 'close') depth -= 1;
    else if (depth > 0) continue;
    else if (isWord(token, 'BETWEEN')) between = true;
    else if (isWord(token, 'OR')) return [partOf(text, tokens, 0, tokens.length)];
    else if (isWord(token, 'AND')) {
      if (between) between = false;
      else cuts.push(place);
    }
  }
  const edges = [-1, ...cuts, tokens.length];
  return edges.slice(1).flatMap((end, index) => {
    const start = (edges[index] ?? -1) + 1;
    return start < end ? [partOf(text, tokens, start, end)] : [];
  });
}

function partOf(text: string, tokens: readonly Token[], from: number, to: number): Part {
  const own = tokens.slice(from, to);
  const start = own[0]?.start ?? 0;
  const end = own.at(-1)?.end ?? start;
  return { start, end, text: text.slice(start, end), simple: readComparison(text, own) };
}

function readComparison(text: string, tokens: readonly Token[]): Comparison | undefined {
  const operand = operandEnd(tokens);
  const first = tokens[0];
  if (operand === 0 || !first) return undefined;
  const field = text.slice(first.start, tokens[operand - 1]?.end);
  const rest = tokens.slice(operand);
  const [sign, value, ...more] = rest;
  if (sign?.shape === 'operator' || isWord(sign, 'LIKE', 'ILIKE')) {
    if (!value || more.length > 0 || !['text', 'number'].includes(value.shape)) return undefined;
    return {
      field,
      operator: (sign?.text ?? '').toUpperCase(),
      values: [unquote(value.text)],
      quoted: value.shape === 'text',
    };
  }
  const words = rest.filter((token) => token.shape === 'word').map((token) => token.text.toUpperCase());
  const values = rest.filter((token) => token.shape === 'text' || token.shape === 'number');
  const operator = words.join(' ');
  if (operator === 'IS NULL' || operator === 'IS NOT NULL')
    return values.length ? undefined : { field, operator, values: [], quoted: false };
  if (operator === 'BETWEEN AND' && values.length === 2) {
    return { field, operator: 'BETWEEN', values: values.map((token) => token.text), quoted: false };
  }
  if ((operator === 'IN' || operator === 'NOT IN') && rest.at(-1)?.shape === 'close' && values.length > 0) {
    const quoted = values.every((token) => token.shape === 'text');
    return { field, operator, values: values.map((token) => unquote(token.text)), quoted };
  }
  return undefined;
}

/** How many tokens the field takes, from the first on: one, or four for `min(metrics.loss)`. */
function operandEnd(tokens: readonly Token[]): number {
  const [first, open, inner, close] = tokens;
  if (first?.shape === 'word' && open?.shape === 'open')
    return inner?.shape === 'field' && close?.shape === 'close' ? 4 : 0;
  if (isWord(first, 'NOT', 'AND', 'OR', 'IN', 'IS', 'BETWEEN', 'LIKE', 'ILIKE')) return 0;
  return first?.shape === 'field' || first?.shape === 'word' || (first?.shape === 'text' && first.text.startsWith('`'))
    ? 1
    : 0;
}

/** Write a comparison; the values are put in quotes if they are texts. */
export function writeComparison({ field, operator, values, quoted }: Comparison): string {
  const written = values.map((value) => (quoted ? quoteText(value) : value));
  if (operator === 'BETWEEN') return `${field} BETWEEN ${written[0] ?? ''} AND ${written[1] ?? ''}`;
  if (operator.startsWith('IS ')) return `${field} ${operator}`;
  if (operator.endsWith('IN')) return `${field} ${operator} (${written.join(', ')})`;
  return `${field} ${operator} ${written[0] ?? ''}`;
}

/** The filter without a part. */
export function dropPart(text: string, part: Part): string {
  const kept = readParts(text).filter((each) => each.start !== part.start);
  return kept.map((each) => each.text).join(' AND ');
}

/** The filter with another text in place of a part. */
export function replacePart(text: string, part: Part, written: string): string {
  return text.slice(0, part.start) + written + text.slice(part.end);
}

/** The filter with one clause more. What has OR at its top goes into parentheses. */
export function addClause(text: string, clause: string): string {
  if (text.trim() === '') return clause;
  return `${guard(text)} AND ${clause}`;
}

/** A filter as a part of another one. */
export function guard(text: string): string {
  const tokens = readTokens(text);
  let depth = 0;
  for (const token of tokens) {
    if (token.shape === 'open') depth += 1;
    else if (token.shape === 'close') depth -= 1;
    else if (depth === 0 && isWord(token, 'OR')) return `(${text.trim()})`;
  }
  return text.trim();
}

const SIGNS: Readonly<Record<string, string>> = {
  '!=': '≠',
  '>=': '≥',
  '<=': '≤',
  LIKE: 'like',
  ILIKE: 'like (any case)',
  IN: 'is one of',
  'NOT IN': 'is none of',
  BETWEEN: 'between',
  'IS NULL': 'is missing',
  'IS NOT NULL': 'is there',
};

/** A part as it stands on its chip. */
export function labelPart(part: Part): string {
  const { simple } = part;
  if (!simple) return part.text;
  const { entity, key, statistic } = readField(normalizeField(simple.field));
  const name = statistic === 'latest' ? key : `${statistic}(${key})`;
  const shown = entity === 'tag' ? `tag ${name}` : name;
  const sign = SIGNS[simple.operator] ?? simple.operator;
  const between = simple.operator === 'BETWEEN' ? ' and ' : ', ';
  return [shown, sign, simple.values.join(between)].filter(Boolean).join(' ');
}

/** Where the server found a mistake, in characters from 0; `undefined` if its message names no place. */
export function placeOfError(message: string): number | undefined {
  const found = /^Invalid filter, column (\d+)/.exec(message);
  return found ? Number(found[1]) - 1 : undefined;
}

/** The first line of the server's message, without what shows the place: the box shows it. */
export const wordsOfError = (message: string): string => {
  const [first] = message.split('\n');
  const words = (first ?? message).replace(/^Invalid filter, column \d+:\s*/, '');
  return words.charAt(0).toUpperCase() + words.slice(1);
};
