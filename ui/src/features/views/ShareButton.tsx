/** Copies the address of what is on the screen; one that is too long for chats becomes a saved view with a short address. */

import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Check, Link2 } from 'lucide-react';
import { useState } from 'react';
import { BASE, call } from '@/api/client';
import { notices } from '@/components/notices';
import { copyText } from '@/lib/clipboard';
import { formatTime } from '@/lib/format';
import { MAX_ADDRESS } from './body';
import { viewsKey } from './useViews';

interface Props {
  /** How a long address is shortened; without it it is copied as it is. */
  stored?: StoredState;
}

/** What of a page is stored, to be named by its address. */
export interface StoredState {
  /** The experiment among whose views it stands; across experiments it stands in no list. */
  experimentId?: string;
  body: string;
  /** The path of the page. */
  page: string;
}

export function ShareButton({ stored }: Props) {
  const [done, setDone] = useState(false);
  const queries = useQueryClient();
  const share = async () => {
    try {
      const address = await addressOf(stored);
      const experimentId = stored?.experimentId;
      if (address.isStored && experimentId) void queries.invalidateQueries({ queryKey: viewsKey(experimentId) });
      if (!(await copyText(address.url))) {
        notices.show({
          autoClose: false,
          title: 'The browser does not let this page copy',
          message: address.url,
        });
        return;
      }
      setDone(true);
      setTimeout(() => setDone(false), 2000);
      if (address.isStored) notices.show({ message: 'The address was long, so its state is saved as a view.' });
    } catch (failure) {
      const message = failure instanceof Error ? failure.message : String(failure);
      notices.show({ color: 'red', title: 'The address is not copied', message });
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

async function addressOf(stored: StoredState | undefined) {
  const here = location.href;
  if (here.length <= MAX_ADDRESS || stored === undefined) return { url: here, isStored: false };
  const { experimentId, body, page } = stored;
  const { view } = await call('views.save', {
    ...(experimentId === undefined ? {} : { experiment_id: experimentId }),
    name: `Shared ${formatTime(Date.now())}`,
    body,
  });
  const url = new URL(page, BASE);
  // The router reads values as JSON: an id of digits alone would become a number.
  const isNumber = Number.isFinite(Number(view.view_id)) || /^\d+e\d+$/.test(view.view_id);
  url.searchParams.set('view', isNumber ? JSON.stringify(view.view_id) : view.view_id);
  return { url: url.href, isStored: true };
}
