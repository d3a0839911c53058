/** Ctrl+Z takes a step of this page back, as Back does; with Shift it is taken again. Not while somebody is typing: texts have their own. */

import { useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';

/** Let the keys work while the page is there. They never lead to the page before. */
export function useUndoKeys(): void {
  const { history } = useRouter();
  useEffect(() => {
    const first = history.location.state.__TSR_index;
    const press = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== 'z') return;
      if (
        event.target instanceof Element &&
        event.target.closest('input[type=text], input:not([type]), textarea, [contenteditable=true]')
      )
        return;
      event.preventDefault();
      if (event.shiftKey) history.forward();
      else if (history.location.state.__TSR_index > first) history.back();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [history]);
}
