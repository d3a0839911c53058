/** The key map: one spelling for each key, whatever the keyboard says. */

import { describe, expect, test } from 'vitest';
import { nameOfPress, normalizeKey, showKey } from './keys';

const press = (key: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey', boolean>> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
});

describe('normalizeKey', () => {
  test.each([
    ['c', 'c'],
    ['C', 'c'],
    ['mod+K', 'mod+k'],
    ['Ctrl+k', 'mod+k'],
    ['shift+mod+z', 'mod+shift+z'],
    [' ', 'space'],
    ['Esc', 'escape'],
    ['ArrowDown', 'arrowdown'],
    ['down', 'arrowdown'],
    ['+', '+'],
    ['mod++', 'mod++'],
    ['/', '/'],
  ])('%j is %j', (name, normal) => {
    expect(normalizeKey(name)).toBe(normal);
  });
});

describe('nameOfPress', () => {
  test('control and command are the same key', () => {
    expect(nameOfPress(press('k', { ctrlKey: true }))).toBe('mod+k');
    expect(nameOfPress(press('k', { metaKey: true }))).toBe('mod+k');
  });

  test('shift belongs to a sign, but counts with a letter and a named key', () => {
    expect(nameOfPress(press('?', { shiftKey: true }))).toBe('?');
    expect(nameOfPress(press('C', { shiftKey: true }))).toBe('shift+c');
    expect(nameOfPress(press('Enter', { shiftKey: true }))).toBe('shift+enter');
  });

  test('a capital of caps lock is the letter', () => {
    expect(nameOfPress(press('C'))).toBe('c');
  });

  test('alt and modifiers alone are nothing', () => {
    expect(nameOfPress(press('k', { altKey: true }))).toBeUndefined();
    expect(nameOfPress(press('Control', { ctrlKey: true }))).toBeUndefined();
    expect(nameOfPress(press('Dead'))).toBeUndefined();
  });

  test('a bracket is a bracket wherever the keyboard has it', () => {
    const graph = {
      ...press('[', { ctrlKey: true, altKey: true }),
      getModifierState: (name: string) => name === 'AltGraph',
    };
    expect(nameOfPress(graph)).toBe('[');
    expect(nameOfPress(press('[', { altKey: true }))).toBe('[');
  });

  test('what is pressed is what is written in a map', () => {
    for (const [written, event] of [
      ['mod+k', press('k', { ctrlKey: true })],
      ['mod+shift+z', press('Z', { ctrlKey: true, shiftKey: true })],
      ['space', press(' ')],
      ['[', press('[')],
      ['Escape', press('Escape')],
    ] as const) {
      expect(nameOfPress(event)).toBe(normalizeKey(written));
    }
  });
});

describe('showKey', () => {
  test('parts of a key as they are printed on it', () => {
    expect(showKey('mod+k', false)).toEqual(['Ctrl', 'K']);
    expect(showKey('mod+k', true)).toEqual(['⌘', 'K']);
    expect(showKey('k', false)).toEqual(['k']);
    expect(showKey('space', false)).toEqual(['Space']);
    expect(showKey('ArrowDown', false)).toEqual(['↓']);
  });
});
