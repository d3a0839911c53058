/** The table taken along: CSV and Python. */

import { describe, expect, it } from 'vitest';
import { csvOfLines } from './csvTable';
import { frameOf } from './frame.fixture';
import { groupRows } from './grouping';
import { pythonOf } from './python';
import { flatLines, groupLines } from './rows';
import { describeGroups, describeRuns, shownNames, toggleShown } from './shownRuns';
import { orderRows } from './sorting';

const FRAME = frameOf([
  {
    run_id: 'b',
    run_name: 'second, "best"',
    status: 'RUNNING',
    'metrics.v': Number.NaN,
    'params.m': '=1+1',
    start_time: 1_000,
  },
  { run_id: 'a', run_name: 'first', status: 'FINISHED', 'metrics.v': 0.1, 'params.m': undefined, start_time: 0 },
]);
const ORDER = orderRows(FRAME, []);

describe('csvOfLines', () => {
  it('has all digits, ISO times, and quotes where they must be', () => {
    expect(csvOfLines(flatLines(FRAME, ORDER), ['metrics.v', 'params.m', 'start_time'], []).split('\r\n')).toEqual([
      'run_id,run_name,status,metrics.v,params.m,start_time',
      `b,"second, ""best""",RUNNING,nan,'=1+1,1970-01-01T00:00:01.000Z`,
      'a,first,FINISHED,0.1,,1970-01-01T00:00:00.000Z',
      '',
    ]);
  });

  it('has means of groups', () => {
    const groups = groupRows(FRAME, ORDER, ['status'], []);
    expect(csvOfLines(groupLines(FRAME, groups, new Set()), ['metrics.v'], ['status']).split('\r\n')).toEqual([
      'status,n,mean of metrics.v,std of metrics.v',
      'RUNNING,1,,',
      'FINISHED,1,0.1,0',
      '',
    ]);
  });
});

describe('pythonOf', () => {
  it('asks for the same runs in the same order', () => {
    const code = pythonOf({
      server: 'http://h:5000',
      experimentId: '7',
      q: `params.m = "it's"`,
      sort: ['metrics.v DESC'],
      trash: false,
      columns: ['metrics.v'],
    });
    expect(code).toContain('import headrace as hr\n\nhr.set_tracking_uri("http://h:5000")');
    expect(code).toContain(`    filter_string="params.m = \\"it's\\"",`);
    expect(code).toContain('    order_by=["metrics.v DESC"],');
    expect(code).not.toContain('ViewType');
  });

  it('says where the trash is', () => {
    const code = pythonOf({ server: 's', experimentId: '7', q: '', sort: [], trash: true, columns: [] });
    expect(code).toContain('from headrace.entities import ViewType');
    expect(code).toContain('run_view_type=ViewType.DELETED_ONLY');
    expect(code).not.toContain('filter_string');
  });
});

describe('what the charts show', () => {
  it('is the first rows, or those that the address names', () => {
    const lines = flatLines(FRAME, ORDER);
    expect(shownNames(lines, 1, false)).toEqual(['b']);
    expect(shownNames(lines, undefined, false)).toEqual(['b', 'a']);
    expect(shownNames(lines, 0, false)).toEqual([]);
    expect(shownNames(lines, ['a'], false)).toEqual(['a']);
  });

  it('changes by a click on an eye', () => {
    expect(toggleShown(['b', 'a'], 'b')).toEqual(['a']);
    expect(toggleShown(['a'], 'a')).toBe(0);
    expect(toggleShown(['a'], 'b')).toEqual(['a', 'b']);
  });

  it('tells the charts what they need', () => {
    expect(describeRuns(FRAME, ['b', 'gone'], '7')).toEqual([
      { runId: 'b', name: 'second, "best"', number: 0, experimentId: '7', running: true, startTime: 1000 },
    ]);
    const groups = groupRows(FRAME, ORDER, ['status'], []);
    expect(describeGroups(FRAME, groups, ['FINISHED'])).toEqual([{ name: 'FINISHED', number: 1, runIds: ['a'] }]);
  });
});
