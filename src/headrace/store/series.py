"""Metric points: taking them in, and reading them back.

Points are collected in the transaction and written once, at its end, for all requests of a group: one insert for the points, one read and one update
for the summaries. A point that is there already (same series, time, step and value) is ignored, so a resent request changes nothing.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from headrace.store.caches import SeriesKey
from headrace.store.codes import HIGHEST, LOWEST
from headrace.store.connection import Connection, Row, marks
from headrace.store.transaction import Kind, PointList, RunRef, Transaction

NO_CONTEXT = 0

_by_step = itemgetter(1, 0, 2)  # of (time, step, code): step, time, value
_INSERT_POINT = "INSERT OR IGNORE INTO hr_point (series, time, step, code, n) VALUES (?, ?, ?, ?, 0)"
_STATE = "latest_code, latest_step, latest_time, first_code, first_step, first_time, min_code, max_code, points, nans"
_INSERT_SERIES = f"""
INSERT INTO hr_series (run, key_id, context, attempt, scope, start_time, is_nan, {_STATE})
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_UPDATE_SERIES = """
UPDATE hr_series SET is_nan = ?, latest_code = ?, latest_step = ?, latest_time = ?, first_code = ?, first_step = ?,
first_time = ?, min_code = ?, max_code = ?, points = ?, nans = ? WHERE id = ?"""
_COUNT_BACK = "UPDATE hr_series SET points = points - ?, nans = nans - ? WHERE id = ?"

State = tuple[Any, ...]
"""The columns of `_STATE`, in that order."""


def add_points(tx: Transaction, run: RunRef, key: int, context: int, points: PointList) -> None:
    """Collect points, as (time, step, code), of one series of a run's current attempt."""
    tx.runs[run.id] = run
    tx.writes += 1
    series = (run.id, key, context, run.attempt)
    held = tx.points.get(series)
    if held is None:
        tx.points[series] = points[:]
    else:
        held += points


def flush_points(tx: Transaction) -> None:
    """Write the points that the transaction has collected, and the summaries of their series."""
    if not tx.points:
        return
    collected, tx.points = tx.points, {}
    states: dict[SeriesKey, State] = {}
    for series, points in collected.items():
        state = _summarise(points)
        _merge_into(states, series, state)
        if series[2] != NO_CONTEXT:
            _merge_into(states, _top(series), state)
    ids, known = _series_ids(tx, states)
    _update_states(tx, known, states)
    _insert_points(tx, ids, collected)
    for run in {series[0] for series in collected}:
        tx.touch(Kind.METRICS, run, tx.runs[run].experiment)


def _top(series: SeriesKey) -> SeriesKey:
    """Return the series that holds the run's own view of the key."""
    return (series[0], series[1], NO_CONTEXT, series[3])


def _series_ids(
    tx: Transaction, states: dict[SeriesKey, State]
) -> tuple[dict[SeriesKey, int], dict[int, SeriesKey]]:
    """Return the ids of all series, and by id those that were there before. New ones are inserted with their state.

    Few statements matter here: at each of them the writer's thread lets go of the interpreter and must wait to get it back.
    """
    cached = tx.caches.series_ids
    ids = {series: cached[series] for series in states if series in cached}
    missing = [series for series in states if series not in ids]
    if missing:
        found = _find_series(tx, missing)
        known = {number: series for series, number in (*ids.items(), *found.items())}
        fresh = [series for series in missing if series not in found]
        if fresh:
            found |= _insert_series(tx, fresh, states)
        ids |= found
        tx.new_series |= found
    else:
        known = {number: series for series, number in ids.items()}
    return ids, known


def _find_series(tx: Transaction, wanted: Iterable[SeriesKey]) -> dict[SeriesKey, int]:
    """Return the ids of those series that exist."""
    wanted = set(wanted)
    keys_of: dict[int, set[int]] = {}
    for run, key, _, _ in wanted:
        keys_of.setdefault(run, set()).add(key)
    found: dict[SeriesKey, int] = {}
    for run, keys in keys_of.items():
        for key, context, attempt, number in tx.rows_in(
            "SELECT key_id, context, attempt, id FROM hr_series WHERE run = ? AND key_id IN ({ids})",
            sorted(keys),
            before=(run,),
        ):
            found[run, key, context, attempt] = number
    return {series: number for series, number in found.items() if series in wanted}


def _insert_series(
    tx: Transaction, fresh: Sequence[SeriesKey], states: dict[SeriesKey, State]
) -> dict[SeriesKey, int]:
    """Insert series with their states and return their ids."""
    rows = []
    for series in fresh:
        run, state = tx.runs[series[0]], states[series]
        scope = run.scope if series[2] == NO_CONTEXT else None
        rows.append((*series, scope, run.start_time, not LOWEST <= state[0] <= HIGHEST, *state))
    tx.change_many(_INSERT_SERIES, rows)
    ids = _find_series(tx, fresh)
    tx.change_many(
        "INSERT INTO hr_context_series (context, series) VALUES (?, ?)",
        [(series[2], number) for series, number in ids.items() if series[2] != NO_CONTEXT],
    )
    return ids


def _insert_points(tx: Transaction, ids: dict[SeriesKey, int], collected: dict[SeriesKey, PointList]) -> None:
    """Insert points; those that are there already are ignored and taken back from the counts."""
    rows = [(ids[series], *point) for series, points in collected.items() for point in points]
    tx.cursor.execute("SAVEPOINT points")
    inserted = tx.change_many(_INSERT_POINT, rows)
    if inserted != len(rows):
        tx.cursor.execute("ROLLBACK TO points")
    tx.cursor.execute("RELEASE points")
    if inserted == len(rows):
        return
    # Do it again series by series, to know which summaries have counted too much.
    for series, points in collected.items():
        number = ids[series]
        nans = [(number, *point) for point in points if not LOWEST <= point[2] <= HIGHEST]
        numbers = [(number, *point) for point in points if LOWEST <= point[2] <= HIGHEST]
        lost_nans = len(nans) - tx.change_many(_INSERT_POINT, nans)
        lost = lost_nans + len(numbers) - tx.change_many(_INSERT_POINT, numbers)
        if lost:
            touched = {number, ids[_top(series)]}
            tx.change_many(_COUNT_BACK, [(lost, lost_nans, each) for each in sorted(touched)])


