/** What the filter box offers, wherever the cursor stands. `|` is the cursor. */

import { describe, expect, it } from 'vitest';
import {
  applyChoice,
  choiceOfKey,
  choiceOfValue,
  completeAttribute,
  completeJoint,
  completeOperator,
  completeState,
  readWanted,
  typedKey,
} from './completion';

function at(marked: string) {
  const cursor = marked.indexOf('|');
  const text = marked.replace('|', '');
  return { text, cursor, wanted: readWanted(text, cursor) };
}

describe('readWanted', () => {
  it.each([
    ['|', 'field'],
    ['met|', 'field'],
    ['metrics.lo|', 'field'],
    ['metrics.`val |', 'field'],
    ['NOT |', 'field'],
    ['(|', 'field'],
    ['a = 1 AND |', 'field'],
    ['a = 1 AND (b = 2 OR |', 'field'],
    ['min(|', 'field'],
    ['min(metrics.lo|', 'field'],
    ['metrics.loss |', 'operator'],
    ['params.m LI|', 'operator'],
    ['min(metrics.loss) |', 'operator'],
    ['metrics.loss <|', 'value'],
    ['params.m = |', 'value'],
    ["params.m = 'tr|", 'value'],
    ['params.m IN (|', 'value'],
    ["params.m IN ('a', |", 'value'],
    ['metrics.a BETWEEN 1 AND |', 'value'],
    ['metrics.a BETWEEN |', 'value'],
    ['metrics.a < 1 |', 'joint'],
    ['metrics.a < 1 AN|', 'joint'],
    ["params.m IN ('a') |", 'joint'],
    ['metrics.a BETWEEN 1 AND 2 |', 'joint'],
    ['tags.a IS NULL |', 'joint'],
    ['tags.a IS NOT NULL |', 'joint'],
  ])('%s wants a %s', (marked, kind) => {
    expect(at(marked).wanted.kind).toBe(kind);
  });

  it('knows which field a value is for', () => {
    expect(at("params.`my model` = 'tr|").wanted).toMatchObject({ field: 'params.`my model`', typed: "'tr" });
    expect(at('status IN (|').wanted).toMatchObject({ field: 'status', list: true });
  });

  it('knows what is typed of a key, and of what', () => {
    expect(at('a = 1 AND params.mo|').wanted).toMatchObject({ entity: 'param', typed: 'params.mo', from: 10, to: 19 });
    expect(typedKey('params.mo')).toBe('mo');
    expect(typedKey('metrics.`val lo')).toBe('val lo');
    expect(at('mo|').wanted).toMatchObject({ entity: undefined });
  });

  it('replaces the whole word when the cursor stands in it', () => {
    expect(at('metrics.lo|ss < 1').wanted).toMatchObject({ from: 0, to: 12, typed: 'metrics.lo' });
  });
});

describe('applyChoice', () => {
  function choose(marked: string, choice: Parameters<typeof applyChoice>[2]): string {
    const { text, wanted } = at(marked);
    if (wanted.kind === 'nothing') throw new Error('nothing is wanted');
    const done = applyChoice(text, wanted, choice);
    return `${done.text.slice(0, done.cursor)}|${done.text.slice(done.cursor)}`;
  }

  it('puts keys in with the quotes they need', () => {
    expect(choose('metrics.va|', choiceOfKey('metric', 'val loss', '', ''))).toBe('metrics.`val loss` |');
    expect(choose('lo|', choiceOfKey('metric', 'loss', '', ''))).toBe('metrics.loss |');
  });

  it('closes the parenthesis of a statistic', () => {
    const { wanted } = at('min(metrics.lo|');
    expect(wanted.kind === 'field' && wanted.closing).toBe(')');
    expect(choose('min(metrics.lo|', choiceOfKey('metric', 'loss', '', ')'))).toBe('min(metrics.loss) |');
  });

  it('puts values in, quoted', () => {
    expect(choose('params.m = |', choiceOfValue("it's", '', false))).toBe(`params.m = "it's" |`);
    expect(choose("params.m = 'tr|", choiceOfValue('tree', '', false))).toBe("params.m = 'tree' |");
    expect(choose('params.m IN (|)', choiceOfValue('a', '', true))).toBe("params.m IN ('a'|)");
    expect(choose('params.m =|', choiceOfValue('a', '', false))).toBe("params.m = 'a' |");
  });

  it('puts the cursor between the parentheses of a list', () => {
    const [choice] = completeOperator('params.m', 'IN');
    if (!choice) throw new Error('no choice');
    expect(choose('params.m |', choice)).toBe('params.m IN (|)');
  });

  it('does not double a blank that stands there', () => {
    expect(choose('metrics.lo| < 1', choiceOfKey('metric', 'loss', '', ''))).toBe('metrics.loss |< 1');
  });
});

describe('choices', () => {
  it('are the operators that go with the field', () => {
    expect(completeOperator('metrics.a', '').map(({ label }) => label)).not.toContain('LIKE');
    expect(completeOperator('params.a', '').map(({ label }) => label)).toEqual(
      expect.arrayContaining(['LIKE', '<', 'IS NULL']),
    );
    expect(completeOperator('tags.a', 'is').map(({ label }) => label)).toEqual(['IS NULL', 'IS NOT NULL']);
    expect(completeOperator('start_time', '').map(({ label }) => label)).toContain('BETWEEN');
  });

  it('are beginnings and attributes before anything is typed', () => {
    const labels = completeAttribute('').map(({ label }) => label);
    expect(labels).toEqual(expect.arrayContaining(['metrics.', 'params.', 'status', 'min(metrics.']));
  });

  it('are states and joints', () => {
    expect(completeState("'FA", false).map(({ insert }) => insert)).toEqual(["'FAILED' "]);
    expect(completeJoint('o').map(({ label }) => label)).toEqual(['OR']);
  });
});
