/** The mark of a run: its colour, and by its shape the dash of its line, so that colour is never alone. */

import { useDark } from '@/lib/dark';
import { runStyle } from '@/lib/runColor';

interface Props {
  /** The run's number in the order of creation. */
  number: number;
  /** Width in pixels. */
  size?: number;
  /** Instead of its own, where runs are coloured by a value. */
  color?: string | undefined;
}

/** Full for a solid line, two arcs for a dashed one, five dots for a dotted one. What it stands for is said beside it. */
export function RunDot({ number, size = 10, color: given }: Props) {
  const dark = useDark();
  const { color, dash } = given === undefined ? runStyle(number, dark) : { color: given, dash: [] };
  const around = 2 * Math.PI * 3.6;
  const marks = dash.length === 0 ? 0 : (dash[0] ?? 0) > 4 ? 2 : 5;
  const on = marks === 2 ? 0.7 : 0.45;
  return (
    <svg width={size} height={size} viewBox="0 0 10 10" aria-hidden="true" style={{ flex: 'none', display: 'block' }}>
      {marks === 0 ? (
        <circle cx="5" cy="5" r="4.5" fill={color} />
      ) : (
        <circle
          cx="5"
          cy="5"
          r="3.6"
          fill="none"
          stroke={color}
          strokeWidth="2.6"
          strokeDasharray={`${(around / marks) * on} ${(around / marks) * (1 - on)}`}
          transform="rotate(-60 5 5)"
        />
      )}
    </svg>
  );
}
