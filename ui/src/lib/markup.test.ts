import { describe, expect, it } from 'vitest';
import { ATTRIBUTES, escapeHtml, isSafeImage, isSafeLink, TAGS } from './markup';

describe('links of notes', () => {
  it.each(['https://example.org/a?b=c#d', 'http://localhost:5000', 'mailto:a@example.org'])(
    'lets %s through',
    (href) => {
      expect(isSafeLink(href)).toBe(true);
    },
  );

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\nscript:alert(1)',
    ' \u0001javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://example.org/1',
    '//example.org',
    'get-artifact?path=a',
    '',
  ])('drops %j', (href) => {
    expect(isSafeLink(href)).toBe(false);
  });
});

describe('images of notes', () => {
  it('lets pictures through that are inside the text', () => {
    expect(isSafeImage('data:image/png;base64,iVBORw0KGgo=')).toBe(true);
  });

  it.each([
    'https://example.org/pixel.png',
    'data:image/svg+xml;base64,PHN2Zz4=',
    'data:text/html;base64,AA==',
    '//x.org/a.png',
  ])('loads nothing from %s', (src) => {
    expect(isSafeImage(src)).toBe(false);
  });
});

it('keeps no element and no attribute that runs, loads or styles anything', () => {
  for (const tag of [
    'script',
    'iframe',
    'object',
    'embed',
    'form',
    'style',
    'link',
    'svg',
    'math',
    'base',
    'meta',
    'video',
  ]) {
    expect(TAGS).not.toContain(tag);
  }
  for (const name of ['style', 'class', 'id', 'name', 'srcset', 'target']) expect(ATTRIBUTES).not.toContain(name);
  expect(ATTRIBUTES.filter((name) => name.startsWith('on'))).toEqual([]);
});

it('shows HTML in a note as the text that it is', () => {
  expect(escapeHtml('<img src=x onerror="a">&')).toBe('&#60;img src=x onerror=&#34;a&#34;&#62;&#38;');
});
