/** The top line of each page: where one is, how many, whether it is live, and what can be done. */

import { Badge, Group } from '@mantine/core';
import { Link, type LinkProps } from '@tanstack/react-router';
import { Fragment, type ReactNode } from 'react';
import { useLiveState } from '@/api/live';
import { LiveDot } from './LiveDot';

export interface Crumb {
  label: string;
  link?: LinkProps;
}

/** In characters. */
const SHORT = 24;
/** In pixels: a letter of a title, what stands between two names, the sign that a page is live, the words that it is not. */
const LETTER = 8.5;
const GAP = 24;
const LIVE = 56;
const LOST = 350;

interface Props {
  crumbs: readonly Crumb[];
  /** Short facts beside the title, such as "300 runs". */
  badge?: string | undefined;
  /** Buttons at the right. */
  actions?: ReactNode;
  live?: boolean;
}

export function PageHeader({ crumbs, badge, actions, live = true }: Props) {
  const lost = useLiveState().kind === 'lost' && live;
  // A short name is not cut where a long one beside it can be.
  const hasLong = crumbs.some(({ label }) => isLong(label));
  const shrinkOf = (label: string) => ({ flexShrink: hasLong && !isLong(label) ? 0 : 1 });
  return (
    <Group component="header" justify="space-between" gap="sm" px="lg" py="sm" wrap="wrap" mih={52}>
      <Group gap="sm" wrap="nowrap" miw={0} style={{ flex: `1 1 ${roomFor(crumbs, badge) + (lost ? LOST : LIVE)}px` }}>
        <nav aria-label="Where this page is" style={{ display: 'flex', gap: 8, minWidth: 0, alignItems: 'baseline' }}>
          {crumbs.map(({ label, link }, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two may have the same name
            <Fragment key={`${place} ${label}`}>
              {place > 0 && (
                <span className="dim" aria-hidden>
                  /
                </span>
              )}
              {link ? (
                <Link {...link} className="ellipsis" style={shrinkOf(label)} title={label}>
                  {label}
                </Link>
              ) : (
                <h1
                  className="ellipsis"
                  style={{ fontSize: 16, fontWeight: 600, margin: 0, ...shrinkOf(label) }}
                  title={label}
                >
                  {label}
                </h1>
              )}
            </Fragment>
          ))}
        </nav>
        {badge && (
          <Badge variant="light" radius="xl" style={{ textTransform: 'none', flex: 'none' }}>
            {badge}
          </Badge>
        )}
        {live && <LiveDot />}
      </Group>
      {actions && <Group gap="sm">{actions}</Group>}
    </Group>
  );
}

const isLong = (label: string): boolean => label.length > SHORT;

/** The room that the names need when long ones are cut, in pixels: with less, the buttons go below. */
function roomFor(crumbs: readonly Crumb[], badge: string | undefined): number {
  const names = crumbs.reduce((sum, { label }) => sum + Math.min(label.length, SHORT) * LETTER + GAP, 0);
  return names + (badge ? badge.length * LETTER + GAP : 0);
}
