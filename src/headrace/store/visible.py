"""What is visible of a metric that has several attempts, or that a run has from the run that it was forked from: its view row.

Where a run has attempts beyond the first, has been forked, or is a fork, each of its metrics has a row of attempt -1 in `hr_series`: the summary of what is visible of
all attempts, and the only one that has a scope. `series` calls this module with what a transaction has added; where no bound has moved, that is added to the view row,
else the row is computed anew: from the summaries of attempts that are visible as a whole, and from the points of those that are visible in part.

Bounds are those of `points.find_bounds`, and hold for a metric in all contexts together.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from headrace.base import plugins
from headrace.store.caches import SeriesKey
from headrace.store.connection import Connection
from headrace.store.points import find_bounds, find_lineage, least
from headrace.store.summaries import FIRST_STEP, LATEST_STEP, STATE, State, has_nan_last, merge
from headrace.store.transaction import Kind, Transaction

VIEW = -1
"""Stands for the attempt of a view row."""

_INSERT_VIEW = f"""
INSERT INTO hr_series (run, key_id, context, attempt, scope, start_time, is_nan, {STATE})
VALUES (?, ?, 0, -1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_UPDATE_VIEW = """
UPDATE hr_series SET is_nan = ?, latest_code = ?, latest_step = ?, latest_time = ?, first_code = ?, first_step = ?,
first_time = ?, min_code = ?, max_code = ?, points = ?, nans = ? WHERE run = ? AND key_id = ? AND context = 0 AND attempt = -1"""


class Change(NamedTuple):
    """What a transaction has done to the series of context 0 of an attempt.

    Args:
        before: its state before, None if it is new.
        added: the state of what was added.
        exact: all that `added` counts was indeed new.
    """

    before: State | None
    added: State
    exact: bool = True


Changes = Mapping[int, Change]
"""By attempt."""

States = dict[int, State]
"""By attempt; `VIEW` is the view row."""

ANY_STEP = -(2**63)
"""Lower than it no step can be."""


def enter_views(tx: Transaction, run: int) -> None:
    """Give each metric of a run a view row, if the run has none yet."""
    tx.change(
        f"INSERT INTO hr_series (run, key_id, context, attempt, scope, start_time, is_nan, {STATE}) "
        f"SELECT run, key_id, 0, -1, scope, start_time, is_nan, {STATE} FROM hr_series "
        "WHERE run = ? AND context = 0 AND attempt >= 0 AND scope IS NOT NULL",
        (run,),
    )
    tx.change(
        "UPDATE hr_series SET scope = NULL WHERE run = ? AND attempt >= 0 AND scope IS NOT NULL", (run,)
    )


def update_views(tx: Transaction, changes: Mapping[SeriesKey, Change]) -> None:
    """Bring view rows up to date after points were added.

    Args:
        tx: where to write.
        changes: what was added, by series; all are of context 0, and the points are written.
    """
    by_run: dict[int, dict[int, dict[int, Change]]] = {}
    for (run, key, _, attempt), change in changes.items():
        by_run.setdefault(run, {}).setdefault(key, {})[attempt] = change
    for run, by_key in by_run.items():
        from_steps, _ = find_lineage(tx, run)
        states = _read_states(tx, run, by_key)
        stale, merged = [], {}
        for key, changed in by_key.items():
            view = _add_to_view(states.get(key, {}), changed, from_steps)
            if view is None:
                stale.append(key)
            else:
                merged[key] = view
        tx.change_many(_UPDATE_VIEW, [(has_nan_last(view), *view, run, key) for key, view in merged.items()])
        if stale:
            _write_views(tx, run, _compute_states(tx, run, stale))
    # A fork among the runs that have changed must have added its own points before it is computed anew.
    for run, by_key in by_run.items():
        _refresh_forks(tx, run, {key: _lowest_step(changed) for key, changed in by_key.items()})


def refresh_views(tx: Transaction, run: int, lowest: Mapping[int, int]) -> None:
    """Compute view rows of a run anew, and those of its forks.

    Args:
        tx: where to write.
        run: the run.
        lowest: for each metric the step from which on something may have changed.
    """
    _write_views(tx, run, _compute_states(tx, run, list(lowest)))
    _refresh_forks(tx, run, lowest)


def _lowest_step(changed: Changes) -> int:
    lowest: int = min(change.added[FIRST_STEP] for change in changed.values())
    return lowest


def _add_to_view(states: States, changed: Changes, from_steps: Mapping[int, int]) -> State | None:
    """Return the state of a view row with what was added; None if that does not tell it."""
    view = states.get(VIEW)
    if view is None or not all(change.exact for change in changed.values()):
        return None
    now = {attempt: state[FIRST_STEP] for attempt, state in states.items() if attempt != VIEW}
    before = dict(now)
    for attempt, change in changed.items():
        if change.before is None:
            del before[attempt]
        else:
            before[attempt] = change.before[FIRST_STEP]
    bounds, outer = find_bounds(now, from_steps)
    old_bounds, old_outer = find_bounds(before, from_steps)
    if outer != old_outer or any(bounds[attempt] != bound for attempt, bound in old_bounds.items()):
        return None
    for attempt, change in changed.items():
        bound = bounds[attempt]
        if bound is None or change.added[LATEST_STEP] < bound:
            view = merge(view, change.added)
        elif change.added[FIRST_STEP] < bound:
            return None
    return view


def _read_states(conn: Connection, run: int, keys: Iterable[int]) -> dict[int, States]:
    """Return the states of the rows of context 0, by key and attempt."""
    states: dict[int, States] = {}
    for key, attempt, *state in conn.rows_in(
        f"SELECT key_id, attempt, {STATE} FROM hr_series WHERE run = ? AND context = 0 AND key_id IN ({{ids}})",
        keys,
        before=(run,),
    ):
        states.setdefault(key, {})[attempt] = tuple(state)
    return states


def _compute_states(conn: Connection, run: int, keys: Sequence[int]) -> dict[int, State | None]:
    """Return the states of all that is visible of metrics of a run, None where that is nothing."""
    found: dict[int, State | None] = dict.fromkeys(keys)
    below: dict[int, int | None] = dict.fromkeys(keys)
    while True:
        states = _read_states(conn, run, keys)
        from_steps, parent = find_lineage(conn, run)
        for key in keys:
            own = {attempt: state for attempt, state in states.get(key, {}).items() if attempt != VIEW}
            bounds, before = find_bounds({each: state[FIRST_STEP] for each, state in own.items()}, from_steps)
            for attempt, state in own.items():
                bound = least(below[key], bounds[attempt])
                visible = _cut_state(conn, (run, key, 0, attempt), state, bound)
                found[key] = _merge(found[key], visible)
            if parent is not None:
                below[key] = least(below[key], before, parent[1])
        if parent is None:
            return found
        run = parent[0]


def _cut_state(conn: Connection, series: SeriesKey, state: State, bound: int | None) -> State | None:
    """Return the state of those points of an attempt whose steps are below a bound."""
    if bound is None or state[LATEST_STEP] < bound:
        return state
    if state[FIRST_STEP] >= bound:
        return None
    run, key, _, attempt = series
    found: State | None = None
    for (number,) in conn.rows(
        "SELECT id FROM hr_series WHERE run = ? AND key_id = ? AND attempt = ?", (run, key, attempt)
    ):
        found = _merge(found, plugins.load("headrace.store.columns").summarise_below(conn, number, bound))
    return found


def _merge(one: State | None, other: State | None) -> State | None:
    if one is None or other is None:
        return one or other
    return merge(one, other)


def _write_views(tx: Transaction, run: int, states: Mapping[int, State | None]) -> None:
    """Set view rows; one of which nothing is visible goes."""
    row = tx.row("SELECT experiment, scope, start_time FROM hr_run WHERE id = ?", (run,))
    assert row is not None
    experiment, *fixed = row
    tx.touch(Kind.METRICS, run, experiment)
    tx.change_many(
        "DELETE FROM hr_series WHERE run = ? AND key_id = ? AND context = 0 AND attempt = -1",
        [(run, key) for key, state in states.items() if state is None],
    )
    there = {
        key
        for (key,) in tx.rows_in(
            "SELECT key_id FROM hr_series WHERE run = ? AND context = 0 AND attempt = -1 AND key_id IN ({ids})",
            states,
            before=(run,),
        )
    }
    shown = [(key, state) for key, state in states.items() if state is not None]
    tx.change_many(
        _UPDATE_VIEW, [(has_nan_last(state), *state, run, key) for key, state in shown if key in there]
    )
    tx.change_many(
        _INSERT_VIEW,
        [(run, key, *fixed, has_nan_last(state), *state) for key, state in shown if key not in there],
    )


def _refresh_forks(tx: Transaction, run: int, lowest: Mapping[int, int]) -> None:
    """Bring the view rows of a run's forks up to date, and those of their forks; `lowest` as for `refresh_views`."""
    forks = tx.rows(
        "SELECT f.run, f.step, r.run_id, p.run_id FROM hr_fork f JOIN hr_run r ON r.id = f.run JOIN hr_run p ON p.id = f.parent "
        "WHERE f.parent = ? ORDER BY f.run",
        (run,),
    )
    names = [name for _, step, name, _ in forks if any(at < step for at in lowest.values())]
    if names:
        tx.caches.add_forks(forks[0][3], names)
        tx.lock_more_runs(names)
    for fork, step, *_ in forks:
        reached = {key: at for key, at in lowest.items() if at < step}
        if reached:
            refresh_views(tx, fork, reached)
