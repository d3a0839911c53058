/** A sentence of the description: what stands in backticks there is code. */

import { Fragment } from 'react';

export function Prose({ text }: { text: string }) {
  const parts = text.split(/`{1,2}([^`]+)`{1,2}/);
  return (
    <>
      {parts.map((part, place) =>
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts have no other name
        place % 2 === 1 ? <code key={place}>{part}</code> : <Fragment key={place}>{part}</Fragment>,
      )}
    </>
  );
}
