import { expect, it } from 'vitest';
import { folderOf, isPdf, isText, kindOf, nameOf, typeOf } from './kinds';

it.each([
  ['plots/a.PNG', 'image'],
  ['a.b/notes.md', 'markdown'],
  ['model/MLmodel', 'text'],
  ['model/requirements.txt', 'text'],
  ['data.parquet', 'table'],
  ['report.html', 'html'],
  ['a.wav', 'audio'],
  ['a.webm', 'video'],
  ['model/data/model.pkl', 'binary'],
  ['no_ending', 'unknown'],
  ['strange.xyz', 'unknown'],
] as const)('knows %s as %s', (path, kind) => {
  expect(kindOf(path)).toBe(kind);
});

it('takes paths apart', () => {
  expect([nameOf('a/b.txt'), folderOf('a/b.txt'), nameOf('b'), folderOf('b')]).toEqual(['b.txt', 'a', 'b', '']);
});

it('gives media types only to what is media, so that HTML never runs on the page', () => {
  expect(typeOf('a.svg')).toBe('image/svg+xml');
  expect(typeOf('a.html')).toBe('application/octet-stream');
});

it('tells text from bytes', () => {
  const text = new TextEncoder().encode('größe: 1\n');
  expect(isText(text)).toBe(true);
  expect(isText(text.subarray(0, 3))).toBe(true); // a character cut in two at the end
  expect(isText(new Uint8Array([65, 0, 66]))).toBe(false);
  expect(isText(new Uint8Array([0x80, 0x81, 0x82, 65, 66, 67, 68, 69]))).toBe(false);
});

it('knows a PDF by its first bytes', () => {
  expect(isPdf(new TextEncoder().encode('%PDF-1.7'))).toBe(true);
  expect(isPdf(new TextEncoder().encode('<html>'))).toBe(false);
});
