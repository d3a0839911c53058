/** Answers that are read again when there are news of them: at an easy pace, however many changes come. */

import { hashKey, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import { type News, useNews } from './live';
import { type Refresh, Refresher } from './refresher';

export type { Refresh };

/** Read queries again while the component is there; what waits when it goes is out of date when it comes back. */
export function useRefresh(refresh: Refresh): void {
  const queries = useQueryClient();
  const refresher = useRef<Refresher>(undefined);
  const latest = useRef(refresh);
  useEffect(() => {
    latest.current = refresh;
  });
  const key = hashKey(refresh.queryKey);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what waits is of the key before
  useEffect(() => () => refresher.current?.act(), [key]);
  useNews(
    useCallback(
      (news: News) => {
        refresher.current ??= new Refresher(queries);
        refresher.current.hear(latest.current, news);
      },
      [queries],
    ),
  );
}
