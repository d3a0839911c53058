/** Metrics of one prefix that have but one value: all in one card, as bars or as a table. */

import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { LineMark } from '@/charts/ChartTooltip';
import { formatNumber } from '@/lib/format';
import { highlight, useIsHighlighted } from '@/lib/highlight';
import classes from './charts.module.css';
import type { Panel } from './panel';
import type { LineId } from './shown';
import type { Survey } from './survey';

interface Props {
  prefix: string;
  metrics: readonly string[];
  panel: Panel;
  survey: Survey;
  height: number;
}

/** Up to so many lines there is a bar for each; with more, a dot. */
const MOST_BARS = 5;
const MOST_COLUMNS = 60;
/** Metrics whose sizes differ more have each a scale of their own. */
const COMMON = 20;

interface Cell {
  id: string;
  value: number;
}

/** The height of a card. */
export function valuesHeight(metrics: number, lines: number): number {
  return Math.min(40 + metrics * rowHeight(lines) + 14, 460);
}

const rowHeight = (lines: number): number => (lines <= MOST_BARS ? Math.max(24, lines * 12 + 8) : 26);

/** The value of a line: of a run its latest, of a group the mean over its runs. */
function findValue(survey: Survey, metric: string, { runIds }: LineId): number | undefined {
  const found = runIds.flatMap((id) => survey.find(metric, id)?.last ?? []);
  return found.length ? found.reduce((sum, each) => sum + each, 0) / found.length : undefined;
}

export function ValuesCard({ prefix, metrics, panel, survey, height }: Props) {
  const [mode, setMode] = useState<'bars' | 'table'>('bars');
  const rows = metrics.map((metric) => ({
    metric,
    label: prefix && metric.startsWith(`${prefix}/`) ? metric.slice(prefix.length + 1) : metric,
    cells: panel.lines.flatMap((line): Cell[] => {
      const value = panel.names.has(line.id) ? findValue(survey, metric, line) : undefined;
      return value === undefined ? [] : [{ id: line.id, value }];
    }),
  }));
  const title = metrics.length === 1 ? 'Single value' : `${metrics.length} single values`;
  return (
    <article className={classes.card} style={{ height }} aria-label={`${prefix || 'Metrics'}: ${title}`}>
      <header className={classes.head} style={{ paddingRight: 8 }}>
        <h2 className={classes.title} style={{ flex: 'none' }}>
          {title}
        </h2>
        <Names panel={panel} isShown={mode === 'bars'} />
        <SegmentedControl
          size="xs"
          value={mode}
          onChange={(value) => setMode(value === 'table' ? 'table' : 'bars')}
          data={[
            { value: 'bars', label: 'Bars' },
            { value: 'table', label: 'Table' },
          ]}
          aria-label="How single values are shown"
        />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse must be able to scroll it */}
      <section className={classes.values} aria-label={`${prefix || 'Metrics'}, values`} tabIndex={0}>
        {mode === 'bars' ? <Bars rows={rows} panel={panel} /> : <Table rows={rows} panel={panel} />}
      </section>
    </article>
  );
}

/** Which bar is whose, as long as there is room to say it. */
function Names({ panel, isShown }: { panel: Panel; isShown: boolean }) {
  const named =
    panel.lines.length <= MOST_BARS && isShown ? panel.lines.flatMap(({ id }) => panel.names.get(id) ?? []) : [];
  return (
    <span className={classes.names}>
      {named.map(({ name, style }) => (
        <span key={name} className={classes.named} title={name}>
          <LineMark color={style.color} dash={style.dash} width={14} />
          <span className="ellipsis">{name}</span>
        </span>
      ))}
    </span>
  );
}

interface RowsProps {
  rows: readonly { metric: string; label: string; cells: readonly Cell[] }[];
  panel: Panel;
}

type Span = readonly [number, number];

function spanOf(values: readonly number[]): Span {
  const finite = values.filter(Number.isFinite);
  return [Math.min(0, ...finite), Math.max(0, ...finite)];
}

