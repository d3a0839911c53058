import { describe, expect, it } from 'vitest';
import { labelDuration, makeTicks, niceStep } from './ticks';

const number = (min: number, max: number, most = 5) => makeTicks('number', false, min, max, most);

describe('ticks of numbers', () => {
  it('stand at 1, 2, 2.5 or 5 times a power of ten', () => {
    expect([0.13, 0.21, 0.6, 1, 3, 47].map(niceStep)).toEqual([0.2, 0.25, 1, 1, 5, 50]);
    expect(number(0, 1).values).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  });

  it('have no more decimals than they need', () => {
    expect(number(0, 1).labels).toEqual(['0', '0.2', '0.4', '0.6', '0.8', '1.0']);
    expect(number(0, 10_000).labels).toEqual(['0', '2,000', '4,000', '6,000', '8,000', '10,000']);
    expect(number(0, 10_000, 4).labels).toEqual(['0', '2,500', '5,000', '7,500', '10,000']);
    expect(number(0, 1, 4).labels).toEqual(['0', '0.25', '0.50', '0.75', '1.00']);
    expect(number(0, 1e-4, 4).labels).toEqual(['0', '2.5e-5', '5e-5', '7.5e-5', '1e-4']);
    expect(number(0, 1e6, 4).labels).toEqual(['0', '0.25M', '0.50M', '0.75M', '1.00M']);
    expect(number(0.9981, 0.9989, 4).labels).toEqual(['0.9982', '0.9984', '0.9986', '0.9988']);
  });

  it('are short where numbers are large or small', () => {
    expect(number(0, 3e6, 3).labels).toEqual(['0', '1M', '2M', '3M']);
    expect(number(0, 200_000, 4).labels).toEqual(['0', '50k', '100k', '150k', '200k']);
    expect(number(0, 3e-5, 3).labels).toEqual(['0', '1e-5', '2e-5', '3e-5']);
    expect(number(0, 3e-12, 3).labels).toEqual(['0', '1e-12', '2e-12', '3e-12']);
  });

  it('are whole where steps are counted', () => {
    expect(makeTicks('step', false, 0, 1, 4).labels).toEqual(['0', '1']);
    expect(makeTicks('step', false, 0, 10, 4).labels).toEqual(['0', '5', '10']);
  });

  it('count down below zero', () => {
    expect(number(-1, 1, 4).labels).toEqual(['-1.0', '-0.5', '0', '0.5', '1.0']);
  });

  it('are none for an empty range', () => {
    expect(number(2, 2).values).toEqual([]);
    expect(number(Number.NaN, 2).values).toEqual([]);
  });
});

describe('logarithmic ticks', () => {
  it('stand at powers of ten', () => {
    expect(makeTicks('number', true, 0.0008, 2, 5).labels).toEqual(['0.001', '0.01', '0.1', '1']);
  });

  it('have 2 and 5 between if there is room', () => {
    expect(makeTicks('number', true, 1, 100, 8).values).toEqual([1, 2, 5, 10, 20, 50, 100]);
  });

  it('leave powers out if there are many', () => {
    const { values } = makeTicks('number', true, 1e-12, 1e12, 6);
    expect(values.length).toBeLessThanOrEqual(6);
    expect(values.length).toBeGreaterThan(2);
  });

  it('are like those of numbers within one power of ten', () => {
    expect(makeTicks('number', true, 2, 6, 4).values).toEqual([2, 3, 4, 5, 6]);
  });
});

describe('ticks of durations', () => {
  it('name at most two units', () => {
    expect([0, 500, 90_000, 5_400_000, 95_400_000].map((ms) => labelDuration(ms, 1))).toEqual([
      '0',
      '500ms',
      '1m 30s',
      '1h 30m',
      '1d 3h',
    ]);
  });

  it('stand at whole minutes and hours', () => {
    expect(makeTicks('duration', false, 0, 3_600_000, 4).labels).toEqual(['0', '15m', '30m', '45m', '1h']);
    expect(makeTicks('duration', false, 0, 20_000, 4).labels).toEqual(['0', '5s', '10s', '15s', '20s']);
  });
});

describe('ticks of times', () => {
  it('stand at whole hours of the local clock, with the date at midnight', () => {
    const start = new Date(2026, 10, 20, 21, 10).getTime();
    const { labels } = makeTicks('time', false, start, start + 6 * 3_600_000, 6);
    expect(labels).toEqual(['22:00', '23:00', 'Nov 21', '01:00', '02:00', '03:00']);
  });

  it('are days, months and years over longer times', () => {
    const start = new Date(2026, 0, 1).getTime();
    expect(makeTicks('time', false, start, new Date(2026, 0, 5).getTime(), 5).labels).toEqual([
      'Jan 1',
      'Jan 2',
      'Jan 3',
      'Jan 4',
      'Jan 5',
    ]);
    expect(makeTicks('time', false, start, new Date(2027, 0, 2).getTime(), 5).labels).toEqual([
      '2026',
      'Apr',
      'Jul',
      'Oct',
      '2027',
    ]);
    expect(makeTicks('time', false, start, new Date(2030, 0, 2).getTime(), 5).labels).toEqual([
      '2026',
      '2027',
      '2028',
      '2029',
      '2030',
    ]);
  });
});
