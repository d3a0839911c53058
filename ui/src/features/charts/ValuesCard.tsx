/** Metrics of one prefix that have but one value: all in one card, as bars or as a table. */

import { useEffect, useMemo, useRef, useState } from 'react';
import { LineMark } from '@/charts/ChartTooltip';
import { Segments } from '@/components/Segments';
import { formatNumber } from '@/lib/format';
import { highlight, useIsHighlighted } from '@/lib/highlight';
import classes from './charts.module.css';
import type { Panel } from './panel';
import { type Cell, placeOf, Strip } from './Strip';
import type { LineId } from './shown';
import type { Survey } from './survey';

interface Props {
  prefix: string;
  metrics: readonly string[];
  panel: Panel;
  survey: Survey;
  height: number;
}

const MODES = [
  { value: 'bars', label: 'Bars' },
  { value: 'table', label: 'Table' },
] as const;
/** Up to so many lines there is a bar for each; with more, a dot. */
const MOST_BARS = 5;
const MOST_COLUMNS = 60;
/** Metrics whose sizes differ more have each a scale of their own. */
const COMMON = 20;

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
  const rows = useRows(prefix, metrics, panel, survey);
  const title = metrics.length === 1 ? 'Single value' : `${metrics.length} single values`;
  return (
    <article className={classes.card} style={{ height }} aria-label={`${prefix || 'Metrics'}: ${title}`}>
      <header className={classes.head} style={{ paddingRight: 8 }}>
        <h2 className={classes.title} style={{ flex: 'none' }}>
          {title}
        </h2>
        <Names panel={panel} isShown={mode === 'bars'} />
        <Segments label="How single values are shown" value={mode} onChange={setMode} data={MODES} />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse must be able to scroll it */}
      <section className={classes.values} aria-label={`${prefix || 'Metrics'}, values`} tabIndex={0}>
        {mode === 'bars' ? <Bars rows={rows} panel={panel} height={height} /> : <Table rows={rows} panel={panel} />}
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

interface ValueRow {
  metric: string;
  label: string;
  cells: readonly Cell[];
}

/** The values of metrics, the same objects until the survey has learnt something. */
function useRows(prefix: string, metrics: readonly string[], panel: Panel, survey: Survey): readonly ValueRow[] {
  const { lines, names } = panel;
  const shape = metrics.join('\n');
  const version = survey.version();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape stands for the metrics, the version counts what the survey has learnt
  return useMemo(
    () =>
      metrics.map((metric) => ({
        metric,
        label: prefix && metric.startsWith(`${prefix}/`) ? metric.slice(prefix.length + 1) : metric,
        cells: lines.flatMap((line): Cell[] => {
          const value = names.has(line.id) ? findValue(survey, metric, line) : undefined;
          return value === undefined ? [] : [{ id: line.id, value }];
        }),
      })),
    [prefix, shape, lines, names, survey, version],
  );
}

interface RowsProps {
  rows: readonly ValueRow[];
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

/** So many rows are drawn above and below those in sight. */
const AHEAD = 8;

function Bars({ rows, panel, height }: RowsProps & { height: number }) {
  const most = panel.lines.length;
  const isStrip = most > MOST_BARS;
  const spans = useMemo(() => chooseSpans(rows, isStrip), [rows, isStrip]);
  const each = rowHeight(most);
  const list = useRef<HTMLDivElement>(null);
  const [start, setStart] = useState(0);
  useEffect(() => {
    const scroller = list.current?.parentElement;
    if (!scroller) return;
    const look = () => setStart(Math.floor(scroller.scrollTop / each / AHEAD) * AHEAD);
    look();
    scroller.addEventListener('scroll', look, { passive: true });
    return () => scroller.removeEventListener('scroll', look);
  }, [each]);
  const from = Math.max(0, start - AHEAD);
  const shown = rows.slice(from, start + Math.ceil(height / each) + 2 * AHEAD);
  return (
    <div ref={list} style={{ height: rows.length * each, paddingTop: from * each }}>
      {shown.map(({ metric, label, cells }, place) => {
        const [min, max] = spans[from + place] ?? [0, 1];
        return (
          <div key={metric} className={classes.value} style={{ height: each }}>
            <span className="ellipsis" title={metric}>
              {label}
            </span>
            <span className={classes.track}>
              {isStrip ? (
                <Strip metric={metric} cells={cells} names={panel.names} min={min} max={max} />
              ) : (
                cells.map(({ id, value }, i) => (
                  <Mark
                    key={id}
                    id={id}
                    value={value}
                    metric={metric}
                    panel={panel}
                    place={i}
                    of={cells.length}
                    zero={placeOf(0, min, max)}
                    at={placeOf(value, min, max)}
                  />
                ))
              )}
            </span>
            <Summary cells={cells} isStrip={isStrip} />
          </div>
        );
      })}
    </div>
  );
}

interface MarkProps {
  id: string;
  value: number;
  metric: string;
  panel: Panel;
  /** Which of the bars it is. */
  place: number;
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
  const top = `calc(50% + ${(place - of / 2) * 12 + 2}px)`;
  return (
    <span
      {...common}
      className={classes.bar}
      style={{ top, left: `${Math.min(zero, at)}%`, width: `${Math.abs(at - zero)}%`, background: color }}
    />
  );
}

/** The values as they are, beside the bar of each; those of a strip as least to greatest. */
function Summary({ cells, isStrip }: { cells: readonly Cell[]; isStrip: boolean }) {
  const values = cells.map(({ value }) => value);
  const finite = values.filter(Number.isFinite);
  if (!isStrip || values.length <= 1) {
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
