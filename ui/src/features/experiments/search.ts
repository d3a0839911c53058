/** The state of the list of experiments in its address. */

import { compact, flag, oneOf, type Raw, text, texts } from '@/lib/search';

export interface ExperimentList {
  /** Only experiments whose name, tags or note hold this. */
  q?: string;
  sort?: 'name' | 'created' | 'last' | 'runs';
  /** Experiments in the trash instead. */
  trash?: true;
  /** Folders that are open: the part of a name up to a slash. Left out: all of a small tree; `/` alone: none. */
  open?: string[];
}

/** Read it from an address. */
export function readExperimentList(raw: Raw): ExperimentList {
  return compact({
    q: text(raw.q),
    sort: oneOf(raw.sort, ['name', 'created', 'last', 'runs']),
    trash: flag(raw.trash),
    open: texts(raw.open),
  }) as ExperimentList;
}
