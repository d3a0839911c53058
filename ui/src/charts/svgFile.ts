/** A drawing of the page as an SVG file: what style sheets say of it is written into it. */

const STYLES = [
  'display',
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'stroke-linejoin',
  'opacity',
  'paint-order',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
];

/**
 * Copy an `<svg>` as it is drawn now, on a ground of a colour, with `room` more pixels above it.
 *
 * Parts with `data-file="no"` are left out, such as what only catches the mouse; those with `data-file="only"`, which the page hides, are shown.
 */
export function copySvg(drawing: SVGSVGElement, ground: string, room = 0): string {
  const copy = drawing.cloneNode(true);
  if (!(copy instanceof SVGSVGElement)) throw new Error('The drawing could not be copied.');
  const parts = [...drawing.querySelectorAll('*')];
  const copies = [...copy.querySelectorAll('*')];
  for (const [place, part] of parts.entries()) {
    const made = copies[place];
    const role = part.getAttribute('data-file');
    if (role === 'no') made?.remove();
    else if (made) writeStyle(part, made, role === 'only');
  }
  const { clientWidth: width, clientHeight: height } = drawing;
  copy.removeAttribute('class');
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height + room));
  copy.setAttribute('viewBox', `0 ${-room} ${width} ${height + room}`);
  const sheet = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [name, value] of Object.entries({ y: -room, width, height: height + room, fill: ground }))
    sheet.setAttribute(name, String(value));
  copy.prepend(sheet);
  return new XMLSerializer().serializeToString(copy);
}

function writeStyle(part: Element, copy: Element, shown: boolean): void {
  const style = getComputedStyle(part);
  for (const name of STYLES) {
    const value = style.getPropertyValue(name);
    if (name === 'display' ? !shown && value === 'none' : value) copy.setAttribute(name, value);
  }
  copy.removeAttribute('class');
  copy.removeAttribute('data-file');
}
