/** Numbers, times and sizes as people read them. The full value belongs into a tooltip. */

const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** A number of a metric with four significant digits; NaN and infinities by name. MLflow's wire has them as texts. */
export function formatNumber(value: number | string | undefined): string {
  if (value === undefined) return '';
  const number = Number(value);
  if (Number.isNaN(number)) return 'NaN';
  if (!Number.isFinite(number)) return number > 0 ? '∞' : '-∞';
  if (number === 0) return '0';
  const size = Math.abs(number);
  if (Number.isInteger(number) && size < 1e7) return GROUPED.format(number);
  if (size >= 1e7 || size < 1e-4)
    return number
      .toExponential(3)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e');
  return String(Number(number.toPrecision(size >= 1000 ? 6 : 4)));
}

/** A count with separators. */
export const formatCount = (count: number): string => GROUPED.format(count);

/** Milliseconds as "850 ms", "12.3 s", "4 min 5 s", "3 h 12 min", "2 d 4 h". */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${s.toFixed(1)} s`;
  const whole = Math.round(s);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long ago a time (Unix ms) was: "just now", "5 min ago", "3 d ago"; older ones as a date. */
export function formatAge(time: number, now = Date.now()): string {
  const s = (now - time) / 1000;
  if (s < 10) return 'just now';
  if (s < 60) return `${Math.floor(s)} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`;
  if (s < 14 * 86_400) return `${Math.floor(s / 86_400)} d ago`;
  return formatDate(time);
}

/** A time (Unix ms) as a local date. */
export const formatDate = (time: number): string => {
  const at = new Date(time);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
};

/** A time (Unix ms) as local date and time, to the second. */
export const formatTime = (time: number): string => {
  const at = new Date(time);
  return `${formatDate(time)} ${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
};

/** Bytes as "812 B", "1.4 MB" (powers of 1,000). */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

const pad = (value: number): string => String(value).padStart(2, '0');
