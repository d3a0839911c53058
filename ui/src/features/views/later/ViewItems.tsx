/** What can be done with the saved views of an experiment. Loaded when somebody opens the menu. */

import { Button, Menu, Text, Tooltip } from '@mantine/core';
import { Check, Pencil, RotateCcw, Save, SaveAll, Trash2, Users, X } from 'lucide-react';
import { useState } from 'react';
import type { View } from '@/api/calls';
import { ApiError } from '@/api/client';
import type { LateProps } from '@/components/Late';
import { LateMenu } from '@/components/LateMenu';
import { notices } from '@/components/notices';
import type { Workspace } from '@/features/runs/search';
import { decodeView, encodeView, NO_VIEW } from '../body';
import { useViewChanges } from '../useViews';
import { ViewNameDialog } from './ViewNameDialog';

interface Props extends LateProps {
  experimentId: string;
  state: Workspace;
  apply: (state: Workspace, how?: 'push' | 'replace') => void;
  views: readonly View[];
  /** Why the views could not be read. */
  error: unknown;
  /** The id that the address names. */
  named: string | undefined;
  /** The view that the page shows. */
  view: View | undefined;
  viewError: Error | null | undefined;
  /** The page is not as the view was saved. */
  changed: boolean;
}

type Asking = 'new' | 'rename' | 'overwrite' | undefined;

