/** What a file of a run is, by its name: how it can be shown, and as what its bytes go to the browser. */

export type FileKind =
  | 'image'
  | 'markdown'
  | 'json'
  | 'table'
  | 'html'
  | 'pdf'
  | 'audio'
  | 'video'
  | 'text'
  | 'unknown'
  | 'binary';

/** Files larger than this are fetched only when somebody says so, in bytes. */
export const ASK_BYTES = 5_000_000;
/** Of a text, so much is fetched at first, in bytes. */
export const TEXT_BYTES = 512_000;

/** Media types that the browser shows; the server's own say how MLflow's pages want them, which is often "plain text". */
const TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  bmp: 'image/bmp',
  ico: 'image/x-icon',
  svg: 'image/svg+xml',
  wav: 'audio/wav',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
  oga: 'audio/ogg',
  opus: 'audio/ogg',
  flac: 'audio/flac',
  m4a: 'audio/mp4',
  aac: 'audio/aac',
  mp4: 'video/mp4',
  m4v: 'video/mp4',
  webm: 'video/webm',
  ogv: 'video/ogg',
  mov: 'video/quicktime',
};

const KINDS: Readonly<Record<string, FileKind>> = {
  ...Object.fromEntries(
    Object.entries(TYPES).map(([ending, type]) => [ending, type.slice(0, 5) as 'image' | 'audio' | 'video']),
  ),
  md: 'markdown',
  markdown: 'markdown',
  json: 'json',
  geojson: 'json',
  ipynb: 'json',
  csv: 'table',
  tsv: 'table',
  parquet: 'table',
  jsonl: 'table',
  ndjson: 'table',
  html: 'html',
  htm: 'html',
  pdf: 'pdf',
  ...Object.fromEntries(
    [
      ...[
        'txt',
        'log',
        'err',
        'out',
        'cfg',
        'conf',
        'ini',
        'properties',
        'toml',
        'yaml',
        'yml',
        'xml',
        'rst',
        'tex',
        'diff',
        'patch',
      ],
      ...[
        'py',
        'pyi',
        'r',
        'jl',
        'sh',
        'bash',
        'js',
        'ts',
        'tsx',
        'jsx',
        'css',
        'sql',
        'c',
        'h',
        'cc',
        'cpp',
        'hpp',
        'cu',
        'rs',
        'go',
        'java',
      ],
      ...['mlmodel', 'mlproject', 'dockerfile', 'gitignore', 'env', 'lock', 'hocon', 'proto', 'vega', 'dot'],
    ].map((ending) => [ending, 'text'] as const),
  ),
  ...Object.fromEntries(
    [
      ...[
        'pkl',
        'pickle',
        'joblib',
        'pt',
        'pth',
        'ckpt',
        'bin',
        'onnx',
        'h5',
        'hdf5',
        'keras',
        'npy',
        'npz',
        'safetensors',
        'pb',
        'cbm',
        'ubj',
      ],
      ...[
        'zip',
        'gz',
        'tgz',
        'bz2',
        'xz',
        'zst',
        'tar',
        '7z',
        'whl',
        'so',
        'dll',
        'exe',
        'db',
        'sqlite',
        'arrow',
        'feather',
        'tfevents',
        'ttf',
      ],
    ].map((ending) => [ending, 'binary'] as const),
  ),
};

/** The last part of a path. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The folder that a path is in; empty for the top. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** The ending of a name in lower case, without the dot; the whole name if it has none (`MLmodel`). */
export function endingOf(path: string): string {
  const name = nameOf(path).toLowerCase();
  return name.slice(name.lastIndexOf('.') + 1);
}

/** How a file can be shown. `unknown`: its first bytes must tell. */
export const kindOf = (path: string): FileKind => KINDS[endingOf(path)] ?? 'unknown';

/** The media type of an image, a sound or a film; plain bytes otherwise. */
export const typeOf = (path: string): string => TYPES[endingOf(path)] ?? 'application/octet-stream';

/** Whether bytes look like text in UTF-8: no zero among them, and no more than a cut character at their end is wrong. */
export function isText(bytes: Uint8Array): boolean {
  if (bytes.includes(0)) return false;
  const text = new TextDecoder().decode(bytes);
  const wrong = text.slice(0, -4).indexOf('\uFFFD');
  return wrong < 0;
}

/** Whether bytes begin like a PDF, so that nothing else is shown as one. */
export const isPdf = (bytes: Uint8Array): boolean => String.fromCharCode(...bytes.subarray(0, 5)) === '%PDF-';
