/** What Markdown that somebody typed may become: few elements, links that lead to pages or mail, images that are inside the text. */

/** Elements that are kept; of all others only the text is. */
export const TAGS: readonly string[] = [
  ...['p', 'br', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'ul', 'ol', 'li', 'input'],
  ...['strong', 'em', 'del', 'code', 'pre', 'a', 'img', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
];

/** Attributes that are kept; `href` and `src` only if the two functions below say so. */
export const ATTRIBUTES: readonly string[] = [
  'href',
  'src',
  'alt',
  'title',
  'align',
  'start',
  'type',
  'checked',
  'disabled',
];

const PAGES = new Set(['http:', 'https:', 'mailto:']);
const PICTURE = /^data:image\/(png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/=\s]+$/;

/** Whether a link may stay: it names a page of the web or a mail address in full. */
export function isSafeLink(href: string): boolean {
  return URL.canParse(href) && PAGES.has(new URL(href).protocol);
}

/** Whether an image may stay: its bytes are in the text, so that nobody learns that it was looked at. */
export const isSafeImage = (src: string): boolean => PICTURE.test(src) || src.startsWith('blob:');

/** A text as it must be written in HTML to be shown as it is. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
