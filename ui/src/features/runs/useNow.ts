/** The time, for texts such as "5 min ago". */

import { useEffect, useState } from 'react';

/** Unix milliseconds, anew after each so many. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
