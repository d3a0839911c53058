"""Series of metric points: taking points in, and the summaries of series.

Points are collected in the transaction and written once, at its end, for all requests of a group: one insert for the points, one read and one update
for the summaries. A point of MLflow's wire that is there already (same series, time, step and value) is ignored, so a resent request changes nothing.
A writer's points carry record numbers and are never ignored; where many of one series come at once, they are sealed at once.

Reading is `points`; what is visible of a metric with several attempts is `visible`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from headrace.base import plugins
from headrace.store import arrivals, visible
from headrace.store.arrivals import Before
from headrace.store.caches import SeriesKey
from headrace.store.connection import Connection, Row
from headrace.store.expected import MOST_AT_ONCE
from headrace.store.summaries import LATEST_STEP, STATE, State, has_nan_last, merge, summarise
from headrace.store.transaction import Kind, PointList, RecordList, RunRef, Transaction

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from headrace.store.chunks import Columns
    from headrace.store.segments import Sealed

NO_CONTEXT = 0
_INSERT_RECORD = "INSERT INTO hr_point (series, time, step, code, n) VALUES (?, ?, ?, ?, ?)"
_INSERT_SERIES = f"""
INSERT INTO hr_series (run, key_id, context, attempt, scope, start_time, is_nan, {STATE}, sealed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_INSERT_NUMBERED = _INSERT_SERIES.replace("(run,", "(id, run,").replace("VALUES (", "VALUES (?, ")
_UPDATE_SERIES = """
UPDATE hr_series SET is_nan = ?, latest_code = ?, latest_step = ?, latest_time = ?, first_code = ?, first_step = ?,
first_time = ?, min_code = ?, max_code = ?, points = ?, nans = ?, sealed = ? WHERE id = ?"""
_COUNT_BACK = "UPDATE hr_series SET points = points - ?, nans = nans - ? WHERE id = ?"
_FIND_SERIES = "SELECT key_id, context, attempt, id FROM hr_series WHERE run = ? AND key_id IN ({ids})"
_IN_VIEWS = -2
"""Stands for an attempt in the rows that tell of attempts and forks of a run."""
_FIND_SERIES_AND_VIEWS = f"""
SELECT 0, 0, {_IN_VIEWS}, 0 FROM (SELECT 1 FROM hr_attempt WHERE run = ? AND attempt > 0 LIMIT 1) a
UNION ALL SELECT 0, 0, {_IN_VIEWS}, 0 FROM (SELECT 1 FROM hr_fork WHERE run = ?) f
UNION ALL SELECT 0, 0, {_IN_VIEWS}, 0 FROM (SELECT 1 FROM hr_fork WHERE parent = ? LIMIT 1) p
UNION ALL {_FIND_SERIES}"""


class _Collected(NamedTuple):
    """What a transaction has collected, by series.

    Attributes:
        points: of MLflow's wire.
        plain: some of these series' points as chunks.
        records: a writer's points that become rows.
        sealed: a writer's points as chunks.
    """

    points: dict[SeriesKey, PointList]
    plain: "dict[SeriesKey, Sealed]"
    records: dict[SeriesKey, RecordList]
    sealed: "dict[SeriesKey, Sealed]"

    def count_sealed(self, series: SeriesKey) -> int:
        """Return how many points of a series come as chunks."""
        return sum(part[series].points for part in (self.plain, self.sealed) if series in part)


def add_points(
    tx: Transaction, run: RunRef, key: int, context: int, points: PointList, n: Sequence[int] | None = None
) -> None:
    """Collect points of one series of a run.

    Args:
        tx: where to write.
        run: the run; its `attempt` says which one the points belong to, and is one that `attempts.begin_attempt` has given.
        key: id of the metric's name.
        context: id of what was measured, or `NO_CONTEXT`.
        points: (time, step, code) of each.
        n: the record number of each (above 0), for a writer's points, which never collapse; None for points of MLflow's wire.
    """
    tx.runs[run.id] = run
    tx.writes += 1
    series = (run.id, key, context, run.attempt)
    if n is not None:
        rows = [(*point, number) for point, number in zip(points, n, strict=True)]
        tx.records.setdefault(series, []).extend(rows)
        return
    held = tx.points.get(series)
    if held is None:
        tx.points[series] = points[:]
    else:
        held += points


def add_columns(
    tx: Transaction,
    run: RunRef,
    key: int,
    context: int,
    columns: "Columns",
    n: "npt.NDArray[np.int64]",
) -> None:
    """Collect a writer's points of one series that come as arrays; `plain` is False for all of them.

    Args:
        tx: where to write.
        run: as for `add_points`.
        key: id of the metric's name.
        context: id of what was measured, or `NO_CONTEXT`.
        columns: the points, in any order.
        n: the record number of each point (above 0).
    """
    if not len(columns.time):
        return
    tx.runs[run.id] = run
    tx.writes += 1
    tx.arrays.setdefault((run.id, key, context, run.attempt), []).append((columns, n))


def flush_points(tx: Transaction) -> None:
    """Write the points that the transaction has collected, and the summaries of their series."""
    if not (tx.points or tx.records or tx.arrays):
        return
    collected, states = _take_collected(tx)
    for series in [each for each in states if each[2] != NO_CONTEXT]:
        _merge_into(states, _top(series), states[series])
    ids, known, in_views = _series_ids(tx, states, collected)
    before = _read_states(tx, known)
    for series in [each for each in collected.plain if ids[each] in before]:
        if not arrivals.is_behind(collected.plain[series].state, before[ids[series]]):
            del collected.plain[series]
    changes = _update_states(tx, known, states, before, collected)
    for series in in_views:
        changes[series] = visible.Change(None, states[series])
    inexact = _insert_points(tx, ids, collected, before) if collected.points else set()
    _insert_records(tx, ids, collected)
    if changes:
        visible.update_views(
            tx,
            {
                series: change._replace(exact=series not in inexact) if inexact else change
                for series, change in changes.items()
            },
        )
    for run in {series[0] for series in states}:
        tx.touch(Kind.METRICS, run, tx.runs[run].experiment)


def _take_collected(tx: Transaction) -> tuple[_Collected, dict[SeriesKey, State]]:
    """Take what was collected out of the transaction; return it with the states of the series that have just these points."""
    points, tx.points = tx.points, {}
    records, tx.records = tx.records, {}
    arrays, tx.arrays = tx.arrays, {}
    plain = arrivals.seal_many(tx, points)
    states = {
        series: plain[series].state if series in plain else summarise(part) for series, part in points.items()
    }
    sealed: dict[SeriesKey, Sealed] = {}
    if arrays:
        taken = plugins.load("headrace.store.segments").take_arrays(arrays)
        sealed = taken.sealed
        for series, found in sealed.items():
            _merge_into(states, series, found.state)
        for series, rows in taken.rows.items():
            records.setdefault(series, []).extend(rows)
    for series, rows in records.items():
        _merge_into(states, series, summarise(rows))
    return _Collected(points, plain, records, sealed), states


def _top(series: SeriesKey) -> SeriesKey:
    """Return the series that holds the attempt's own view of the key."""
    return (series[0], series[1], NO_CONTEXT, series[3])


def _series_ids(
    tx: Transaction, states: dict[SeriesKey, State], collected: _Collected
) -> tuple[dict[SeriesKey, int], dict[int, SeriesKey], list[SeriesKey]]:
    """Return the ids of all series, by id those that were there before, and of the new ones those that only a view shows.

    New ones are inserted with their state. Few statements matter here: at each of them the writer's thread lets go of the interpreter and must
    wait to get it back.
    """
    cached = tx.caches.series_ids
    ids = {series: cached[series] for series in states if series in cached}
    missing = [series for series in states if series not in ids]
    in_views: list[SeriesKey] = []
    if missing:
        runs_in_views: set[int] = set()
        found = _find_series(tx, missing, runs_in_views)
        known = {number: series for series, number in (*ids.items(), *found.items())}
        fresh = [series for series in missing if series not in found]
        if fresh:
            rows = _make_rows(tx, fresh, states, collected, runs_in_views)
            made = _insert_series(tx, fresh, rows)
            found |= made
            if tx.foretold and len(tx.held_runs) <= MOST_AT_ONCE:
                for series, (run, _, _, _, scope, _, _, *state, sealed) in zip(fresh, rows, strict=True):
                    tx.new_states[made[series]] = run, (made[series], scope, sealed, *state)
            in_views = [each for each in fresh if each[0] in runs_in_views and each[2] == NO_CONTEXT]
        ids |= found
        tx.new_series |= found
    else:
        known = {number: series for series, number in ids.items()}
    return ids, known, in_views


def _find_series(
    tx: Transaction, wanted: Iterable[SeriesKey], runs_in_views: set[int] | None = None
) -> dict[SeriesKey, int]:
    """Return the ids of those series that exist.

    Args:
        tx: where to read.
        wanted: the series.
        runs_in_views: takes up the runs that have attempts or forks, or are forks.
    """
    wanted = set(wanted)
    keys_of: dict[int, set[int]] = {}
    for run, key, _, _ in wanted:
        keys_of.setdefault(run, set()).add(key)
    found: dict[SeriesKey, int] = {}
    answers: dict[int, Callable[[], list[Row]]] = {}
    for run, keys in keys_of.items():
        if runs_in_views is None:
            answers[run] = tx.ask_in(_FIND_SERIES, sorted(keys), before=(run,))
        else:
            held = tx.foreseen.take_series(run, keys)
            answers[run] = ask_series(tx, run, keys) if held is None else partial(list, held)
    for run, answer in answers.items():
        for key, context, attempt, number in answer():
            found[run, key, context, attempt] = number
            if attempt == _IN_VIEWS and runs_in_views is not None:
                runs_in_views.add(run)
    return {series: number for series, number in found.items() if series in wanted}


def ask_series(conn: Connection, run: int, keys: Iterable[int]) -> Callable[[], list[Row]]:
    """Ask for the series of a run that are of some keys, with whether the run has attempts or forks, or is a fork."""
    return conn.ask_in(_FIND_SERIES_AND_VIEWS, sorted(keys), before=(run,) * 4)


def _make_rows(
    tx: Transaction,
    fresh: Sequence[SeriesKey],
    states: dict[SeriesKey, State],
    collected: _Collected,
    runs_in_views: set[int],
) -> list[Row]:
    """Return the rows of new series."""
    rows = []
    for series in fresh:
        run, state = tx.runs[series[0]], states[series]
        scope = run.scope if series[2] == NO_CONTEXT and run.id not in runs_in_views else None
        sealed = collected.count_sealed(series)
        rows.append((*series, scope, run.start_time, has_nan_last(state), *state, sealed))
    return rows


def _insert_series(tx: Transaction, fresh: Sequence[SeriesKey], rows: Sequence[Row]) -> dict[SeriesKey, int]:
    """Insert series and return their ids."""
    numbers = tx.foreseen.take_ids("hr_series", len(rows))
    if numbers is not None:
        ids = dict(zip(fresh, numbers, strict=True))
        tx.change_many(_INSERT_NUMBERED, [(number, *row) for number, row in zip(numbers, rows, strict=True)])
    elif tx.dialect.inserts_together:
        ids = dict(zip(fresh, tx.insert_each(_INSERT_SERIES, rows), strict=True))
    else:
        tx.change_many(_INSERT_SERIES, rows)
        ids = _find_series(tx, fresh)
    tx.change_many(
        "INSERT INTO hr_context_series (context, series) VALUES (?, ?)",
        [(series[2], number) for series, number in ids.items() if series[2] != NO_CONTEXT],
    )
    return ids


def _insert_points(
    tx: Transaction, ids: dict[SeriesKey, int], collected: _Collected, before: Mapping[int, Before]
) -> set[SeriesKey]:
    """Insert points of MLflow's wire that do not come as chunks; those that are there already are taken back from the counts.

    Returns:
        the series of context 0 that had counted too much.
    """
    rows = {series: points for series, points in collected.points.items() if series not in collected.plain}
    repeated = arrivals.insert_points(tx, ids, rows, before) if rows else {}
    for series, lost in repeated.items():
        touched = {ids[series], ids[_top(series)]}
        tx.change_many(_COUNT_BACK, [(*lost, each) for each in sorted(touched)])
        tx.miscounted |= touched
    return {_top(series) for series in repeated}


def _insert_records(tx: Transaction, ids: dict[SeriesKey, int], collected: _Collected) -> None:
    """Insert a writer's points that are rows, and all chunks."""
    if collected.records:
        rows = [(ids[series], *record) for series, records in collected.records.items() for record in records]
        tx.change_many(_INSERT_RECORD, rows)
    sealed = [*collected.plain.items(), *collected.sealed.items()]
    if sealed:
        new = [(ids[series], chunk) for series, found in sealed for chunk in found.chunks]
        plugins.load("headrace.store.sealing").insert_chunks(tx, new)


def _merge_into(states: dict[SeriesKey, State], series: SeriesKey, state: State) -> None:
    states[series] = merge(states[series], state) if series in states else state


def _read_states(tx: Transaction, known: Iterable[int]) -> dict[int, Before]:
    """Return what series that were there before are, by id."""
    rows, others = tx.foreseen.take_states(set(known))
    if others:
        rows = rows + ask_states(tx, others)()
    return {
        number: Before(scope, sealed, state[LATEST_STEP], tuple(state))
        for number, scope, sealed, *state in rows
    }


def ask_states(conn: Connection, series: Iterable[int]) -> Callable[[], list[Row]]:
    """Ask for id, scope, number of sealed points and summary of series."""
    return conn.ask_in(
        f"SELECT id, scope, sealed, {STATE} FROM hr_series WHERE id IN ({{ids}})", sorted(series)
    )


def _update_states(
    tx: Transaction,
    known: dict[int, SeriesKey],
    states: dict[SeriesKey, State],
    before: Mapping[int, Before],
    collected: _Collected,
) -> dict[SeriesKey, visible.Change]:
    """Add to the summaries of series that were there before; return what changed in those that only a view shows."""
    updates, expected, changes = [], [], {}
    remembers = tx.foretold and len(tx.held_runs) <= MOST_AT_ONCE
    for number, found in before.items():
        series = known[number]
        merged = merge(found.state, states[series])
        sealed = found.sealed + collected.count_sealed(series)
        row = (has_nan_last(merged), *merged, sealed, number)
        if number in tx.expected_states:
            expected.append((*row, found.scope, *found.state, found.sealed))
        else:
            updates.append(row)
        if remembers:
            tx.new_states[number] = series[0], (number, found.scope, sealed, *merged)
        if found.scope is None and series[2] == NO_CONTEXT:
            changes[series] = visible.Change(found.state, states[series])
    tx.change_many(_UPDATE_SERIES, updates)
    if expected:
        tx.dialect.update_expected(tx.cursor, expected)
    return changes


def count_back(tx: Transaction, number: int, lost: int, lost_nans: int) -> None:
    """Correct the counts of a series after points have turned out to be there twice (once sealed, once in the tail).

    Args:
        tx: where to write.
        number: the series.
        lost: so many points it has less than was counted.
        lost_nans: so many of them are NaN.
    """
    if not lost:
        return
    row = tx.row("SELECT run, key_id, context, attempt FROM hr_series WHERE id = ?", (number,))
    assert row is not None
    top = tx.row(
        "SELECT id, scope FROM hr_series WHERE run = ? AND key_id = ? AND context = ? AND attempt = ?",
        (row[0], row[1], NO_CONTEXT, row[3]),
    )
    assert top is not None
    tx.change_many(_COUNT_BACK, [(lost, lost_nans, each) for each in sorted({number, top[0]})])
    if top[1] is None:
        visible.refresh_views(tx, row[0], {row[1]: visible.ANY_STEP})


def ask_latest_points(conn: Connection, runs: Iterable[int]) -> Callable[[], list[Row]]:
    """Ask for (run, key, code, time, step) of the latest point of each metric of runs, by run and key."""
    return conn.ask_in(
        "SELECT run, key_id, latest_code, latest_time, latest_step FROM hr_series "
        "WHERE run IN ({ids}) AND scope IS NOT NULL ORDER BY run, key_id",
        runs,
    )
