/** What may come next in a filter that is being written: where the cursor stands, and what fits there. Names and values come from the server. */

import { ATTRIBUTES, type Entity, quoteKey, quoteText, readField, unquote } from './fields';
import { readTokens, type Token } from './filterText';

/** What is wanted at the cursor. `from` and `to`: the text that a choice takes the place of; `typed`: what there is of it. */
export type Wanted =
  | { kind: 'field'; from: number; to: number; typed: string; entity: Entity | undefined; closing: string }
  | { kind: 'operator'; from: number; to: number; typed: string; field: string }
  | { kind: 'value'; from: number; to: number; typed: string; field: string; list: boolean }
  | { kind: 'joint'; from: number; to: number; typed: string }
  | { kind: 'nothing' };

/** A choice: `insert` takes the place of what is typed, the cursor goes behind it, `back` characters before its end. */
export interface Choice {
  label: string;
  insert: string;
  note: string;
  back?: number;
}

/** What the cursor asks for. */
export function readWanted(text: string, cursor: number): Wanted {
  const before = readTokens(text.slice(0, cursor));
  const last = before.at(-1);
  const touching = last !== undefined && (last.end === cursor || !last.whole) ? last : undefined;
  const done = touching ? before.slice(0, -1) : before;
  const from = touching?.start ?? cursor;
  const to = touching ? endOfToken(text, touching) : cursor;
  const typed = touching ? text.slice(touching.start, cursor) : '';
  const state = stateAfter(done);
  if (touching && ['open', 'close', 'comma'].includes(touching.shape)) return afterMark(before, cursor);
  switch (state.kind) {
    case 'field':
      return { kind: 'field', from, to, typed, entity: entityOf(typed), closing: '' };
    case 'inner':
      return { kind: 'field', from, to, typed, entity: 'metric', closing: text[to] === ')' ? '' : ')' };
    case 'operator':
      // The operator is there already: `loss<` waits for a value right behind it.
      if (touching?.shape === 'operator')
        return { kind: 'value', from: cursor, to: cursor, typed: '', field: state.field, list: false };
      return { kind: 'operator', from, to, typed, field: state.field };
    case 'value':
      return { kind: 'value', from, to, typed, field: state.field, list: state.list };
    case 'joint':
      return { kind: 'joint', from, to, typed };
    default:
      return { kind: 'nothing' };
  }
}

function afterMark(tokens: readonly Token[], cursor: number): Wanted {
  const state = stateAfter(tokens);
  const place = { from: cursor, to: cursor, typed: '' };
  if (state.kind === 'field') return { ...place, kind: 'field', entity: undefined, closing: '' };
  if (state.kind === 'inner') return { ...place, kind: 'field', entity: 'metric', closing: ')' };
  if (state.kind === 'value') return { ...place, kind: 'value', field: state.field, list: state.list };
  return { kind: 'nothing' };
}

/** The end of a token in the whole text: a choice replaces what stands behind the cursor as well. */
function endOfToken(text: string, token: Token): number {
  const whole = readTokens(text.slice(token.start))[0];
  return whole ? token.start + whole.end : token.end;
}

const entityOf = (typed: string): Entity | undefined => {
  const { entity } = readField(typed.includes('.') ? `${typed}x` : typed);
  return entity === 'attribute' ? undefined : entity;
};

type State =
  | { kind: 'field' }
  | { kind: 'operator'; field: string }
  | { kind: 'value'; field: string; list: boolean }
  | { kind: 'joint' }
  | { kind: 'inner' };

/** Walk over whole tokens and say what has to follow. */
function stateAfter(tokens: readonly Token[]): State {
  let state: State = { kind: 'field' };
  let statistic = '';
  let limits = 0;
  for (const token of tokens) {
    const word = token.shape === 'word' ? token.text.toUpperCase() : '';
    switch (state.kind) {
      case 'field':
        if (word === 'NOT') break;
        if (token.shape === 'open') break;
        if (/^(MIN|MAX|FIRST|LAST|LATEST|COUNT)$/.test(word)) {
          statistic = token.text.toLowerCase();
          state = { kind: 'inner' };
        } else {
          state = { kind: 'operator', field: token.text };
        }
        break;
      case 'inner':
        // Within `min(`: the metric, then the parenthesis.
        if (token.shape === 'field') state = { kind: 'operator', field: `${statistic}(${token.text})` };
        else if (token.shape === 'operator' || word) state = { kind: 'operator', field: statistic };
        break;
      case 'operator': {
        if (token.shape === 'close') break;
        const { field }: { field: string } = state;
        if (word === 'NULL') state = { kind: 'joint' };
        else if (word === 'IS' || word === 'NOT') break;
        else if (word === 'IN') state = { kind: 'value', field, list: true };
        else if (word === 'BETWEEN') {
          limits = 2;
          state = { kind: 'value', field, list: false };
        } else state = { kind: 'value', field, list: false };
        break;
      }
      case 'value':
        if (token.shape === 'open' || token.shape === 'comma' || word === 'AND') break;
        if (token.shape === 'close') state = { kind: 'joint' };
        else if (!state.list) {
          limits -= 1;
          if (limits <= 0) state = { kind: 'joint' };
        }
        break;
      case 'joint':
        if (word === 'AND' || word === 'OR') state = { kind: 'field' };
        break;
    }
  }
  return state;
}

