import { expect, test } from 'vitest';
import { wholeRange } from './whole';

const RUN = { start_time: 1000, end_time: 5000 };

test('charts of time show the run from its start to its end', () => {
  expect(wholeRange(RUN, [{ timestamp: 2000 }], 'relative')).toEqual([0, 4000]);
  expect(wholeRange(RUN, [], 'time')).toEqual([1000, 5000]);
});

test('a run that goes on is shown up to its latest point, one that was logged to afterwards as well', () => {
  expect(wholeRange({ start_time: 1000 }, [{ timestamp: 2000 }, { timestamp: 1500 }], 'relative')).toEqual([0, 1000]);
  expect(wholeRange(RUN, [{ timestamp: 9000 }], 'relative')).toEqual([0, 8000]);
});

test('where x is no time, or nothing has happened, each chart has its own range', () => {
  expect(wholeRange(RUN, [], 'step')).toBeUndefined();
  expect(wholeRange({ start_time: 1000 }, [], 'relative')).toBeUndefined();
});
