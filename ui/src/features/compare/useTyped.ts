/** A text that is typed and kept in the address: the field answers at once, the address follows a moment later. */

import { useCallback, useEffect, useRef, useState } from 'react';

const WAIT_MS = 200;

/** The text as it is typed, and how to change it. `commit` is called when nothing more was typed for a moment. */
export function useTyped(kept: string, commit: (text: string) => void): [string, (text: string) => void] {
  const [typed, setTyped] = useState(kept);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(commit);
  useEffect(() => {
    latest.current = commit;
  });
  useEffect(() => {
    // What is being typed wins over an address that is older.
    if (timer.current === undefined) setTyped(kept);
  }, [kept]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = useCallback((text: string) => {
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      timer.current = undefined;
      latest.current(text);
    }, WAIT_MS);
  }, []);
  return [typed, type];
}
