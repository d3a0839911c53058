/** The survey of a panel's metrics, kept up to date. */

import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { LineId } from './shown';
import { askTable, Survey } from './survey';

/** A survey of the runs behind lines; the component is drawn again when it learns something. */
export function useSurvey(
  experimentIds: readonly string[],
  lines: readonly LineId[],
): { survey: Survey; version: number } {
  const name = experimentIds.join(' ');
  const survey = useMemo(() => new Survey(askTable(name.split(' '))), [name]);
  const runIds = useMemo(() => [...new Set(lines.flatMap((line) => line.runIds))], [lines]);
  useEffect(() => survey.show(runIds), [survey, runIds]);
  const version = useSyncExternalStore(survey.watch, survey.version);
  return { survey, version };
}