const METRIC_OPERATORS = ['<', '<=', '>', '>=', '=', '!=', 'BETWEEN', 'IN'];
const TEXT_OPERATORS = ['=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN', 'IS NULL', 'IS NOT NULL'];
const PARAM_OPERATORS = [
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'LIKE',
  'ILIKE',
  'IN',
  'NOT IN',
  'BETWEEN',
  'IS NULL',
  'IS NOT NULL',
];
const NOTES: Readonly<Record<string, string>> = {
  LIKE: 'a pattern: % is any text',
  ILIKE: 'a pattern, capitals not minded',
  BETWEEN: 'both ends included',
  IN: 'one of a list',
  'NOT IN': 'none of a list',
  'IS NULL': 'runs without it',
  'IS NOT NULL': 'runs that have it',
};

/** The operators that go with a field. */
export function operatorsFor(field: string): readonly string[] {
  const { entity, key } = readField(field);
  if (entity === 'metric') return METRIC_OPERATORS;
  if (entity === 'param') return PARAM_OPERATORS;
  if (entity === 'tag') return TEXT_OPERATORS;
  return key === 'start_time' || key === 'end_time' ? METRIC_OPERATORS : TEXT_OPERATORS;
}

/** Operators that begin with what is typed. */
export function completeOperator(field: string, typed: string): Choice[] {
  return operatorsFor(field)
    .filter((each) => each.startsWith(typed.toUpperCase()))
    .map((each) => {
      const list = each.endsWith('IN') && each !== 'BETWEEN';
      return {
        label: each,
        insert: list ? `${each} ()` : each.startsWith('IS') ? `${each} ` : `${each} `,
        note: NOTES[each] ?? '',
        ...(list ? { back: 1 } : {}),
      };
    });
}

const FILTERED: readonly string[] = ['status', 'run_name', 'start_time', 'end_time', 'user_id', 'run_id'];
const FIRST: readonly (readonly [string, string])[] = [
  ['metrics.', 'a result, by its latest value'],
  ['params.', 'an input'],
  ['tags.', 'a tag'],
  ['min(metrics.', 'the least value of a metric'],
  ['max(metrics.', 'the greatest value of a metric'],
];

/** Attributes and beginnings that fit what is typed without an entity. */
export function completeAttribute(typed: string): Choice[] {
  const wanted = typed.toLowerCase();
  const attributes = FILTERED.filter((name) => name.includes(wanted)).map((name) => ({
    label: name,
    insert: `${name} `,
    note: ATTRIBUTES[name] ?? '',
  }));
  const first = FIRST.filter(([name]) => name.startsWith(wanted)).map(([name, note]) => ({
    label: name,
    insert: name,
    note,
  }));
  return [...first, ...attributes];
}

/** What is typed of a key: `metrics.`va` is "va". */
export function typedKey(typed: string): string {
  const dot = typed.indexOf('.');
  const key = dot < 0 ? typed : typed.slice(dot + 1);
  return /^[`'"]/.test(key) && !/^([`'"])[\s\S]*\1$/.test(key) ? key.slice(1) : unquote(key);
}

const WORDS: Readonly<Record<Entity, string>> = { attribute: '', metric: 'metrics', param: 'params', tag: 'tags' };

/** A name that the server knows, as a choice. Within `min(` the parenthesis comes with it. */
export function choiceOfKey(entity: Entity, key: string, note: string, closing: string): Choice {
  return { label: `${WORDS[entity]}.${key}`, insert: `${WORDS[entity]}.${quoteKey(key)}${closing} `, note };
}

/** A value, quoted where it has to be. */
export function choiceOfValue(value: string, note: string, list: boolean): Choice {
  return { label: value, insert: quoteText(value) + (list ? '' : ' '), note };
}

/** What is typed of a value, without its quotes. */
export function typedValue(typed: string): string {
  if (/^[Ee]?['"]/.test(typed)) return typed.replace(/^[Ee]?['"]/, '').replace(/['"]$/, '');
  return typed;
}

const STATES = ['RUNNING', 'FINISHED', 'FAILED', 'KILLED', 'SCHEDULED'];

/** The states that begin with what is typed. */
export const completeState = (typed: string, list: boolean): Choice[] =>
  STATES.filter((each) => each.startsWith(typedValue(typed).toUpperCase())).map((each) =>
    choiceOfValue(each, '', list),
  );

/** AND and OR. */
export const completeJoint = (typed: string): Choice[] =>
  ['AND', 'OR']
    .filter((each) => each.startsWith(typed.toUpperCase()))
    .map((each) => ({ label: each, insert: `${each} `, note: each === 'AND' ? 'both hold' : 'one holds' }));

/** Put a choice into the text; the cursor's new place comes with it. */
export function applyChoice(
  text: string,
  wanted: Exclude<Wanted, { kind: 'nothing' }>,
  choice: Choice,
): { text: string; cursor: number } {
  const insert = text[wanted.to] === ' ' && choice.insert.endsWith(' ') ? choice.insert.slice(0, -1) : choice.insert;
  const space = wanted.kind === 'value' && /[<>=!~\w]$/.test(text.slice(0, wanted.from)) ? ' ' : '';
  const after = text.slice(0, wanted.from) + space + insert;
  const skipped = insert === choice.insert ? 0 : 1;
  return { text: after + text.slice(wanted.to), cursor: after.length - (choice.back ?? 0) + skipped };
}
