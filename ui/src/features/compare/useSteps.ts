/** Long arithmetic in short pieces, so that the page stays awake. */

import { useEffect, useState } from 'react';

/** So long the first piece and the others may take, in milliseconds. Small work is done with the first one, without a flicker. */
const FIRST_MS = 60;
const PIECE_MS = 12;

const NOTHING = { progress: undefined, result: undefined };

/** What is known so far: the last thing that was yielded, and the result once it is there. */
export interface Steps<Progress, Result> {
  progress: Progress | undefined;
  result: Result | undefined;
}

/**
 * Run a generator piece by piece; from the start whenever `make` changes (memoize it), and until its first piece is done what was known before stays. Nothing
 * is run without one.
 */
export function useSteps<Progress, Result>(
  make: (() => Generator<Progress, Result>) | undefined,
): Steps<Progress, Result> {
  const [steps, setSteps] = useState<Steps<Progress, Result>>(NOTHING);
  useEffect(() => {
    if (!make) return;
    const work = make();
    let timer: ReturnType<typeof setTimeout>;
    const piece = (length: number) => {
      const until = performance.now() + length;
      let progress: Progress | undefined;
      do {
        const { done, value } = work.next();
        if (done) {
          setSteps({ progress, result: value });
          return;
        }
        progress = value;
      } while (performance.now() < until);
      setSteps({ progress, result: undefined });
      timer = setTimeout(piece, 0, PIECE_MS);
    };
    timer = setTimeout(piece, 0, FIRST_MS);
    return () => clearTimeout(timer);
  }, [make]);
  return make ? steps : NOTHING;
}
