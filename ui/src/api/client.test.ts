/** What the pages know of an answer that says no. */

import { afterEach, expect, it, vi } from 'vitest';

vi.stubGlobal('document', { baseURI: 'http://server/' });
vi.stubGlobal('sessionStorage', { getItem: () => null });
const { ApiError, call } = await import('./client');

afterEach(() => vi.restoreAllMocks());

async function refusalOf(answer: Response | Error) {
  vi.stubGlobal('fetch', () => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)));
  const error = await call('server.state', {}).catch((failure: unknown) => failure);
  if (!(error instanceof ApiError)) throw new Error('it was not refused');
  return error;
}

it('an error knows its status, its code, its words and the id of the request', async () => {
  const body = JSON.stringify({ error_code: 'INTERNAL_ERROR', message: 'broken' });
  const error = await refusalOf(new Response(body, { status: 500, headers: { 'X-Request-Id': 'abc-7' } }));
  expect(error).toMatchObject({ status: 500, code: 'INTERNAL_ERROR', message: 'broken', requestId: 'abc-7' });
});

it('an answer that is not JSON keeps its text and its id', async () => {
  const error = await refusalOf(
    new Response('<p>bad gateway', { status: 502, headers: { 'X-Request-Id': 'proxy-1' } }),
  );
  expect(error).toMatchObject({ status: 502, code: '', message: '<p>bad gateway', requestId: 'proxy-1' });
});

it('without an answer there is no id', async () => {
  expect((await refusalOf(new Response('no', { status: 404 }))).requestId).toBeUndefined();
  expect(await refusalOf(new TypeError('refused'))).toMatchObject({ status: 0, requestId: undefined });
});
