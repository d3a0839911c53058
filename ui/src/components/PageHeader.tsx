/** The top line of each page: where one is, how many, whether it is live, and what can be done. */

import { Badge, Group } from '@mantine/core';
import { Link, type LinkProps } from '@tanstack/react-router';
import { Fragment, type ReactNode } from 'react';
import { LiveDot } from './LiveDot';

export interface Crumb {
  label: string;
  link?: LinkProps;
}

interface Props {
  crumbs: readonly Crumb[];
  /** Short facts beside the title, such as "300 runs". */
  badge?: string | undefined;
  /** Buttons at the right. */
  actions?: ReactNode;
  live?: boolean;
}

export function PageHeader({ crumbs, badge, actions, live = true }: Props) {
  return (
    <Group component="header" justify="space-between" gap="sm" px="lg" py="sm" wrap="wrap" mih={52}>
      <Group gap="sm" wrap="nowrap" miw={0}>
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
                <Link {...link} className="ellipsis">
                  {label}
                </Link>
              ) : (
                <h1 className="ellipsis" style={{ fontSize: 16, fontWeight: 600, margin: 0 }} title={label}>
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
