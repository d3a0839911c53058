/** The only file that talks to the server. Calls are named as in the table of endpoints; their types are generated. */

import { decode, encode } from '@msgpack/msgpack';
import { CALLS, type Calls } from './calls';

/** Where the pages are served: the `<base>` that the server wrote, with a slash at its end. */
export const BASE = new URL('.', document.baseURI);

/** An answer that says no, or none at all (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** What the server's log calls the request; `undefined` if there was no answer, or the answer was not the server's own. */
  readonly requestId: string | undefined;

  constructor(status: number, code: string, message: string, requestId?: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }

  /** Whether the same call may succeed later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

const TOKEN_KEY = 'headrace-token';
let onUnauthenticated: (() => void) | undefined;

/** Keep a server's token for this tab; `null` forgets it. */
export function setToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(TOKEN_KEY);
  else sessionStorage.setItem(TOKEN_KEY, token);
}

/** Whether this tab has a token. */
export const hasToken = (): boolean => sessionStorage.getItem(TOKEN_KEY) !== null;

/** Say what is to be done when the server asks for a token. */
export function whenUnauthenticated(handler: () => void): void {
  onUnauthenticated = handler;
}

/** Do now what is done when the server asks for a token. */
export function askForToken(): void {
  onUnauthenticated?.();
}

export interface Options {
  signal?: AbortSignal | undefined;
}

/** Call an endpoint by its name, such as `tables.runs`. Bytes are `Uint8Array` in both directions. */
export async function call<K extends keyof Calls>(
  name: K,
  request: Calls[K]['request'],
  options: Options = {},
): Promise<Calls[K]['response']> {
  const { method, path, binary } = CALLS[name];
  const [url, rest] = fill(path, request as Record<string, unknown>);
  const headers: Record<string, string> = {};
  let body: BodyInit | undefined;
  if (method === 'GET') {
    for (const [key, value] of Object.entries(rest)) {
      for (const each of Array.isArray(value) ? value : [value]) {
        if (each !== undefined) url.searchParams.append(key, String(each));
      }
    }
  } else if (binary) {
    headers['Content-Type'] = 'application/msgpack';
    body = encode(rest, { ignoreUndefined: true }) as Uint8Array<ArrayBuffer>;
  } else {
    headers['Content-Type'] = 'application/json';
    body = JSON.stringify(rest);
  }
  if (binary) headers.Accept = 'application/msgpack';
  const answer = await send(url, { method, headers, body, signal: options.signal });
  if (answer.headers.get('Content-Type')?.startsWith('application/msgpack')) {
    return decode(new Uint8Array(await answer.arrayBuffer())) as Calls[K]['response'];
  }
  return (await answer.json()) as Calls[K]['response'];
}

/** The bytes at a path below the base, such as an artifact; `range` asks for the first so many of them. */
export async function fetchBytes(
  path: string,
  query: Record<string, string>,
  options: Options & { first?: number } = {},
): Promise<Response> {
  const url = new URL(path, BASE);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  const headers: Record<string, string> = options.first ? { Range: `bytes=0-${options.first - 1}` } : {};
  return send(url, { method: 'GET', headers, signal: options.signal });
}

/** Send bytes to a path below the base. */
export async function sendBytes(path: string, query: Record<string, string>, body: Blob): Promise<void> {
  const url = new URL(path, BASE);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  await send(url, { method: 'POST', headers: {}, body });
}

interface Sent {
  method: string;
  headers: Record<string, string>;
  body?: BodyInit | undefined;
  signal?: AbortSignal | undefined;
}

async function send(url: URL, init: Sent): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN_KEY);
  if (token !== null) init.headers.Authorization = `Bearer ${token}`;
  let answer: Response;
  try {
    answer = await fetch(url, init as RequestInit);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'UNREACHABLE', 'The server does not answer.');
  }
  if (answer.ok) return answer;
  if (answer.status === 401) onUnauthenticated?.();
  throw await readError(answer);
}

async function readError(answer: Response): Promise<ApiError> {
  const text = await answer.text();
  const requestId = answer.headers.get('X-Request-Id') ?? undefined;
  try {
    const { error_code, message } = JSON.parse(text) as { error_code?: string; message?: string };
    return new ApiError(answer.status, error_code ?? '', message ?? text, requestId);
  } catch {
    const said = text.slice(0, 500) || `The server answered with status ${answer.status}.`;
    return new ApiError(answer.status, '', said, requestId);
  }
}

function fill(path: string, request: Record<string, unknown>): [URL, Record<string, unknown>] {
  const rest = { ...request };
  const filled = path.replace(/\{(\w+)(:path)?\}/g, (_, name: string, isPath?: string) => {
    const value = String(rest[name]);
    delete rest[name];
    return isPath ? value.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(value);
  });
  return [new URL(filled, BASE), rest];
}
