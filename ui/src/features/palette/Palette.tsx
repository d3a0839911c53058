/** One field for all: go to a page, an experiment, a run, a model or a metric; or do what the page can do. */

import { Kbd, Loader, Modal, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { type LinkProps, useNavigate, useParams } from '@tanstack/react-router';
import {
  Box,
  ChartLine,
  CornerDownLeft,
  FileText,
  FlaskConical,
  GitCommitHorizontal,
  Search,
  Star,
} from 'lucide-react';
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { linkOfStar } from '@/features/stars/StarLink';
import { useStars } from '@/features/stars/useStars';
import { isMac, showKey, useActiveKeys } from '@/lib/keys';
import classes from './Palette.module.css';
import { useFinds } from './useFinds';

interface Props {
  close: () => void;
  openKeys: () => void;
  switchTheme: () => void;
}

interface Entry {
  id: string;
  group: string;
  label: string;
  detail?: string;
  keys?: readonly string[];
  link?: LinkProps;
  run?: () => void;
}

const ICONS: Readonly<Record<string, typeof Box>> = {
  Pages: FileText,
  Commands: CornerDownLeft,
  Starred: Star,
  Experiments: FlaskConical,
  Runs: GitCommitHorizontal,
  'Logged models': Box,
  Metrics: ChartLine,
};

export function Palette({ close, openKeys, switchTheme }: Props) {
  const [query, setQuery] = useState('');
  const [asked] = useDebouncedValue(query.trim(), 120);
  const { experimentId } = useParams({ strict: false });
  const { data: finds = [], error, isFetching, isPending, isPlaceholderData } = useFinds(asked, experimentId);
  const fixed = useFixed(experimentId, openKeys, switchTheme);
  const entries = useMemo(() => {
    const words = query.trim().toLowerCase().split(/\s+/);
    const fitting = fixed.filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)));
    return query.trim() === '' ? fixed : [...finds, ...fitting];
  }, [query, fixed, finds]);
  const [at, setAt] = useState(0);
  const place = Math.min(at, Math.max(0, entries.length - 1));
  const listId = useId();
  const list = useRef<HTMLDivElement>(null);
  const navigate = useNavigate();

  useEffect(() => {
    list.current?.querySelector(`[data-place="${place}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [place]);

  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    close();
    if (entry.link) void navigate(entry.link);
    // The dialog is gone first: what is done may open one of its own.
    else if (entry.run) setTimeout(entry.run, 0);
  };
  // Who types fast presses Enter before the server has answered: it is meant for what will stand there first.
  const words = query.trim();
  const isSettled = words === '' || (asked === words && !isPlaceholderData && !isPending);
  const [isWaiting, wait] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it acts when the answer comes
  useEffect(() => {
    if (!isWaiting || !isSettled) return;
    wait(false);
    choose(entries[0]);
  }, [isWaiting, isSettled]);
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const to = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: entries.length - 1 }[event.key];
    if (event.key === 'Enter' && !isSettled && at === 0) wait(true);
    else if (event.key === 'Enter') choose(entries[place]);
    else if (to === undefined || ((event.key === 'Home' || event.key === 'End') && query !== '')) return;
    else setAt((to + entries.length) % Math.max(1, entries.length));
    event.preventDefault();
  };

  return (
    <Modal
      opened
      onClose={close}
      withCloseButton={false}
      padding={0}
      size={620}
      yOffset="10vh"
      attributes={{ content: { 'aria-label': 'Search and commands' } }}
    >
      <div className={classes.field}>
        <Search size={17} aria-hidden />
        <input
          data-autofocus
          className={classes.input}
          value={query}
          onChange={(event) => {
            setQuery(event.currentTarget.value);
            setAt(0);
            wait(false);
          }}
          onKeyDown={press}
          placeholder="Find an experiment, a run, a model, a metric, or a command"
          aria-label="Find"
          role="combobox"
          aria-expanded
          aria-controls={listId}
          aria-activedescendant={entries[place] ? `${listId}-${place}` : undefined}
          autoComplete="off"
          spellCheck={false}
        />
        {(isFetching || isWaiting) && <Loader size={14} aria-label="Searching" />}
      </div>
      <div id={listId} role="listbox" aria-label="What was found" className={classes.list} ref={list}>
        {entries.map((entry, index) => (
          <Row
            key={entry.id}
            id={`${listId}-${index}`}
            entry={entry}
            place={index}
            first={entry.group !== entries[index - 1]?.group}
            chosen={index === place}
            point={() => setAt(index)}
            choose={() => choose(entry)}
          />
        ))}
      </div>
      <div role="status">
        {error ? (
          <Text size="sm" c="var(--hr-bad)" p="md">
            {error.message}
          </Text>
        ) : (
          entries.length === 0 &&
          !isFetching && (
            <Text size="sm" c="dimmed" p="md">
              Nothing is called like "{query.trim()}".
            </Text>
          )
        )}
      </div>
    </Modal>
  );
}

interface RowProps {
  id: string;
  entry: Entry;
  place: number;
  first: boolean;
  chosen: boolean;
  point: () => void;
  choose: () => void;
}

function Row({ id, entry, place, first, chosen, point, choose }: RowProps) {
  const Icon = ICONS[entry.group] ?? FileText;
  return (
    <>
      {first && (
        <div className={classes.group} role="presentation">
          {entry.group}
        </div>
      )}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys */}
      <div
        id={id}
        role="option"
        tabIndex={-1}
        aria-selected={chosen}
        data-place={place}
        className={classes.row}
        onMouseMove={point}
        onClick={choose}
      >
        <Icon size={15} aria-hidden />
        <span className={classes.name}>{entry.label}</span>
        {entry.detail && <span className={classes.detail}>{entry.detail}</span>}
        {entry.keys?.map((part) => (
          <Kbd key={part} size="xs">
            {part}
          </Kbd>
        ))}
      </div>
    </>
  );
}

/** What is there without asking the server: pages, stars, and what the keys of the page do. */
function useFixed(experimentId: string | undefined, openKeys: () => void, switchTheme: () => void): Entry[] {
  const keys = useActiveKeys();
  const { stars } = useStars();
  return useMemo(() => {
    const page = (label: string, link: LinkProps): Entry => ({ id: `page ${label}`, group: 'Pages', label, link });
    const own: Readonly<Record<string, () => void>> = { t: switchTheme, '?': openKeys };
    const commands = keys
      .filter(({ key }) => key !== 'mod+k')
      .map(({ key, label, run }): Entry => {
        const act = own[key] ?? (() => run(new window.KeyboardEvent('keydown', { key })));
        return { id: `key ${key}`, group: 'Commands', label, keys: showKey(key, isMac()), run: act };
      });
    const starred = stars.flatMap((star): Entry[] => {
      const link = linkOfStar(star);
      if (!link || !star.name) return [];
      return [{ id: `star ${star.kind} ${star.id}`, group: 'Starred', label: star.name, detail: star.kind, link }];
    });
    const params = { experimentId: experimentId ?? '' };
    const inside = [
      page('Runs of this experiment', { to: '/experiments/$experimentId/runs', params }),
      page('Logged models of this experiment', { to: '/experiments/$experimentId/models', params }),
      page('Datasets of this experiment', { to: '/experiments/$experimentId/datasets', params }),
    ];
    return [
      ...starred.slice(0, 10),
      page('Home', { to: '/' }),
      page('Experiments', { to: '/experiments' }),
      ...(experimentId === undefined ? [] : inside),
      page('Settings', { to: '/settings' }),
      page('API', { to: '/api-reference' }),
      ...commands,
    ];
  }, [keys, stars, experimentId, openKeys, switchTheme]);
}
