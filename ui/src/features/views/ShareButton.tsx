/** Copies the address of what is on the screen; one that is too long for chats becomes a saved view with a short address. */

import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { Check, Link2 } from 'lucide-react';
import { useState } from 'react';
import { BASE, call } from '@/api/client';
import type { Workspace } from '@/features/runs/search';
import { copyText } from '@/lib/clipboard';
import { formatTime } from '@/lib/format';
import { encodeView, MAX_ADDRESS } from './body';
import { viewsKey } from './useViews';

interface Props {
  /** Both are needed to shorten an address; without them it is copied as it is. */
  experimentId?: string;
  state?: Workspace;
}

export function ShareButton({ experimentId, state }: Props) {
  const [done, setDone] = useState(false);
  const queries = useQueryClient();
  const share = async () => {
    try {
      const address = await addressOf(experimentId, state);
      if (address.stored && experimentId) void queries.invalidateQueries({ queryKey: viewsKey(experimentId) });
      if (!(await copyText(address.url))) {
        notifications.show({
          autoClose: false,
          title: 'The browser does not let this page copy',
          message: address.url,
        });
        return;
      }
      setDone(true);
      setTimeout(() => setDone(false), 2000);
      if (address.stored) notifications.show({ message: 'The address was long, so its state is saved as a view.' });
    } catch (failure) {
      const message = failure instanceof Error ? failure.message : String(failure);
      notifications.show({ color: 'red', title: 'The address is not copied', message });
    }
  };
  return (
    <Button
      variant="default"
      size="xs"
      leftSection={done ? <Check size={14} aria-hidden /> : <Link2 size={14} aria-hidden />}
      onClick={() => void share()}
      title="Copy the address of this page as it is"
    >
      <span aria-live="polite">{done ? 'Copied' : 'Share'}</span>
    </Button>
  );
}

async function addressOf(experimentId: string | undefined, state: Workspace | undefined) {
  const here = location.href;
  if (here.length <= MAX_ADDRESS || experimentId === undefined || state === undefined)
    return { url: here, stored: false };
  const name = `Shared ${formatTime(Date.now())}`;
  const { view } = await call('views.save', { experiment_id: experimentId, name, body: encodeView(state) });
  const url = new URL(`experiments/${encodeURIComponent(experimentId)}/runs`, BASE);
  // The router reads values as JSON: an id of digits alone would become a number.
  const isNumber = Number.isFinite(Number(view.view_id)) || /^\d+e\d+$/.test(view.view_id);
  url.searchParams.set('view', isNumber ? JSON.stringify(view.view_id) : view.view_id);
  return { url: url.href, stored: true };
}
