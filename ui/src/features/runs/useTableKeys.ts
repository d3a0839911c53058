/** The keys of the runs workspace. */

import { type RefObject, useEffect } from 'react';
import { useKeys } from '@/lib/keys';
import type { LineActions } from './RunRow';
import type { Line, Lines } from './rows';

interface Args {
  grid: RefObject<HTMLDivElement | null>;
  input: RefObject<HTMLInputElement | null>;
  cursor: number;
  setCursor: (place: number) => void;
  lines: Lines;
  actions: LineActions;
  compare: () => void;
  setMode: (mode: string) => void;
}

const PAGE = 20;

export function useTableKeys({ grid, input, cursor, setCursor, lines, actions, compare, setMode }: Args): void {
  const move = (by: number) => {
    if (lines.size === 0) return;
    setCursor(Math.max(0, Math.min(lines.size - 1, cursor + by)));
    grid.current?.focus({ preventScroll: true });
  };
  const here = (work: (line: Line) => void) => () => {
    const line = lines.at(cursor);
    if (line) work(line);
  };
  const nameOf = (line: Line): string => (line.kind === 'run' ? line.id : line.group.name);
  const open = (line: Line, event: KeyboardEvent) => {
    if (line.kind === 'group') return actions.toggle(line.group.name);
    const link = grid.current?.querySelector<HTMLAnchorElement>(`[data-run="${CSS.escape(line.id)}"] a`);
    if (event.shiftKey) window.open(actions.href(line.id), '_blank', 'noopener');
    else link?.click();
  };
  useKeys({
    '/': { label: 'Filter', run: () => input.current?.focus() },
    j: { label: 'Next row', run: () => move(1) },
    k: { label: 'Previous row', run: () => move(-1) },
    x: { label: 'Show or hide in the charts', run: here((line) => actions.show(nameOf(line))) },
    space: {
      label: 'Select',
      run: here((line) => (line.kind === 'run' ? actions.select(line.id, false) : actions.toggle(nameOf(line)))),
    },
    Enter: {
      label: 'Open',
      run: (event) => {
        const line = lines.at(cursor);
        if (line) open(line, event);
      },
    },
    c: { label: 'Compare what is selected, or shown', run: compare },
    1: { label: 'Table', run: () => setMode('table') },
    2: { label: 'Table and charts', run: () => setMode('split') },
    3: { label: 'Charts', run: () => setMode('charts') },
  });
  // The arrow keys belong to the table only while it has the focus: elsewhere they scroll.
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.target !== grid.current) return;
      const steps: Readonly<Record<string, number>> = {
        ArrowDown: 1,
        ArrowUp: -1,
        PageDown: PAGE,
        PageUp: -PAGE,
        Home: -lines.size,
        End: lines.size,
      };
      const by = steps[event.key];
      const line = lines.at(cursor);
      if (by !== undefined) setCursor(Math.max(0, Math.min(lines.size - 1, cursor + by)));
      else if (event.key === 'ArrowRight' && line && isFolded(line, false)) actions.toggle(nameOf(line));
      else if (event.key === 'ArrowLeft' && line && isFolded(line, true)) actions.toggle(nameOf(line));
      else return;
      event.preventDefault();
    };
    const target = grid.current;
    target?.addEventListener('keydown', press);
    return () => target?.removeEventListener('keydown', press);
  });
}

/** Whether a line can be folded and is open, or is not. */
const isFolded = (line: Line, open: boolean): boolean =>
  (line.kind === 'group' || line.below > 0) && line.open === open;
