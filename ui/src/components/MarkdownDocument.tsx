/** Markdown as elements: `marked` reads it, HTML in it stays text, and `DOMPurify` lets through what `lib/markup` names. Loaded lazily. */

import DOMPurify from 'dompurify';
import { Marked, type Tokens } from 'marked';
import { useLayoutEffect, useRef } from 'react';
import { ATTRIBUTES, escapeHtml, isSafeImage, isSafeLink, TAGS } from '@/lib/markup';
import styles from './Markdown.module.css';

const LEAST_HEADING = 2;
const DEEPEST_HEADING = 6;

const reader = new Marked({
  gfm: true,
  renderer: {
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escapeHtml(text),
    image: ({ href, text }: Tokens.Image) =>
      isSafeImage(href)
        ? `<img src="${escapeHtml(href)}" alt="${escapeHtml(text)}">`
        : `<a href="${escapeHtml(href)}">${escapeHtml(text || href)} (image elsewhere)</a>`,
  },
  // The page has a title of its own: headings of a note stand below it.
  walkTokens: (token) => {
    if (token.type === 'heading') token.depth = Math.min(token.depth + LEAST_HEADING, DEEPEST_HEADING);
  },
});

const purifier = DOMPurify(window);
purifier.addHook('afterSanitizeAttributes', (element) => {
  if (element.tagName === 'A') {
    if (isSafeLink(element.getAttribute('href') ?? '')) {
      element.setAttribute('target', '_blank');
      element.setAttribute('rel', 'noopener noreferrer');
    } else element.removeAttribute('href');
  } else if (element.tagName === 'IMG') {
    if (!isSafeImage(element.getAttribute('src') ?? '')) element.remove();
  } else if (element.tagName === 'INPUT') {
    if (element.getAttribute('type') === 'checkbox') {
      element.setAttribute('disabled', '');
      element.setAttribute('aria-label', element.hasAttribute('checked') ? 'done' : 'not done');
    } else element.remove();
  }
});

/** The elements that a text in Markdown stands for. */
function draw(source: string): DocumentFragment {
  return purifier.sanitize(reader.parse(source, { async: false }), {
    ALLOWED_TAGS: [...TAGS],
    ALLOWED_ATTR: [...ATTRIBUTES],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}

export default function MarkdownDocument({ source }: { source: string }) {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    place.current?.replaceChildren(draw(source));
  }, [source]);
  return <div ref={place} className={styles.document} />;
}
