/** A diff as git writes it, taken apart into files and lines. */

export interface DiffLine {
  /** `+` added, `-` removed, ` ` the same, `\` a remark of git's. */
  sign: '+' | '-' | ' ' | '\\';
  text: string;
  /** Line numbers, where the line is on that side. */
  before?: number;
  after?: number;
}

export interface DiffHunk {
  /** What stands behind the second `@@`: where in the file it is. */
  heading: string;
  lines: readonly DiffLine[];
}

export interface DiffFile {
  path: string;
  /** The path before, if it was another one. */
  from?: string;
  change: 'added' | 'deleted' | 'changed' | 'renamed';
  binary: boolean;
  added: number;
  removed: number;
  hunks: readonly DiffHunk[];
}

interface OpenFile extends DiffFile {
  hunks: OpenHunk[];
}
interface OpenHunk extends DiffHunk {
  lines: DiffLine[];
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/;

/** Read a unified diff. What is no part of one is passed over. */
export function readDiff(text: string): DiffFile[] {
  const files: OpenFile[] = [];
  let file: OpenFile | undefined;
  let hunk: OpenHunk | undefined;
  let [before, after, beforeLeft, afterLeft] = [0, 0, 0, 0];
  for (const line of text.split('\n')) {
    if (hunk && file && (beforeLeft > 0 || afterLeft > 0)) {
      const sign = line.charAt(0);
      const rest = line.slice(1);
      if (sign === '+') {
        hunk.lines.push({ sign, text: rest, after: after++ });
        afterLeft -= 1;
        file.added += 1;
      } else if (sign === '-') {
        hunk.lines.push({ sign, text: rest, before: before++ });
        beforeLeft -= 1;
        file.removed += 1;
      } else if (sign === '\\') hunk.lines.push({ sign, text: rest.trim() });
      else {
        hunk.lines.push({ sign: ' ', text: rest, before: before++, after: after++ });
        beforeLeft -= 1;
        afterLeft -= 1;
      }
      continue;
    }
    const opened = HUNK.exec(line);
    if (line.startsWith('diff --git ')) {
      hunk = undefined;
      file = { path: pathOfHeader(line), change: 'changed', binary: false, added: 0, removed: 0, hunks: [] };
      files.push(file);
    } else if (opened && file) {
      [before, beforeLeft, after, afterLeft] = [
        Number(opened[1]),
        Number(opened[2] ?? 1),
        Number(opened[3]),
        Number(opened[4] ?? 1),
      ];
      hunk = { heading: opened[5] ?? '', lines: [] };
      file.hunks.push(hunk);
    } else if (line.startsWith('\\') && hunk) hunk.lines.push({ sign: '\\', text: line.slice(1).trim() });
    else if (file) readHeader(file, line);
  }
  return files;
}

function readHeader(file: OpenFile, line: string): void {
  if (line.startsWith('new file mode')) file.change = 'added';
  else if (line.startsWith('deleted file mode')) file.change = 'deleted';
  else if (line.startsWith('rename from ')) {
    file.change = 'renamed';
    file.from = unquote(line.slice('rename from '.length));
  } else if (line.startsWith('GIT binary patch') || line.startsWith('Binary files ')) file.binary = true;
  else if (line.startsWith('+++ ') && line !== '+++ /dev/null') file.path = unquote(line.slice(4)).replace(/^b\//, '');
  else if (line.startsWith('--- ') && line !== '--- /dev/null' && file.change === 'deleted') {
    file.path = unquote(line.slice(4)).replace(/^a\//, '');
  }
}

/** The second path of `diff --git a/x b/x`; both are the same there but for renames. */
function pathOfHeader(line: string): string {
  const rest = line.slice('diff --git '.length);
  const quoted = / "b\/((?:[^"\\]|\\.)*)"$/.exec(rest);
  if (quoted) return unquote(`"${quoted[1]}"`);
  const half = rest.slice((rest.length + 1) / 2);
  if (rest.length % 2 === 1 && rest === `a/${half.slice(2)} ${half}`) return half.slice(2);
  return rest.slice(rest.indexOf(' b/') + 3);
}

/** Undo git's quoting of names that are not plain: `"gr\303\266\303\237e"`. */
function unquote(name: string): string {
  const plain = name.replace(/\t.*$/, '');
  if (!plain.startsWith('"') || !plain.endsWith('"')) return plain;
  const bytes: number[] = [];
  const text = plain.slice(1, -1);
  const named: Record<string, string> = { n: '\n', t: '\t', r: '\r' };
  for (let place = 0; place < text.length; place += 1) {
    const octal = /^\\([0-7]{3})/.exec(text.slice(place));
    if (octal) {
      bytes.push(Number.parseInt(octal[1] ?? '0', 8));
      place += 3;
    } else if (text.charAt(place) === '\\') {
      place += 1;
      const escaped = text.charAt(place);
      bytes.push(...new TextEncoder().encode(named[escaped] ?? escaped));
    } else bytes.push(...new TextEncoder().encode(text.charAt(place)));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
