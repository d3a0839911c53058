import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Chart, GetChart } from '@/api/calls';

vi.stubGlobal('document', { baseURI: 'http://server/' });
const { ApiError } = await import('@/api/client');
const { ChartFeed } = await import('./feed');
type View = ConstructorParameters<typeof ChartFeed>[0];

const VIEW: View = { x: 'step', xKey: '', buckets: 600, precision: 'double' };
const run = (id: string) => ({ id, runIds: [id] });
const settle = (ms = 2000) => vi.advanceTimersByTimeAsync(ms);

/** A server with one point for each line; `steps` moves them on. */
function makeServer() {
  const asked: GetChart[] = [];
  const server = {
    asked,
    value: 1,
    fail: undefined as ((request: GetChart) => Error | undefined) | undefined,
    ask: async (request: GetChart): Promise<Chart> => {
      asked.push(request);
      const error = server.fail?.(request);
      if (error) throw error;
      if (request.since === `v${server.value}`) return { changed: false, cursor: request.since };
      const series = (request.run_ids ?? []).flatMap((name) => request.keys.map((key) => ({ name, key, entries: 1 })));
      const n = series.length;
      const bytes = (array: Int32Array | Uint32Array | Float64Array) => new Uint8Array(array.buffer);
      const values = bytes(new Float64Array(n).fill(server.value));
      const cells = {
        bucket: bytes(new Int32Array(n)),
        count: bytes(new Uint32Array(n).fill(1)),
        nans: bytes(new Uint32Array(n)),
        mean: values,
        min: values,
        max: values,
      };
      return { mode: 'points', buckets: 1, x: bytes(new Float64Array(1)), series, cells, cursor: `v${server.value}` };
    },
  };
  return server;
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('ChartFeed', () => {
  it('asks once for all metrics that come into sight together', async () => {
    const server = makeServer();
    const feed = new ChartFeed(VIEW, server.ask);
    feed.show([run('r1'), run('r2')]);
    const told = vi.fn();
    for (const key of ['a', 'b', 'c']) feed.watch(key, told);
    expect(feed.get('a').isLoading).toBe(true);
    await settle();
    expect(server.asked.map(({ keys, run_ids }) => [keys, run_ids])).toEqual([
      [
        ['a', 'b', 'c'],
        ['r1', 'r2'],
      ],
    ]);
    expect(feed.get('b').lines.map(({ id }) => id)).toEqual(['r1', 'r2']);
    expect(feed.get('b').isLoading).toBe(false);
    expect(told).toHaveBeenCalledTimes(3);
  });

  it('asks for metrics with many points and with few apart', async () => {
    const server = makeServer();
    const feed = new ChartFeed(VIEW, server.ask);
    feed.setCounts(
      new Map([
        ['step', 100_000],
        ['epoch', 90],
        ['val', 200],
      ]),
    );
    feed.show([run('r1')]);
    for (const key of ['step', 'epoch', 'val']) feed.watch(key, () => undefined);
    await settle();
    expect(server.asked.map(({ keys }) => keys)).toEqual([['step'], ['epoch', 'val']]);
  });

  it('asks for a run that is shown in addition alone, and for nothing when one is hidden', async () => {
    const server = makeServer();
    const feed = new ChartFeed(VIEW, server.ask);
    feed.show([run('r1'), run('r2')]);
    feed.watch('a', () => undefined);
    await settle();
    feed.show([run('r2'), run('r3')]);
    expect(feed.get('a').lines.map(({ id }) => id)).toEqual(['r2']);
    await settle();
    feed.show([run('r3')]);
    await settle();
    expect(server.asked.map(({ run_ids }) => run_ids)).toEqual([['r1', 'r2'], ['r3']]);
    expect(feed.get('a').lines.map(({ id }) => id)).toEqual(['r3']);
  });

  it('asks with the cursor when points have come, and tells nobody if nothing is new', async () => {
    const server = makeServer();
    const feed = new ChartFeed(VIEW, server.ask);
    feed.show([run('r1')]);
    const told = vi.fn();
    feed.watch('a', told);
    await settle();
    feed.hear([{ clock: 1, kind: 'METRICS', id: 'other' }], false);
    await settle();
    expect(server.asked).toHaveLength(1);
    feed.hear([{ clock: 2, kind: 'METRICS', id: 'r1' }], false);
    await settle();
    expect(server.asked[1]?.since).toBe('v1');
    expect(told).toHaveBeenCalledTimes(1);
    server.value = 2;
    feed.hear([{ clock: 3, kind: 'METRICS', id: 'r1' }], false);
    await settle();
    expect(feed.get('a').lines[0]?.data.mean[0]).toBe(2);
    expect(told).toHaveBeenCalledTimes(2);
  });

  it('does not ask for news of what is out of sight, until it comes back', async () => {
    const server = makeServer();
    const feed = new ChartFeed(VIEW, server.ask);
    feed.show([run('r1')]);
    const leave = feed.watch('a', () => undefined);
    await settle();
    leave();
    feed.hear([{ clock: 1, kind: 'METRICS', id: 'r1' }], false);
    await settle();
    expect(server.asked).toHaveLength(1);
    feed.watch('a', () => undefined);
    await settle();
    expect(server.asked).toHaveLength(2);
  });

  it('lets only the metric fail that is to blame', async () => {
    const server = makeServer();
    server.fail = ({ keys }) => (keys.includes('bad') ? new ApiError(400, 'INVALID', 'no such') : undefined);
    const feed = new ChartFeed(VIEW, server.ask);
    feed.show([run('r1')]);
    for (const key of ['good', 'bad']) feed.watch(key, () => undefined);
    await settle();
    expect(feed.get('good').lines).toHaveLength(1);
    expect(feed.get('bad').error).toBeInstanceOf(ApiError);
    const before = server.asked.length;
    await settle(60_000);
    expect(server.asked).toHaveLength(before);
    server.fail = undefined;
    feed.retry('bad');
    await settle();
    expect(feed.get('bad').error).toBeUndefined();
    expect(feed.get('bad').lines).toHaveLength(1);
  });

  it('keeps what it has while the server is gone, and goes on by itself', async () => {
    const server = makeServer();
    const feed = new ChartFeed(VIEW, server.ask);
    feed.show([run('r1')]);
    feed.watch('a', () => undefined);
    await settle();
    server.value = 2;
    server.fail = () => new ApiError(0, 'UNREACHABLE', 'gone');
    feed.hear([], true);
    await settle(5000);
    expect(feed.get('a').lines[0]?.data.mean[0]).toBe(1);
    expect(feed.get('a').error).toBeUndefined();
    server.fail = undefined;
    await settle(20_000);
    expect(feed.get('a').lines[0]?.data.mean[0]).toBe(2);
  });

  it('shows a failure of the first request, and goes on by itself', async () => {
    const server = makeServer();
    server.fail = () => new ApiError(0, 'UNREACHABLE', 'gone');
    const feed = new ChartFeed(VIEW, server.ask);
    feed.show([run('r1')]);
    feed.watch('a', () => undefined);
    await settle(500);
    expect(feed.get('a').error).toBeInstanceOf(ApiError);
    server.fail = undefined;
    await settle(20_000);
    expect(feed.get('a').error).toBeUndefined();
    expect(feed.get('a').lines).toHaveLength(1);
  });

  it('brings what comes into sight at once, though it is too soon for news', async () => {
    const server = makeServer();
    const feed = new ChartFeed(VIEW, server.ask);
    feed.show([run('r1')]);
    feed.watch('a', () => undefined);
    await settle(100);
    server.value = 2;
    feed.hear([{ clock: 1, kind: 'METRICS', id: 'r1' }], false);
    await settle(100);
    expect(server.asked).toHaveLength(1);
    feed.watch('b', () => undefined);
    await settle(100);
    expect(server.asked.map(({ keys }) => keys)).toEqual([['a'], ['b']]);
    await settle(2500);
    expect(feed.get('a').lines[0]?.data.mean[0]).toBe(2);
  });

  it('never asks for more than the server allows', async () => {
    const server = makeServer();
    const feed = new ChartFeed({ ...VIEW, buckets: 1500 }, server.ask);
    feed.show(Array.from({ length: 500 }, (_, i) => run(`r${i}`)));
    for (let i = 0; i < 20; i += 1) feed.watch(`k${i}`, () => undefined);
    await settle(5000);
    expect(server.asked.flatMap(({ keys }) => keys)).toHaveLength(20);
    for (const { run_ids = [], keys, buckets = 0 } of server.asked) {
      expect(run_ids.length * keys.length).toBeLessThanOrEqual(2000);
      expect(run_ids.length * keys.length * buckets).toBeLessThanOrEqual(1_200_000);
    }
  });

  it('asks anew for a metric that is patched together from too many answers', async () => {
    const server = makeServer();
    const feed = new ChartFeed(VIEW, server.ask);
    feed.watch('a', () => undefined);
    for (let n = 1; n <= 6; n += 1) {
      feed.show(Array.from({ length: n }, (_, i) => run(`r${i}`)));
      await settle();
    }
    expect(feed.get('a').lines).toHaveLength(6);
    expect(server.asked.some(({ run_ids = [] }) => run_ids.length > 3)).toBe(true);
  });
});
