/** One of a few choices, side by side. Mantine's control measures itself, for which the browser lays out the whole page once more. */

import { useId } from 'react';
import styles from './Segments.module.css';

interface Props<T extends string> {
  /** What is chosen, in words. */
  label: string;
  value: T;
  data: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
}

export function Segments<T extends string>({ label, value, data, onChange }: Props<T>) {
  const name = useId();
  return (
    <div className={styles.root} role="radiogroup" aria-label={label}>
      {data.map((each) => (
        <label key={each.value} className={styles.item}>
          <input
            type="radio"
            className={styles.input}
            name={name}
            value={each.value}
            checked={each.value === value}
            onChange={() => onChange(each.value)}
          />
          {each.label}
        </label>
      ))}
    </div>
  );
}
