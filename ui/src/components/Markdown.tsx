/** A text in Markdown, shown as such. What draws it is loaded with the first one; until then the text stands there as it was typed. */

import { lazy, Suspense } from 'react';

const MarkdownDocument = lazy(() => import('./MarkdownDocument'));

export function Markdown({ source }: { source: string }) {
  return (
    <Suspense fallback={<div style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{source}</div>}>
      <MarkdownDocument source={source} />
    </Suspense>
  );
}
