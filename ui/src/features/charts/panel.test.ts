import { expect, it, vi } from 'vitest';

vi.stubGlobal('document', { baseURI: 'http://server/' });
const { nameLines, padRange, readAxis, readSmoothing } = await import('./panel');
const { chooseLines, groupId } = await import('./shown');

const run = (runId: string, number = 0) => ({
  runId,
  number,
  name: `name of ${runId}`,
  experimentId: '1',
  running: false,
  startTime: 0,
});

it('readAxis knows what x is', () => {
  expect(readAxis(undefined)).toMatchObject({ x: 'step', kind: 'step' });
  expect(readAxis('relative')).toMatchObject({ x: 'relative', kind: 'duration' });
  expect(readAxis('metric:val/a:b')).toEqual({ x: 'metric', xKey: 'val/a:b', kind: 'number', name: 'val/a:b' });
});

it('readSmoothing keeps the weight below one', () => {
  expect(readSmoothing({ smooth: 7 }).amount).toBe(0.999);
  expect(readSmoothing({ smooth: 7.4, smoother: 'window' })).toEqual({ kind: 'window', amount: 7 });
  expect(readSmoothing({}).amount).toBe(0);
});

it('padRange asks for a little more than is shown, and for more of the past the smoother lines are', () => {
  expect(padRange([100, 200], { kind: 'ema', amount: 0 })).toEqual([98, 202]);
  const [from, to] = padRange([100, 200], { kind: 'ema', amount: 0.98 });
  expect(from).toBeLessThan(70);
  expect(padRange([100, 200], { kind: 'ema', amount: 0.999 })[0]).toBe(0);
  expect(to).toBe(202);
});

it('chooseLines draws no more than the server gives', () => {
  const runs = Array.from({ length: 600 }, (_, i) => run(`r${i}`));
  expect(chooseLines(runs, [])).toHaveLength(500);
  const group = { name: 'all', number: 0, runIds: Array.from({ length: 3000 }, (_, i) => `g${i}`) };
  const lines = chooseLines(runs, [group]);
  expect(lines[500]?.runIds).toHaveLength(1500);
});

it('a group with other members is another line', () => {
  const group = { name: 'adam', number: 1, runIds: ['a', 'b'] };
  expect(groupId(group)).not.toBe(groupId({ ...group, runIds: ['a', 'c'] }));
  expect(groupId(group)).toBe(groupId({ ...group }));
});

it('names lines of runs and groups, with the colour of their numbers', () => {
  const group = { name: 'adam', number: 1, runIds: ['a', 'b'] };
  const names = nameLines([run('a', 3)], [group], false);
  expect(names.get('a')).toMatchObject({ name: 'name of a', runId: 'a', style: { color: '#7c2072' } });
  expect(names.get(groupId(group))?.name).toBe('adam (2 runs)');
  expect(names.get(groupId(group))?.runId).toBeUndefined();
});