/** One scale for all rows if their sizes allow it; else one for each. */
function chooseSpans(rows: RowsProps['rows'], isStrip: boolean): Span[] {
  const own = rows.map(({ cells }): Span => {
    const values = cells.map(({ value }) => value).filter(Number.isFinite);
    return isStrip && values.length ? [Math.min(...values), Math.max(...values)] : spanOf(values);
  });
  const sizes = own.map(([min, max]) => Math.max(Math.abs(min), Math.abs(max))).filter((size) => size > 0);
  if (sizes.length === 0 || Math.max(...sizes) > COMMON * Math.min(...sizes)) return own;
  const all: Span = [Math.min(...own.map(([min]) => min)), Math.max(...own.map(([, max]) => max))];
  return own.map(() => all);
}

function Bars({ rows, panel }: RowsProps) {
  const most = panel.lines.length;
  const isStrip = most > MOST_BARS;
  const spans = chooseSpans(rows, isStrip);
  return rows.map(({ metric, label, cells }, place) => {
    const [min, max] = spans[place] ?? [0, 1];
    const toPercent = (value: number) => (max > min ? ((value - min) / (max - min)) * 100 : 50);
    return (
      <div key={metric} className={classes.value} style={{ height: rowHeight(most) }}>
        <span className="ellipsis" title={metric}>
          {label}
        </span>
        <span className={classes.track}>
          {isStrip && <span className={classes.baseline} />}
          {cells.map(({ id, value }, i) => (
            <Mark
              key={id}
              id={id}
              value={value}
              metric={metric}
              panel={panel}
              place={isStrip ? undefined : i}
              of={cells.length}
              zero={toPercent(0)}
              at={toPercent(value)}
            />
          ))}
        </span>
        <Summary cells={cells} />
      </div>
    );
  });
}

interface MarkProps {
  id: string;
  value: number;
  metric: string;
  panel: Panel;
  /** Which of the bars it is; none in a strip of dots. */
  place: number | undefined;
  of: number;
  zero: number;
  at: number;
}

function Mark({ id, value, metric, panel, place, of, zero, at }: MarkProps) {
  const name = panel.names.get(id);
  const isLit = useIsHighlighted(id);
  if (!name || !Number.isFinite(value)) return null;
  const common = {
    'data-lit': isLit,
    title: `${name.name}: ${metric} ${formatNumber(value)}`,
    onPointerEnter: () => highlight.set(id),
    onPointerLeave: () => highlight.set(null),
  };
  const { color } = name.style;
  if (place === undefined)
    return <span {...common} className={classes.dot} style={{ left: `${at}%`, background: color }} />;
  const top = `calc(50% + ${(place - of / 2) * 12 + 2}px)`;
  return (
    <span
      {...common}
      className={classes.bar}
      style={{ top, left: `${Math.min(zero, at)}%`, width: `${Math.abs(at - zero)}%`, background: color }}
    />
  );
}

/** Few values as they are, many as least to greatest. */
function Summary({ cells }: { cells: readonly Cell[] }) {
  const values = cells.map(({ value }) => value);
  const finite = values.filter(Number.isFinite);
  if (values.length <= MOST_BARS) {
    return (
      <span className={classes.number} style={{ lineHeight: '12px', fontSize: values.length > 1 ? 11 : undefined }}>
        {cells.map(({ id, value }) => (
          <span key={id} style={{ display: 'block' }}>
            {formatNumber(value)}
          </span>
        ))}
      </span>
    );
  }
  return (
    <span className={classes.number} style={{ fontSize: 11 }} title="Least and greatest">
      {finite.length ? `${formatNumber(Math.min(...finite))} to ${formatNumber(Math.max(...finite))}` : 'NaN'}
    </span>
  );
}

function Table({ rows, panel }: RowsProps) {
  const lines = panel.lines.flatMap(({ id }) => {
    const name = panel.names.get(id);
    return name ? [{ id, ...name }] : [];
  });
  return (
    <table className={classes.grid}>
      <thead>
        <tr>
          <th scope="col">Metric</th>
          {lines.slice(0, MOST_COLUMNS).map(({ id, name }) => (
            <th key={id} scope="col" title={name}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ metric, label, cells }) => {
          const values = new Map(cells.map(({ id, value }) => [id, value]));
          return (
            <tr key={metric}>
              <th scope="row" title={metric}>
                {label}
              </th>
              {lines.slice(0, MOST_COLUMNS).map(({ id }) => (
                <td key={id} title={String(values.get(id) ?? '')}>
                  {formatNumber(values.get(id))}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
