/** A key whose folders stand back: of `optimizer.lr` one reads `lr` first. */

import styles from './RunPage.module.css';

export function Key({ name }: { name: string }) {
  const cut = Math.max(name.lastIndexOf('/'), name.lastIndexOf('.')) + 1;
  return (
    <span className={styles.key} title={name}>
      {cut > 0 && cut < name.length && <span className={styles.folder}>{name.slice(0, cut)}</span>}
      {cut < name.length ? name.slice(cut) : name}
    </span>
  );
}