export function ViewItems({
  button,
  experimentId,
  state,
  apply,
  views,
  error,
  named,
  view,
  viewError,
  changed,
}: Props) {
  const changes = useViewChanges(experimentId);
  const [asking, ask] = useState<Asking>();
  const team = views.find((each) => each.is_default);

  const open = (each: View) => {
    // The short address: the view's state is put in as soon as its body is there.
    apply({ view: each.view_id });
  };
  const saveChanges = async (overwrite: boolean) => {
    if (!view) return;
    const etag = overwrite ? {} : { etag: view.etag };
    try {
      await changes.save({ view_id: view.view_id, name: view.name, body: encodeView(state), ...etag });
      notices.show({ message: `View "${view.name}" is saved.` });
    } catch (failure) {
      if (failure instanceof ApiError && failure.status === 409) ask('overwrite');
      else tellFailure('The view is not saved', failure);
    }
  };
  const makeDefault = async (on: boolean) => {
    if (!view) return;
    try {
      await changes.setDefault(view.view_id, on);
    } catch (failure) {
      tellFailure('The default is as it was', failure);
    }
  };
  const remove = async () => {
    if (!view) return;
    const { view: _, ...rest } = state;
    apply(rest);
    try {
      await changes.remove(view.view_id);
      showUndo(view, async () => {
        const again = await changes.save({ experiment_id: experimentId, name: view.name, body: view.body ?? '{}' });
        if (view.is_default) await changes.setDefault(again.view_id, true);
      });
    } catch (failure) {
      apply(state, 'replace');
      tellFailure('The view is not deleted', failure);
    }
  };

  return (
    <>
      <LateMenu button={button} position="bottom-end" width={300}>
        <Menu.Dropdown mah="70vh" style={{ overflowY: 'auto' }}>
          {error !== null && (
            <Text size="sm" c="var(--hr-bad)" px="md" py="sm" role="alert">
              The views cannot be read: {error instanceof Error ? error.message : String(error)}
            </Text>
          )}
          {viewError && (
            <Text size="sm" c="var(--hr-bad)" px="md" py="sm" role="alert">
              {viewError.message}
            </Text>
          )}
          {views.length > 0 && <Menu.Label>Saved views</Menu.Label>}
          {views.map((each) => (
            <ViewItem key={each.view_id} view={each} chosen={each.view_id === named} open={open} />
          ))}
          {(named !== undefined || team !== undefined) && (
            <Menu.Item
              leftSection={named === undefined ? <Check size={14} aria-hidden /> : <X size={14} aria-hidden />}
              onClick={() => apply(team ? { view: NO_VIEW } : {})}
            >
              No view
            </Menu.Item>
          )}
          {(views.length > 0 || named !== undefined) && <Menu.Divider />}
          <Menu.Item leftSection={<SaveAll size={14} aria-hidden />} onClick={() => ask('new')}>
            Save as a new view
          </Menu.Item>
          {view && (
            <>
              {changed && (
                <>
                  <Menu.Item leftSection={<Save size={14} aria-hidden />} onClick={() => void saveChanges(false)}>
                    Save the changes
                  </Menu.Item>
                  <Menu.Item
                    leftSection={<RotateCcw size={14} aria-hidden />}
                    onClick={() => apply({ ...decodeView(view.body ?? ''), view: view.view_id })}
                  >
                    Back to the view as it was saved
                  </Menu.Item>
                </>
              )}
              <Menu.Item leftSection={<Pencil size={14} aria-hidden />} onClick={() => ask('rename')}>
                Rename
              </Menu.Item>
              <Tooltip
                label="Who opens this experiment without a view gets the default"
                position="left"
                openDelay={400}
                withinPortal
              >
                <Menu.Item
                  leftSection={<Users size={14} aria-hidden />}
                  onClick={() => void makeDefault(!view.is_default)}
                >
                  {view.is_default ? 'No longer the default for everybody' : 'Make it the default for everybody'}
                </Menu.Item>
              </Tooltip>
              <Menu.Item leftSection={<Trash2 size={14} aria-hidden />} c="var(--hr-bad)" onClick={() => void remove()}>
                Delete
              </Menu.Item>
            </>
          )}
          {views.length === 0 && (
            <Text size="xs" c="dimmed" px="md" py="xs">
              A view keeps the filter, columns, groups and charts of this page under a name, for everybody.
            </Text>
          )}
        </Menu.Dropdown>
      </LateMenu>
      {asking === 'overwrite' && view && (
        <ViewNameDialog
          title={`"${view.name}" was changed by somebody else`}
          hint="Save yours under another name, or put it in place of theirs."
          name={`${view.name} (2)`}
          action="Save as a new view"
          close={() => ask(undefined)}
          submit={(name) => saveNew(name)}
          other={{ label: 'Replace theirs', run: () => saveChanges(true) }}
        />
      )}
      {asking === 'new' && (
        <ViewNameDialog
          title="Save as a new view"
          name=""
          action="Save"
          close={() => ask(undefined)}
          submit={(name) => saveNew(name)}
        />
      )}
      {asking === 'rename' && view && (
        <ViewNameDialog
          title="Rename the view"
          name={view.name}
          action="Rename"
          close={() => ask(undefined)}
          submit={async (name) => {
            await changes.save({ view_id: view.view_id, name, body: view.body ?? '{}', etag: view.etag });
          }}
        />
      )}
    </>
  );

  async function saveNew(name: string): Promise<void> {
    const made = await changes.save({ experiment_id: experimentId, name, body: encodeView(state) });
    apply({ ...state, view: made.view_id }, 'replace');
  }
}

function ViewItem({ view, chosen, open }: { view: View; chosen: boolean; open: (view: View) => void }) {
  return (
    <Menu.Item
      leftSection={chosen ? <Check size={14} aria-label="Chosen" /> : <span style={{ display: 'block', width: 14 }} />}
      onClick={() => open(view)}
    >
      <span className="ellipsis" style={{ display: 'block' }} title={view.name}>
        {view.name}
      </span>
      <Text size="xs" opacity={0.8} span>
        {[
          view.is_default ? 'default for everybody' : '',
          view.owner && view.owner !== 'anyone' ? `by ${view.owner}` : '',
        ]
          .filter(Boolean)
          .join(' · ')}
      </Text>
    </Menu.Item>
  );
}

function tellFailure(title: string, failure: unknown): void {
  notices.show({ color: 'red', title, message: failure instanceof Error ? failure.message : String(failure) });
}

function showUndo(view: View, undo: () => Promise<void>): void {
  const id = `view ${view.view_id}`;
  notices.show({
    id,
    autoClose: 10_000,
    message: (
      <>
        View "{view.name}" is deleted.{' '}
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => {
            notices.hide(id);
            undo().catch((failure: unknown) => tellFailure('The view is not back', failure));
          }}
        >
          Undo
        </Button>
      </>
    ),
  });
}
