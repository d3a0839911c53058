/** Keyboard shortcuts: each part of a page brings its own while it is there; the list of all that work now is for the key help and the palette. */

import { useEffect, useRef, useSyncExternalStore } from 'react';

/** What a key does. The label is shown in the key help, in the imperative: "Compare". */
export interface KeyAction {
  run: (event: KeyboardEvent) => void;
  label: string;
  /** Works over an open dialog as well, such as the arrow keys of a chart in full screen. */
  inDialog?: boolean;
}

/** Keys by name: `c`, `/`, `space`, `Enter`, `ArrowDown`, `shift+Enter`, `mod+k` (Ctrl, or Command on a Mac). */
export type KeyMap = Readonly<Record<string, KeyAction>>;

/** A shortcut that works now. */
export interface ActiveKey {
  key: string;
  label: string;
  run: (event: KeyboardEvent) => void;
}

type Press = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'> &
  Partial<Pick<KeyboardEvent, 'getModifierState'>>;

const ALIASES: Readonly<Record<string, string>> = {
  ' ': 'space',
  spacebar: 'space',
  esc: 'escape',
  up: 'arrowup',
  down: 'arrowdown',
  left: 'arrowleft',
  right: 'arrowright',
  return: 'enter',
};

/** Modifiers and the key itself: the key may be a plus. */
function splitKey(name: string): [string[], string] {
  const at = name.lastIndexOf('+', name.length - 2);
  return at < 1 ? [[], name] : [name.slice(0, at).split('+'), name.slice(at + 1)];
}

/** One spelling for each key: modifiers first, lower case, `space` for a blank. */
export function normalizeKey(name: string): string {
  const [held, last] = splitKey(name.toLowerCase());
  const modifiers = held.map((part) => (['ctrl', 'meta', 'cmd'].includes(part) ? 'mod' : part)).sort();
  return [...modifiers, ALIASES[last] ?? last].join('+');
}

/** The name of a pressed key; `undefined` for what no shortcut uses (Alt, a modifier alone). */
export function nameOfPress(press: Press): string | undefined {
  if (['Shift', 'Control', 'Meta', 'Alt', 'AltGraph', 'Dead', 'Process'].includes(press.key)) return undefined;
  const last = ALIASES[press.key.toLowerCase()] ?? press.key.toLowerCase();
  const isSign = last.length === 1 && !/[\p{L}\p{N}]/u.test(last);
  // Many keyboards have brackets behind AltGr, which says Ctrl and Alt; a Mac has them behind Option.
  const graph = press.getModifierState?.('AltGraph') ?? false;
  if (press.altKey && !graph && !(isSign && !press.ctrlKey)) return undefined;
  const held = !graph && (press.ctrlKey || press.metaKey);
  // Shift is a part of the character itself in "?" and "*"; it counts with letters and with named keys.
  const shifted = press.shiftKey && !isSign;
  return [...(held ? ['mod'] : []), ...(shifted ? ['shift'] : []), last].join('+');
}

const TYPING =
  'input:not([type=checkbox]):not([type=radio]):not([type=range]):not([type=button]), textarea, select, [contenteditable=true], [role=textbox], [role=combobox]';
const PRESSABLE =
  'a, button, summary, input, [role=button], [role=checkbox], [role=menuitem], [role=option], [role=slider], [role=tab], [role=switch]';

/** What moves by arrow keys itself. */
const MOVABLE =
  'input[type=radio], input[type=range], [role=slider], [role=tab], [role=menu], [role=listbox], [role=separator]';

interface Layer {
  map: () => KeyMap;
}

class Keys {
  private readonly layers: Layer[] = [];
  private readonly watchers = new Set<() => void>();
  private list: readonly ActiveKey[] = [];

  add(layer: Layer): () => void {
    if (this.layers.length === 0) document.addEventListener('keydown', this.press);
    this.layers.push(layer);
    this.refresh();
    return () => {
      this.layers.splice(this.layers.indexOf(layer), 1);
      if (this.layers.length === 0) document.removeEventListener('keydown', this.press);
      this.refresh();
    };
  }

  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  getList = (): readonly ActiveKey[] => this.list;

  private press = (event: KeyboardEvent): void => {
    const name = event.defaultPrevented || event.isComposing ? undefined : nameOfPress(event);
    if (name === undefined) return;
    const target = event.target instanceof Element ? event.target : undefined;
    if (!name.startsWith('mod+') && target?.closest(TYPING)) return;
    if ((name === 'enter' || name === 'space') && target?.closest(PRESSABLE)) return;
    if (/^(shift\+)?(arrow|page|home$|end$)/.test(name) && target?.closest(MOVABLE)) return;
    const action = this.find(name, document.querySelector('[aria-modal=true]') !== null);
    if (!action) return;
    event.preventDefault();
    action.run(event);
  };

  /** The action of the part that came last. */
  private find(name: string, dialog: boolean): KeyAction | undefined {
    for (const layer of [...this.layers].reverse()) {
      for (const [key, action] of Object.entries(layer.map())) {
        if (normalizeKey(key) === name && (!dialog || action.inDialog)) return action;
      }
    }
    return undefined;
  }

  private refresh(): void {
    const found = new Map<string, ActiveKey>();
    for (const layer of this.layers) {
      for (const [key, { label }] of Object.entries(layer.map())) {
        const name = normalizeKey(key);
        found.set(name, { key: name, label, run: (event) => this.find(name, false)?.run(event) });
      }
    }
    this.list = [...found.values()];
    for (const watcher of this.watchers) watcher();
  }
}

const keys = new Keys();

/** Let keys work while the component is there. Actions may change at each render; only other keys or labels are news. */
export function useKeys(map: KeyMap): void {
  const latest = useRef(map);
  useEffect(() => {
    latest.current = map;
  });
  const shape = JSON.stringify(Object.entries(map).map(([key, { label }]) => [key, label]));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape stands for the map
  useEffect(() => keys.add({ map: () => latest.current }), [shape]);
}

/** All keys that work now. */
export const useActiveKeys = (): readonly ActiveKey[] => useSyncExternalStore(keys.watch, keys.getList);

const SHOWN: Readonly<Record<string, string>> = {
  space: 'Space',
  enter: 'Enter',
  escape: 'Esc',
  arrowup: '↑',
  arrowdown: '↓',
  arrowleft: '←',
  arrowright: '→',
  shift: 'Shift',
};

/** A key as it is printed on the keyboard, part by part: `mod+k` is Ctrl and K. */
export function showKey(name: string, mac: boolean): string[] {
  const [held, last] = splitKey(normalizeKey(name));
  return [...held, last].map((part) => {
    if (part === 'mod') return mac ? '⌘' : 'Ctrl';
    // A letter alone is typed small; beside a held key it is named as it stands on the keyboard.
    const asTyped = part.length === 1 && held.length === 0;
    return SHOWN[part] ?? (asTyped ? part : part.charAt(0).toUpperCase() + part.slice(1));
  });
}

/** Whether the keyboard has a Command key. */
export const isMac = (): boolean => /Mac|iPhone|iPad/.test(navigator.userAgent);
