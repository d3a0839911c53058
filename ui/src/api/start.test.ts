import { beforeEach, expect, it, vi } from 'vitest';

vi.stubGlobal('document', { baseURI: 'http://server/prefix/' });
vi.stubGlobal('location', { href: 'http://server/prefix/experiments/7/runs?q=x' });
const call = vi.fn();
vi.mock('./client', () => ({ BASE: new URL('http://server/prefix/'), call }));

const ANSWER = { cursor: '41', stars: [{ id: 'a' }], more_stars: false, experiment: { name: 'e' }, views: [] };

beforeEach(() => {
  vi.resetModules();
  call.mockReset();
});

it('asks once for all parts, and gives each of them once', async () => {
  call.mockResolvedValue(ANSWER);
  const { takeCursor, takeExperiment, takeStars, takeViews } = await import('./start');
  expect(await Promise.all([takeStars(), takeExperiment('7'), takeViews('7'), takeCursor()])).toEqual([
    ANSWER.stars,
    ANSWER.experiment,
    [],
    '41',
  ]);
  expect(call.mock.calls).toEqual([['views.start', { experiment_id: '7' }]]);
  expect(await takeStars()).toBeUndefined();
  expect(await takeCursor()).toBeUndefined();
});

it('gives nothing of another experiment, and no stars where there are more', async () => {
  call.mockResolvedValue({ ...ANSWER, more_stars: true });
  const { takeExperiment, takeStars, takeViews } = await import('./start');
  expect(await Promise.all([takeExperiment('8'), takeViews('8'), takeStars()])).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it('gives nothing if the server says no, or a while later, but where changes begin', async () => {
  call.mockRejectedValue(new Error('no'));
  const { takeStars } = await import('./start');
  expect(await takeStars()).toBeUndefined();
  vi.resetModules();
  call.mockResolvedValue(ANSWER);
  vi.useFakeTimers();
  const later = await import('./start');
  await later.takeExperiment('8');
  vi.advanceTimersByTime(11_000);
  expect(await later.takeExperiment('7')).toBeUndefined();
  expect(await later.takeCursor()).toBe('41');
  vi.useRealTimers();
});

it('reads the experiment out of an address', async () => {
  const { experimentIn } = await import('./start');
  const base = 'http://server/prefix/';
  expect(
    ['experiments/12', 'experiments/12/models?a=1', 'experiments/12#x'].map((path) => experimentIn(base + path)),
  ).toEqual(['12', '12', '12']);
  expect(
    ['', 'experiments', 'experiments?q=3', 'compare-runs?experiments=3'].map((path) => experimentIn(base + path)),
  ).toEqual(['', '', '', '']);
});
