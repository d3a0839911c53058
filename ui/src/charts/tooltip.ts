/** Contents of ECharts' tooltips as elements: what people typed is text there, never HTML. */

/** One line: a name, and what it is. */
export type TooltipLine = readonly [name: string, value: string];

/** A title and lines under it. */
export function buildTooltip(title: string, lines: readonly TooltipLine[]): HTMLElement {
  const box = document.createElement('div');
  box.style.maxWidth = '360px';
  const head = document.createElement('div');
  head.textContent = title;
  head.style.fontWeight = '600';
  head.style.overflow = 'hidden';
  head.style.textOverflow = 'ellipsis';
  box.append(head);
  const table = document.createElement('div');
  table.style.display = 'grid';
  table.style.gridTemplateColumns = 'auto auto';
  table.style.columnGap = '12px';
  for (const [name, value] of lines) {
    const left = document.createElement('span');
    left.textContent = name;
    left.style.opacity = '0.75';
    left.style.overflow = 'hidden';
    left.style.textOverflow = 'ellipsis';
    const right = document.createElement('span');
    right.textContent = value;
    right.style.textAlign = 'right';
    right.style.fontVariantNumeric = 'tabular-nums';
    table.append(left, right);
  }
  box.append(table);
  return box;
}
