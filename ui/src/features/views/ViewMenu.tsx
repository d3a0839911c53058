/** Saved views of an experiment: choose, save, rename, delete, and the one that everybody sees first. */

import { Button } from '@mantine/core';
import { ChevronDown } from 'lucide-react';
import { late } from '@/components/Late';
import type { Workspace } from '@/features/runs/search';
import { decodeView, isSameState } from './body';
import { useViewInAddress } from './useViewInAddress';
import { useViews } from './useViews';

const Items = late(async () => (await import('./later/ViewItems')).ViewItems);

interface Props {
  experimentId: string;
  state: Workspace;
  apply: (state: Workspace, how?: 'push' | 'replace') => void;
}

export function ViewMenu({ experimentId, state, apply }: Props) {
  const { views, error } = useViews(experimentId);
  const { named, view, error: viewError } = useViewInAddress({ experimentId, state, apply, views });
  const changed = view !== undefined && !isSameState(decodeView(view.body ?? ''), state);
  const label = view ? view.name : viewError ? 'Unknown view' : 'Views';
  return (
    <Items
      {...{ experimentId, state, apply, views, error, named, view, viewError, changed }}
      button={
        <Button
          variant="default"
          size="xs"
          rightSection={<ChevronDown size={14} aria-hidden />}
          maw={240}
          title={changed ? `${label}, changed since it was saved` : label}
        >
          <span className="ellipsis">{label}</span>
          {changed && (
            <span className="dim" style={{ marginLeft: 6, fontWeight: 400 }}>
              changed
            </span>
          )}
        </Button>
      }
    />
  );
}
