/** A key whose folders stand back: of `optimizer.lr` one reads `lr` first. */

import styles from './RunPage.module.css';

/** Names with more characters are cut before their last ones: long names differ at their ends. */
const LONG = 24;
const TAIL = 10;

export function Key({ name }: { name: string }) {
  const cut = Math.max(name.lastIndexOf('/'), name.lastIndexOf('.')) + 1;
  const folder = cut < name.length ? cut : 0;
  if (name.length <= LONG) {
    return (
      <span className={styles.key} title={name}>
        <Part text={name} folder={folder} />
      </span>
    );
  }
  const tail = name.length - TAIL;
  return (
    <span className={styles.ends} title={name}>
      <span className={styles.key}>
        <Part text={name.slice(0, tail)} folder={folder} />
      </span>
      <span className={styles.tail}>
        <Part text={name.slice(tail)} folder={folder - tail} />
      </span>
    </span>
  );
}

/** A text whose first characters are of a folder. */
function Part({ text, folder }: { text: string; folder: number }) {
  if (folder <= 0) return text;
  return (
    <>
      <span className={styles.folder}>{text.slice(0, folder)}</span>
      {text.slice(folder)}
    </>
  );
}
