/** What stands in the cells of the table. */

import { Sparkline } from '@/charts/Sparkline';
import { RunStateBadge } from '@/components/RunStateBadge';
import { formatAge, formatCount, formatDuration, formatNumber, formatTime } from '@/lib/format';
import { readField } from './fields';
import { type Cells, type Frame, hasCell, numberAt, textAt } from './frame';
import { type Placed, SPARK_WIDTH } from './layout';
import styles from './RunGrid.module.css';
import { aggregate, statsOf } from './stats';
import { useTimed } from './useTimed';

/** Where a value lies between the least and the greatest of its column, in percent. */
export function shareOf(cells: Cells, value: number): number {
  const { min, max } = statsOf(cells);
  if (!Number.isFinite(value) || !(max > min)) return 0;
  return Math.max(0, Math.min(100, ((value - min) / (max - min)) * 100));
}

interface CellProps {
  frame: Frame;
  row: number;
  column: Placed;
  /** Left end, in pixels from where the cell's container begins. */
  left: number;
  place: number;
  spark?: Float64Array | undefined;
  /** Since which step a value that is no number has been none, if that is known. */
  since?: number | undefined;
  color: string;
}

/** One value of one run. */
export function RunCell({ frame, row, column, left, place, spark, since, color }: CellProps) {
  const { name, width } = column;
  const cells = frame.columns.get(name);
  const style = { left, width };
  if (name === 'duration' || name === 'status')
    return <AttributeCell frame={frame} row={row} name={name} style={style} place={place} />;
  if (!cells) return <Blank style={style} place={place} />;
  if (!hasCell(cells, row)) return <div role="gridcell" aria-colindex={place} className={styles.cell} style={style} />;
  if (cells.kind === 'time') {
    const time = numberAt(cells, row);
    return (
      <div role="gridcell" aria-colindex={place} className={styles.cell} style={style} title={formatTime(time)}>
        <Age time={time} />
      </div>
    );
  }
  if (cells.kind === 'number')
    return (
      <NumberCell
        cells={cells}
        row={row}
        column={column}
        style={style}
        place={place}
        spark={spark}
        since={since}
        color={color}
      />
    );
  const text = textAt(cells, row);
  const { numeric } = statsOf(cells);
  return (
    <div
      role="gridcell"
      aria-colindex={place}
      className={styles.cell}
      style={numeric ? { ...style, justifyContent: 'flex-end', fontVariantNumeric: 'tabular-nums' } : style}
      title={text}
    >
      <span className={styles.text}>{numeric && text.length > LONG_NUMBER ? shortenNumber(text) : text}</span>
    </div>
  );
}

/** In characters: `0.05355260275` is read as 0.05355, its other digits stand in the tooltip. Seeds and other whole numbers stay. */
const LONG_NUMBER = 9;
const shortenNumber = (text: string): string => (/^-?\d*\.\d/.test(text) ? formatNumber(text) : text);

interface Style {
  left: number;
  width: number;
}

/** A cell whose column is on its way. */
function Blank({ style, place }: { style: Style; place: number }) {
  return (
    <div role="gridcell" aria-colindex={place} aria-busy className={styles.cell} style={style}>
      <span className={styles.ghost} />
    </div>
  );
}

interface NumberProps {
  cells: Cells;
  row: number;
  column: Placed;
  style: Style;
  place: number;
  spark: Float64Array | undefined;
  since: number | undefined;
  color: string;
}

/** From this width on a cell has room for `NaN at step 1,204`. */
const WORDS_WIDTH = 136;

function NumberCell({ cells, row, column, style, place, spark, since, color }: NumberProps) {
  const value = numberAt(cells, row);
  const share = shareOf(cells, value);
  const { entity, step } = readField(column.name);
  const isMetric = entity === 'metric' && !step;
  const odd = !Number.isFinite(value);
  const lined = column.width >= SPARK_WIDTH && spark !== undefined && spark.length > 1;
  return (
    <div
      role="gridcell"
      aria-colindex={place}
      className={`${styles.value} ${styles.bar}`}
      style={isMetric && !lined && share > 0 ? { ...style, backgroundSize: `${share.toFixed(1)}% 62%` } : style}
      title={
        odd ? `${formatNumber(value)}${since === undefined ? '' : ` at step ${formatCount(since)}`}` : String(value)
      }
    >
      {lined && (
        <span style={{ marginRight: 'auto', display: 'flex' }}>
          <Sparkline values={spark} color={color} width={Math.min(120, column.width - 84)} height={20} />
        </span>
      )}
      <span className={odd ? styles.odd : undefined}>{step ? formatCount(value) : formatNumber(value)}</span>
      {odd && since !== undefined && (
        <span className={styles.deviation}>
          &nbsp;at {column.width >= WORDS_WIDTH ? 'step ' : ''}
          {formatCount(since)}
        </span>
      )}
    </div>
  );
}

