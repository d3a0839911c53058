/** Things in a row that change places by being dragged onto one another. */

import { type DragEvent, useState } from 'react';

/** What an element at a place is given. `kind` says what is dragged: things of other kinds cannot be dropped there. */
export function useDragPlace(kind: string, place: number, move: (from: number, to: number) => void) {
  const type = `application/x-headrace-${kind}`;
  const [over, setOver] = useState(false);
  return {
    'data-over': over,
    draggable: true,
    onDragStart: ({ dataTransfer }: DragEvent) => {
      dataTransfer.setData(type, String(place));
      dataTransfer.effectAllowed = 'move';
    },
    onDragOver: (event: DragEvent) => {
      if (!event.dataTransfer.types.includes(type)) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      setOver(false);
      const from = Number(event.dataTransfer.getData(type) || Number.NaN);
      if (!Number.isInteger(from)) return;
      event.preventDefault();
      move(from, place);
    },
  };
}
