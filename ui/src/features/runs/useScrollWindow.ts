/** Which part of a scrolled element is in sight. What is drawn changes only when other lines or columns come into it. */

import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';

/** Distances in pixels. */
export interface View {
  top: number;
  left: number;
  width: number;
  height: number;
}

/** Read `what` of the view after each scroll and resize; the component is drawn anew when it is another one. `same` compares. */
export function useScrollWindow<T>(
  element: RefObject<HTMLElement | null>,
  read: (view: View) => T,
  same: (a: T, b: T) => boolean,
): T {
  const [, redraw] = useState(0);
  const view = useRef<View>({ top: 0, left: 0, width: 1200, height: 900 });
  const latest = useRef({ read, same });
  const now = read(view.current);
  const shown = useRef(now);
  shown.current = now;
  useEffect(() => {
    latest.current = { read, same };
  });
  useLayoutEffect(() => {
    const target = element.current;
    if (!target) return;
    const measure = () => {
      const { scrollTop, scrollLeft, clientWidth, clientHeight } = target;
      view.current = { top: scrollTop, left: scrollLeft, width: clientWidth, height: clientHeight };
      return !latest.current.same(latest.current.read(view.current), shown.current);
    };
    // At once, or fast scrolling would show empty lines.
    const onScroll = () => {
      if (measure()) flushSync(() => redraw((count) => count + 1));
    };
    const resized = new ResizeObserver(() => {
      if (measure()) redraw((count) => count + 1);
    });
    target.addEventListener('scroll', onScroll, { passive: true });
    resized.observe(target);
    if (measure()) redraw((count) => count + 1);
    return () => {
      target.removeEventListener('scroll', onScroll);
      resized.disconnect();
    };
  }, [element]);
  return now;
}