function Age({ time }: { time: number }) {
  return useTimed((now) => formatAge(time, now));
}

function Since({ time }: { time: number }) {
  return useTimed((now) => formatDuration(Math.floor(Math.max(0, now - time) / 1000) * 1000));
}

interface AttributeProps {
  frame: Frame;
  row: number;
  name: 'duration' | 'status';
  style: Style;
  place: number;
}

function AttributeCell({ frame, row, name, style, place }: AttributeProps) {
  const state = textAt(frame.columns.get('status'), row);
  if (name === 'status') {
    return (
      <div role="gridcell" aria-colindex={place} className={styles.cell} style={style}>
        <RunStateBadge state={state} />
      </div>
    );
  }
  const cells = frame.columns.get('duration');
  const started = frame.columns.get('start_time');
  const known = cells && hasCell(cells, row) ? numberAt(cells, row) : undefined;
  // A run that goes on has no duration yet: how long it has been going.
  const from = known === undefined && state === 'RUNNING' && started ? numberAt(started, row) : undefined;
  return (
    <div
      role="gridcell"
      aria-colindex={place}
      className={styles.value}
      style={style}
      title={known === undefined ? 'so far' : `${known} ms`}
    >
      {known !== undefined && formatDuration(known)}
      {from !== undefined && <Since time={from} />}
    </div>
  );
}

interface GroupCellProps {
  frame: Frame;
  rows: Uint32Array;
  column: Placed;
  left: number;
  place: number;
}

/** What the runs of a group have: mean and deviation, one text, or how many. */
export function GroupCell({ frame, rows, column, left, place }: GroupCellProps) {
  const { name, width } = column;
  const cells = frame.columns.get(name);
  const style = { left, width };
  if (!cells) return <Blank style={style} place={place} />;
  const found = aggregate(cells, rows);
  if (found.count === 0) return <div role="gridcell" aria-colindex={place} className={styles.cell} style={style} />;
  if (cells.kind === 'text') {
    const text = found.distinct === 1 ? found.text : `${found.distinct} values`;
    return (
      <div
        role="gridcell"
        aria-colindex={place}
        className={`${styles.cell} ${found.distinct === 1 ? '' : styles.deviation}`}
        style={style}
        title={text}
      >
        <span className={styles.text}>{name === 'status' && found.distinct === 1 ? text.toLowerCase() : text}</span>
      </div>
    );
  }
  if (cells.kind === 'time') {
    return (
      <div
        role="gridcell"
        aria-colindex={place}
        className={styles.cell}
        style={style}
        title={`on average ${formatTime(found.mean)}`}
      >
        {formatAge(found.mean)}
      </div>
    );
  }
  const show = name === 'duration' ? formatDuration : formatNumber;
  const { entity, step } = readField(name);
  const share = entity === 'metric' && !step ? shareOf(cells, found.mean) : 0;
  const nans = found.nans > 0 ? `, ${found.nans} NaN` : '';
  return (
    <div
      role="gridcell"
      aria-colindex={place}
      className={`${styles.value} ${styles.bar}`}
      style={share > 0 ? { ...style, backgroundSize: `${share.toFixed(1)}% 62%` } : style}
      title={`mean ${found.mean}, standard deviation ${found.std}, of ${found.count - found.nans} runs${nans}`}
    >
      <span>{show(found.mean)}</span>
      {found.count - found.nans > 1 && (
        <span className={styles.deviation}>
          ± {name === 'duration' ? formatDuration(found.std) : formatNumber(Number(found.std.toPrecision(2)))}
        </span>
      )}
    </div>
  );
}
