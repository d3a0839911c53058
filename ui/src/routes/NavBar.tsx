/** The bar at the left: the pages, the experiment one is in, and what the caller has starred. It folds to icons. */

import { useMediaQuery } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import {
  Boxes,
  Braces,
  Command,
  Database,
  FlaskConical,
  Keyboard,
  ListTree,
  Moon,
  PanelLeftClose,
  PanelLeftOpen,
  Settings,
  Sun,
} from 'lucide-react';
import { useCallback, useState } from 'react';
import type { Star } from '@/api/calls';
import { type News, useNews } from '@/api/live';
import { useExperiment } from '@/features/experiments/useExperiment';
import { StarLink } from '@/features/stars/StarLink';
import { STARS, useStars } from '@/features/stars/useStars';
import { isMac } from '@/lib/keys';
import classes from './Shell.module.css';

interface Props {
  openPalette: () => void;
  openKeys: () => void;
  dark: boolean;
  switchTheme: () => void;
}

const FOLDED_KEY = 'headrace-nav';
const MOST_STARS = 30;
const exact = { exact: true, includeSearch: false } as const;
const within = { exact: false, includeSearch: false } as const;

export function NavBar({ openPalette, openKeys, dark, switchTheme }: Props) {
  const [folded, fold] = useFolded();
  const params = useParams({ strict: false });
  const hint = (text: string) => (folded ? text : undefined);
  return (
    <nav className={classes.nav} data-folded={folded || undefined} aria-label="Pages">
      <Link to="/" className={classes.brand} title="Home" activeOptions={exact}>
        <Mark />
        <span>headrace</span>
      </Link>
      <button type="button" className={classes.search} onClick={openPalette} title={hint('Search and commands')}>
        <Command size={16} aria-hidden />
        <span>Search</span>
        <kbd>{isMac() ? '⌘ K' : 'Ctrl K'}</kbd>
      </button>
      <div className={classes.scroll}>
        <Link to="/experiments" className={classes.item} title={hint('Experiments')} activeOptions={exact}>
          <FlaskConical size={17} aria-hidden />
          <span>Experiments</span>
        </Link>
        {params.experimentId !== undefined && <Inside experimentId={params.experimentId} folded={folded} />}
        {!folded && <Starred />}
      </div>
      <div className={classes.foot}>
        <Link to="/settings" className={classes.item} title={hint('Settings')} activeOptions={within}>
          <Settings size={17} aria-hidden />
          <span>Settings</span>
        </Link>
        <Link to="/api-reference" className={classes.item} title={hint('API')} activeOptions={within}>
          <Braces size={17} aria-hidden />
          <span>API</span>
        </Link>
        <button type="button" className={classes.item} onClick={openKeys} title={hint('Keyboard shortcuts')}>
          <Keyboard size={17} aria-hidden />
          <span>Shortcuts</span>
          <kbd>?</kbd>
        </button>
        <button
          type="button"
          className={classes.item}
          onClick={switchTheme}
          title={dark ? 'Switch to light colours' : 'Switch to dark colours'}
        >
          {dark ? <Sun size={17} aria-hidden /> : <Moon size={17} aria-hidden />}
          <span>{dark ? 'Light' : 'Dark'}</span>
          <kbd>t</kbd>
        </button>
        <button
          type="button"
          className={classes.item}
          onClick={() => fold(!folded)}
          title={hint('Unfold this bar')}
          aria-expanded={!folded}
        >
          {folded ? <PanelLeftOpen size={17} aria-hidden /> : <PanelLeftClose size={17} aria-hidden />}
          <span>{folded ? 'Unfold this bar' : 'Fold'}</span>
        </button>
      </div>
    </nav>
  );
}

/** Folded on narrow screens until it is unfolded; on wide ones as it was left. */
function useFolded(): [boolean, (folded: boolean) => void] {
  const narrow = useMediaQuery('(max-width: 900px)', undefined, { getInitialValueInEffect: false });
  const [wide, setWide] = useState(() => localStorage.getItem(FOLDED_KEY) === 'folded');
  const [small, setSmall] = useState(true);
  const fold = (folded: boolean) => {
    if (narrow) return setSmall(folded);
    setWide(folded);
    if (folded) localStorage.setItem(FOLDED_KEY, 'folded');
    else localStorage.removeItem(FOLDED_KEY);
  };
  return [narrow ? small : wide, fold];
}

const INSIDE = [
  { to: '/experiments/$experimentId/runs', label: 'Runs', icon: ListTree },
  { to: '/experiments/$experimentId/models', label: 'Logged models', icon: Boxes },
  { to: '/experiments/$experimentId/datasets', label: 'Datasets', icon: Database },
] as const;

/** The pages of the experiment that one is in. */
function Inside({ experimentId, folded }: { experimentId: string; folded: boolean }) {
  const { data } = useExperiment(experimentId);
  const name = data?.name ?? `Experiment ${experimentId}`;
  const params = { experimentId };
  const item = folded ? classes.item : classes.deep;
  const hint = (text: string) => (folded ? `${text} of ${name}` : undefined);
  return (
    <>
      {folded ? (
        <hr className={classes.rule} />
      ) : (
        <h2 className={classes.name} title={name}>
          {name}
        </h2>
      )}
      {INSIDE.map(({ to, label, icon: Icon }) => (
        <Link key={to} to={to} params={params} className={item} title={hint(label)} activeOptions={within}>
          <Icon size={15} aria-hidden />
          <span>{label}</span>
        </Link>
      ))}
    </>
  );
}

const STARRED_KINDS: Readonly<Record<string, string>> = { RUN: 'run', EXPERIMENT: 'experiment', MODEL: 'model' };

function Starred() {
  const { stars } = useStars();
  const queries = useQueryClient();
  useNews(
    useCallback(
      ({ changes, reset }: News) => {
        const known = queries.getQueryData<readonly Star[]>(STARS) ?? [];
        const touched = changes.some(({ kind, id }) => {
          const of = STARRED_KINDS[kind];
          return of !== undefined && known.some((star) => star.kind === of && star.id === id);
        });
        if (reset || touched) void queries.invalidateQueries({ queryKey: STARS });
      },
      [queries],
    ),
  );
  const shown = stars.filter((star) => star.name !== '' && star.lifecycle_stage !== 'gone');
  if (shown.length === 0) return null;
  return (
    <>
      <h2 className={classes.label}>Starred</h2>
      {shown.slice(0, MOST_STARS).map((star) => (
        <StarLink
          key={`${star.kind} ${star.id}`}
          star={star}
          className={star.lifecycle_stage === 'deleted' ? `${classes.deep} ${classes.gone}` : classes.deep}
        />
      ))}
      {shown.length > MOST_STARS && (
        <Link to="/" className={classes.deep}>
          <span className="dim">{shown.length - MOST_STARS} more</span>
        </Link>
      )}
    </>
  );
}

function Mark() {
  return (
    <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
      <path
        d="M3 19c5 0 5-8 9-8s4 9 9 9 4-6 8-6"
        fill="none"
        stroke="var(--hr-accent)"
        strokeWidth="3.4"
        strokeLinecap="round"
      />
    </svg>
  );
}
