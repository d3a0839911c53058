/** The filter: one line of the search language, with completion, and the server's words at the place of a mistake. */

import { ActionIcon, Kbd } from '@mantine/core';
import { Search, X } from 'lucide-react';
import { type KeyboardEvent, type RefObject, useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import { applyChoice, type Choice, readWanted } from './completion';
import styles from './FilterBox.module.css';
import { placeOfError, readTokens, wordsOfError } from './filterText';
import { useCompletion } from './useCompletion';

interface Props {
  experimentId: string;
  /** The filter that holds now. */
  q: string;
  apply: (q: string) => void;
  /** What the server says is wrong with it. */
  problem: string | undefined;
  input: RefObject<HTMLInputElement | null>;
}

export function FilterBox({ experimentId, q, apply, problem, input }: Props) {
  const [text, setText] = useState(q);
  const [cursor, setCursor] = useState(q.length);
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const [scrolled, setScrolled] = useState(0);
  const next = useRef<number>(undefined);
  const list = useId();
  useEffect(() => {
    setText(q);
    setOpen(false);
  }, [q]);
  useLayoutEffect(() => {
    if (next.current === undefined || !input.current) return;
    input.current.setSelectionRange(next.current, next.current);
    next.current = undefined;
  });
  const wanted = readWanted(text, cursor);
  const choices = useCompletion(experimentId, wanted, open);
  const shown = open ? choices : [];
  const bad = problem !== undefined && text === q;

  const write = (value: string, at: number) => {
    setText(value);
    setCursor(at);
    setChosen(-1);
    setOpen(true);
  };
  const choose = (choice: Choice) => {
    if (wanted.kind === 'nothing') return;
    const done = applyChoice(text, wanted, choice);
    next.current = done.cursor;
    write(done.text, done.cursor);
    input.current?.focus();
  };
  const press = (event: KeyboardEvent<HTMLInputElement>) => {
    const most = shown.length - 1;
    const choice = shown[chosen] ?? (event.key === 'Tab' ? shown[0] : undefined);
    if (event.key === 'ArrowDown' && shown.length > 0) setChosen(Math.min(chosen + 1, most));
    else if (event.key === 'ArrowDown') setOpen(true);
    else if (event.key === 'ArrowUp' && shown.length > 0) setChosen(Math.max(chosen - 1, -1));
    // Enter never takes a choice that nobody has pointed at: it would change what was written.
    else if ((event.key === 'Enter' || (event.key === 'Tab' && !event.shiftKey && text !== q)) && choice)
      choose(choice);
    else if (event.key === 'Enter') {
      setOpen(false);
      apply(text.trim());
    } else if (event.key === 'Escape' && open && shown.length > 0) setOpen(false);
    else if (event.key === 'Escape') {
      setText(q);
      event.currentTarget.blur();
    } else return;
    event.preventDefault();
  };
  return (
    <search className={styles.box}>
      <div className={styles.field} data-bad={bad || undefined}>
        <Search size={15} aria-hidden style={{ flex: 'none', color: 'var(--hr-dim)' }} />
        <div className={styles.write}>
          {bad && <Mirror text={text} message={problem} scrolled={scrolled} />}
          <input
            ref={input}
            className={styles.input}
            type="text"
            role="combobox"
            aria-label="Filter"
            aria-expanded={shown.length > 0}
            aria-controls={list}
            aria-autocomplete="list"
            aria-activedescendant={chosen >= 0 ? `${list}-${chosen}` : undefined}
            aria-invalid={bad}
            aria-describedby={bad ? `${list}-problem` : undefined}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            placeholder="metrics.loss < 0.1 AND params.model = 'tree'"
            value={text}
            onChange={(event) =>
              write(event.currentTarget.value, event.currentTarget.selectionStart ?? event.currentTarget.value.length)
            }
            onSelect={(event) => setCursor(event.currentTarget.selectionStart ?? 0)}
            onFocus={() => setOpen(true)}
            onBlur={() => {
              setOpen(false);
              setChosen(-1);
            }}
            onScroll={(event) => setScrolled(event.currentTarget.scrollLeft)}
            onKeyDown={press}
          />
        </div>
        {text === '' ? (
          <Kbd size="xs" aria-hidden>
            /
          </Kbd>
        ) : (
          <ActionIcon
            variant="subtle"
            color="gray"
            size={22}
            aria-label="Clear the filter"
            title="Clear the filter"
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => {
              setText('');
              apply('');
            }}
          >
            <X size={14} aria-hidden />
          </ActionIcon>
        )}
      </div>
      {bad && shown.length === 0 && (
        <div className={styles.problem} role="alert" id={`${list}-problem`}>
          {wordsOfError(problem)}
        </div>
      )}
      {shown.length > 0 && (
        <ul id={list} role="listbox" className={styles.list} aria-label="What may come next">
          {shown.map((choice, place) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the box's
            <li
              key={choice.label}
              id={`${list}-${place}`}
              role="option"
              aria-selected={place === chosen}
              className={styles.choice}
              onMouseDown={(event) => event.preventDefault()}
              onMouseMove={() => setChosen(place)}
              onClick={() => choose(choice)}
            >
              <span>{choice.label}</span>
              <span>{choice.note}</span>
            </li>
          ))}
        </ul>
      )}
    </search>
  );
}

/** The same text once more behind the box, with a red line under the mistake. */
function Mirror({ text, message, scrolled }: { text: string; message: string; scrolled: number }) {
  const place = placeOfError(message);
  if (place === undefined) return null;
  const token = readTokens(text).find((each) => each.end > place);
  const start = Math.min(place, Math.max(0, text.length - 1));
  const end = Math.max(start + 1, token?.end ?? text.length);
  return (
    <div className={styles.mirror} aria-hidden style={{ transform: `translateX(${-scrolled}px)` }}>
      {text.slice(0, start)}
      <span className={styles.mark}>{text.slice(start, end) || ' '}</span>
    </div>
  );
}
