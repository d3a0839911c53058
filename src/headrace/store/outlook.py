"""Asking ahead: while a transaction waits for its locks, the database gets the questions that its jobs are going to have, so that they cost no trip of their own.

That is right as long as nothing changes between the question and its use: a question goes behind the locks of the runs it is about, so that no other server changes
anything, and it goes only if all jobs of the group say what they want. Those jobs write params (of one run: only one of them asks ahead), tags, points and new
runs, and what they log to series is written at the end of the transaction. What is asked ahead and not needed costs little and harms nobody: ids of rows that are
not made are left out.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from headrace.store import series
from headrace.store.annotations import HELD_PARAMS
from headrace.store.expected import Expected
from headrace.store.foreseen import Wanted
from headrace.store.transaction import Transaction

MOST_AHEAD = 2_000
"""Series of a transaction whose summaries are asked for ahead, at most."""


def ask_ahead(tx: Transaction, wanted: Sequence[Wanted]) -> None:
    """Ask for what jobs will want; the answers are found in `Transaction.foreseen`.

    Args:
        tx: where to read; the locks of the jobs' runs are asked for, if not taken yet.
        wanted: of each job.
    """
    key_ids, seen_runs = tx.caches.key_ids, tx.caches.seen_runs
    times = Counter(each.run for each in wanted)
    names_of: dict[str, set[str]] = {}
    for each in wanted:
        if each.run not in seen_runs:
            continue
        names_of.setdefault(each.run, set()).update(each.metrics)
        keys = [key_ids[name] for name in each.params if name in key_ids]
        if keys and times[each.run] == 1:
            number, _ = seen_runs[each.run]
            is_empty = each.run in tx.expected_runs and tx.expected_runs[each.run].is_empty
            answer = list if is_empty else tx.ask_in(HELD_PARAMS, keys, before=(number,))
            tx.foreseen.add_params(number, keys, answer)
    known: set[int] = set()
    made = 0
    for run, names in names_of.items():
        number, attempt = seen_runs[run]
        found, missing, unknown = _sort_out(tx, (number, attempt), names)
        made += len(missing) + unknown
        known |= found
        if missing:
            is_empty = run in tx.expected_runs and tx.expected_runs[run].is_empty
            answer = list if is_empty else series.ask_series(tx, number, missing)
            tx.foreseen.add_series(number, missing, answer)
    if known and len(known) <= MOST_AHEAD:
        _add_states(tx, known)
    kept = tx.caches.part(Expected)
    for table, count in (("hr_series", made), ("hr_run", sum(each.new_runs for each in wanted))):
        if count:
            ids = kept.take_ids(table, count)
            answer = tx.dialect.ask_ids(tx.cursor, table, count) if ids is None else partial(list, ids)
            tx.foreseen.add_ids(table, answer)


def _add_states(tx: Transaction, known: set[int]) -> None:
    """Expect the summaries of series to be as they were left, or ask for them."""
    left = {number: row for seen in tx.expected_runs.values() for number, row in seen.states.items()}
    if known <= left.keys():
        tx.expected_states = known
        tx.foreseen.add_states(known, lambda: [left[number] for number in known])
    else:
        tx.foreseen.add_states(known, series.ask_states(tx, known))


def _sort_out(tx: Transaction, run: tuple[int, int], names: set[str]) -> tuple[set[int], set[int], int]:
    """Return of some metrics of a run the ids of the series that are known, the keys of those that are not, and how many names are new."""
    found, missing, unknown = set[int](), set[int](), 0
    number, attempt = run
    for name in names:
        key = tx.caches.key_ids.get(name)
        if key is None:
            unknown += 1
            continue
        known = tx.caches.series_ids.get((number, key, series.NO_CONTEXT, attempt))
        if known is None:
            missing.add(key)
        else:
            found.add(known)
    return found, missing, unknown