def _summarise(points: PointList) -> State:
    """Return the state of a series that has just these points."""
    if len(points) == 1:
        time, step, code = points[0]
        if LOWEST <= code <= HIGHEST:
            return (code, step, time, code, step, time, code, code, 1, 0)
        return (code, step, time, code, step, time, None, None, 1, 1)
    latest, first = max(points, key=_by_step), min(points, key=_by_step)
    codes = [point[2] for point in points]
    low: int | None
    high: int | None
    low, high, nans = min(codes), max(codes), 0
    if low < LOWEST or high > HIGHEST:
        numbers = [code for code in codes if LOWEST <= code <= HIGHEST]
        nans = len(codes) - len(numbers)
        low, high = min(numbers, default=None), max(numbers, default=None)
    return (latest[2], latest[1], latest[0], first[2], first[1], first[0], low, high, len(points), nans)


def _merge_into(states: dict[SeriesKey, State], series: SeriesKey, state: State) -> None:
    states[series] = _merge(states[series], state) if series in states else state


def _merge(old: State, new: State) -> State:
    """Return the state of a series that has the points of both."""
    latest = max(old[:3], new[:3], key=itemgetter(1, 2, 0))
    first = min(old[3:6], new[3:6], key=itemgetter(1, 2, 0))
    lows = [each for each in (old[6], new[6]) if each is not None]
    highs = [each for each in (old[7], new[7]) if each is not None]
    low, high = min(lows, default=None), max(highs, default=None)
    return (*latest, *first, low, high, old[8] + new[8], old[9] + new[9])


def _update_states(tx: Transaction, known: dict[int, SeriesKey], states: dict[SeriesKey, State]) -> None:
    rows = tx.rows_in(f"SELECT id, {_STATE} FROM hr_series WHERE id IN ({{ids}})", sorted(known))
    updates = []
    for number, *before in rows:
        merged = _merge(tuple(before), states[known[number]])
        updates.append((not LOWEST <= merged[0] <= HIGHEST, *merged, number))
    tx.change_many(_UPDATE_SERIES, updates)


def latest_points(conn: Connection, runs: Iterable[int]) -> list[Row]:
    """Return (run, key, code, time, step) of the latest point of each metric of runs, by run and key."""
    return conn.rows_in(
        "SELECT run, key_id, latest_code, latest_time, latest_step FROM hr_series "
        "WHERE run IN ({ids}) AND scope IS NOT NULL ORDER BY run, key_id",
        runs,
    )


def series_of(conn: Connection, run: int, key: int) -> list[int]:
    """Return the ids of all series of a metric of a run, of every context."""
    return [row[0] for row in conn.rows("SELECT id FROM hr_series WHERE run = ? AND key_id = ?", (run, key))]


def read_points(
    conn: Connection, series: Sequence[int], after: tuple[int, int, int] | None = None, limit: int = -1
) -> list[tuple[int, int, int]]:
    """Return points as (time, step, code), in that order, without the repetitions that several contexts may hold.

    Args:
        conn: where to read.
        series: ids from `series_of`.
        after: only points behind this one.
        limit: at most so many; negative for all.
    """
    if not series:
        return []
    where, params = f"series IN ({marks(len(series))})", list(series)
    if after is not None:
        where += " AND time >= ? AND (time > ? OR step > ? OR (step = ? AND code > ?))"
        time, step, code = after
        params += [time, time, step, step, code]
    distinct = "" if len(series) == 1 else "DISTINCT "
    return conn.rows(
        f"SELECT {distinct}time, step, code FROM hr_point WHERE {where} ORDER BY time, step, code LIMIT ?",
        [*params, limit if limit >= 0 else 2**62],
    )


def sample_points(
    conn: Connection, series: Sequence[int], steps: tuple[int, int] | None, limit: int
) -> list[tuple[int, int, int]]:
    """Return at most `limit` points as (time, step, code), by step: the first of each of `limit` even slices, and at last the last of all.

    Args:
        conn: where to read.
        series: ids from `series_of`.
        steps: only points of steps from the first to the second, both included.
        limit: at most so many.
    """
    if not series:
        return []
    where, params = f"series IN ({marks(len(series))})", list(series)
    if steps is not None:
        where += " AND step BETWEEN ? AND ?"
        params += steps
    points = f"(SELECT DISTINCT time, step, code FROM hr_point WHERE {where}) points"
    counted = conn.row(f"SELECT COUNT(*) FROM {points}", params)
    total = counted[0] if counted else 0
    if total <= limit:
        return conn.rows(f"SELECT time, step, code FROM {points} ORDER BY step, time, code", params)
    # Slices are of `size` points, the first of them of one more; of the last slice the last point is taken.
    size, longer = divmod(total, limit)
    of_longer = longer * (size + 1)
    return conn.rows(
        "SELECT time, step, code FROM (SELECT time, step, code, ROW_NUMBER() OVER (ORDER BY step, time, code) - 1 AS place "
        f"FROM {points}) numbered WHERE place = ? OR (place < ? AND "
        "CASE WHEN place < ? THEN place % ? ELSE (place - ?) % ? END = 0) ORDER BY step, time, code",
        [*params, total - 1, total - size, of_longer, size + 1, of_longer, size],
    )
