"""Sealing: the tail of a series becomes chunks, and chunks that are small or overlap become fewer and better ones.

Everything is planned on a snapshot and outside of any transaction: which rows are read, which chunks go, which come. `apply` then does it in one
transaction, exactly or not at all. What makes it exact:

- A plan that takes rows of the tail names the newest chunk of the series it has seen, and removing rows always adds a chunk. Ids of chunks
  only grow within a series (new ones are added before old ones go, and by one transaction at a time: the one that has locked the series' run), so
  the newest chunk tells whether anybody has sealed in between.
- The rows go by the range of their keys, and as many must go as were read: a point that has come into the range in between stops the plan.
- Chunks go by their ids, and all of them must still be there.

How often a point is rewritten: once when its row is sealed. Small chunks (under half of a full one) are merged when together they fill a chunk,
or are 16. The sealing of tails makes 128 points at least of each, so what comes out of 16 is not small, but for one rest, which is less than half of what comes in at the next
merge; writers make 64 at least, and what comes out of 16 is not small after three merges, that have taken in 15 new ones each: twice per point, amortised, either way. When a
series has become quiet, 4 tiny chunks (under 256 points) are enough: what comes out is not tiny, so that is once more per point; and so is a small one that is not tiny and
not compressed: what comes out is. Chunks that overlap
are merged when 8 of one level cover the same moment, and come out one level higher; level 8 is never merged again. So that is at most 8 times, and log8 of the number of chunks for points in random order; points that come in order are never rewritten for that.

The module does not know when to seal: see `headrace.services.sealing_duty`.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from headrace.store import chunk_points, chunks
from headrace.store.chunks import MAX_POINTS, Array, Chunk, Columns
from headrace.store.connection import Connection, Row
from headrace.store.page_fill import fit_pages
from headrace.store.sealing_candidates import runs_of_series
from headrace.store.series import count_back
from headrace.store.transaction import Kind, Transaction

SMALL = MAX_POINTS // 2
MANY_SMALL = 16
TINY = 256
MANY_TINY = 4
FAN = 8
MAX_LEVEL = 8
MERGED_AT_ONCE = 256
POINTS_AT_ONCE = FAN * MAX_POINTS
DECODED_AT_ONCE = 32

_ADD_SEALED = "UPDATE hr_series SET sealed = sealed + ? WHERE id = ?"
_NEWEST = "SELECT MAX(id) FROM hr_chunk WHERE series = ?"
_ROWS = "SELECT time, step, code, n FROM hr_point WHERE series = ? AND {where} ORDER BY time, step, code, n LIMIT ?"
# `time BETWEEN` is what MySQL needs to use the key.
_RANGE = "series = ? AND time BETWEEN ? AND ? AND (time, step, code, n) >= (?, ?, ?, ?) AND (time, step, code, n) <= (?, ?, ?, ?)"

TailRow = tuple[int, int, int, int]
"""Time, step, code and record number of a row of the tail."""


class Plan(NamedTuple):
    """What is to happen to one series.

    Attributes:
        series: its id.
        newest: the newest chunk when the plan was made, 0 for none.
        rows: what goes from the tail, in order: all that was between its first and last.
        old: ids of the chunks that go.
        new: the chunks that come.
        sealed: by how much the number of sealed points changes.
        lost: points that turn out to be there twice; they are taken from the counts.
        lost_nans: so many of them are NaN.
    """

    series: int
    newest: int
    rows: list[TailRow]
    old: list[int]
    new: list[Chunk]
    sealed: int
    lost: int
    lost_nans: int

    @property
    def weight(self) -> int:
        """How much work it is to apply the plan, in points."""
        return len(self.rows) + MAX_POINTS // 4 * len(self.new)


class _Sealed(NamedTuple):
    """The chunks of a series, by id."""

    ids: list[int]
    bounds: Array

    @property
    def newest(self) -> int:
        return self.ids[-1] if self.ids else 0


def insert_chunks(tx: Transaction, new: Sequence[tuple[int, Chunk]]) -> None:
    """Insert chunks, each with the id of its series, without counting them."""
    if new:
        tx.writes += 1
        rows = [(series, each.bounds, each.blocks, each.points) for series, each in new]
        tx.dialect.insert_chunks(tx.cursor, rows)


def find_sealed(
    conn: Connection, points: Mapping[int, Sequence[tuple[int, int, int]]]
) -> dict[int, list[bool]]:
    """Return of which points of MLflow's wire, by their series' id, there is an equal one in a chunk."""
    held: dict[int, list[Row]] = {}
    query = "SELECT series, id, bounds FROM hr_chunk WHERE series IN ({ids}) ORDER BY series, id"
    for series, *row in conn.rows_in(query, list(points)):
        held.setdefault(series, []).append(tuple(row))
    found = {}
    for series, rows in held.items():
        sealed = _Sealed([row[0] for row in rows], chunks.read_bounds([row[1] for row in rows]))
        places = sorted(range(len(points[series])), key=points[series].__getitem__)
        columns = _to_columns([(*points[series][place], 0) for place in places])
        repeated, where = _find_repeated(conn, sealed, columns)
        if where is not None:
            found[series] = [again for _, again in sorted(zip(places, repeated.tolist(), strict=True))]
    return found


def plan_tail(conn: Connection, series: int, least: int) -> Plan | None:
    """Plan to seal rows of the tail: as many as make a chunk.

    Rows behind all chunks are sealed by themselves; those of earlier times when they are many enough as well, so that few late points do not
    make a chunk that reaches over all others.

    Args:
        conn: where to read.
        series: the id of the series.
        least: at how many rows it is worth it.

    Returns:
        None if there are fewer.
    """
    sealed = _read_sealed(conn, series)
    if not sealed.ids:
        rows = _read_rows(conn, series, "time >= ?", -(2**63))
        return _plan_rows(series, sealed, rows) if len(rows) >= least else None
    border = int(sealed.bounds["max_time"].max())
    rows = _read_rows(conn, series, "time > ?", border)
    if len(rows) >= least:
        return _plan_rows(series, sealed, rows)
    rows = _read_rows(conn, series, "time <= ?", border)
    if len(rows) < least:
        return None
    return _plan_late(conn, series, sealed, rows)


def plan_repeated(conn: Connection, series: int) -> Plan | None:
    """Plan to remove rows of the tail that say what is sealed already, where too few rows are late to be sealed.

    Returns:
        None if there are none.
    """
    sealed = _read_sealed(conn, series)
    if not sealed.ids:
        return None
    rows = _read_rows(conn, series, "time <= ?", int(sealed.bounds["max_time"].max()))
    if not rows:
        return None
    columns = _to_columns(rows)
    repeated, where = _find_repeated(conn, sealed, columns)
    if where is None:
        return None
    # Rows go by ranges: one run of repeated rows at a time.
    first = int(repeated.argmax())
    others = np.flatnonzero(~repeated[first:])
    last = first + int(others[0]) if len(others) else len(rows)
    return _plan_renewal(conn, series, sealed, rows[first:last], where)


def plan_merge(conn: Connection, series: int, *, final: bool = False) -> Plan | None:
    """Plan to merge chunks of a series that are small, or overlap: as many as fit into a short transaction.

    Args:
        conn: where to read.
        series: the id of the series.
        final: as for `choose_merge`.

    Returns:
        None if it is well as it is.
    """
    sealed = _read_sealed(conn, series)
    chosen, level = choose_merge(sealed.bounds, final=final)
    if not len(chosen):
        return None
    old = [sealed.ids[place] for place in chosen.tolist()]
    joined = chunk_points.decode_joined(_read_points(conn, old))
    merged = chunks.order(joined)
    lost = len(joined.time) - len(merged.time)
    lost_nans = int(chunks.is_nan(joined.code).sum() - chunks.is_nan(merged.code).sum())
    return Plan(
        series, sealed.newest, [], old, chunks.split(merged, level, fit_pages), -lost, lost, lost_nans
    )


def choose_merge(bounds: Array, *, final: bool = False) -> tuple[Array, int]:
    """Return the places of the chunks to be merged next, none if all is well, and the level of what comes out.

    Args:
        bounds: of all chunks of a series, the oldest first.
        final: whether no more points are to be expected soon, so that a few tiny chunks are worth it.
    """
    counts = bounds["count"]
    small = np.flatnonzero(counts < SMALL)
    if len(small) >= MANY_SMALL or (len(small) > 1 and counts[small].sum() >= MAX_POINTS):
        chosen = small[np.argsort(bounds["min_time"][small], kind="stable")][:MERGED_AT_ONCE]
        # Never so few that the rest would be as small as they were.
        fitting = int(np.searchsorted(np.cumsum(counts[chosen]), POINTS_AT_ONCE))
        chosen = chosen[: max(fitting, MANY_SMALL)]
        return chosen, int(bounds["level"][chosen].max())
    tiny = np.flatnonzero(counts < TINY)
    if final and len(tiny) >= MANY_TINY:
        return tiny, int(bounds["level"][tiny].max())
    if final and ((bounds["flags"] & chunks.RAW != 0) & (counts >= TINY)).any():
        return small, int(bounds["level"][small].max())
    for level in np.unique(bounds["level"]).tolist():
        same = np.flatnonzero(bounds["level"] == level)
        if level >= MAX_LEVEL or len(same) < FAN:
            continue
        starts, ends = bounds["min_time"][same], bounds["max_time"][same]
        # How many chunks cover the moment just behind the start of each: those that have begun and not ended.
        depths = np.searchsorted(np.sort(starts), starts, "right") - np.searchsorted(
            np.sort(ends), starts, "right"
        )
        deepest = int(depths.argmax())
        if depths[deepest] >= FAN:
            moment = starts[deepest]
            return same[(starts <= moment) & (ends > moment)][:FAN], level + 1
    return np.empty(0, "<i8"), 0


def apply(tx: Transaction, plan: Plan) -> bool:
    """Carry out a plan, if all that it takes away is still there as it was; otherwise change nothing.

    Returns:
        whether it was carried out.
    """
    return apply_all(tx, [plan])[0]


def apply_all(tx: Transaction, plans: Sequence[Plan]) -> list[bool]:
    """Carry out plans, each as `apply` does, and return for each whether it was carried out."""
    if tx.for_update:
        tx.lock_runs(runs_of_series(tx, {plan.series for plan in plans}))
    return [_try(tx, plan) for plan in plans]


def _try(tx: Transaction, plan: Plan) -> bool:
    """Carry out a plan, or leave all as it was."""
    tx.cursor.execute("SAVEPOINT sealing")
    done = _apply(tx, plan)
    if not done:
        tx.cursor.execute("ROLLBACK TO SAVEPOINT sealing")
    tx.cursor.execute("RELEASE SAVEPOINT sealing")
    return done


def apply_tail(tx: Transaction, series: int, least: int, *, few: bool) -> bool:
    """Plan and seal within the transaction, for a tail that changes faster than it can be planned outside.

    Args:
        tx: where to write.
        series: the id of the series.
        least: as for `plan_tail`.
        few: whether points that were sent again are removed even if they are few.

    Returns:
        whether there was anything to do.
    """
    tx.lock_runs(runs_of_series(tx, [series]))
    plan = plan_tail(tx, series, least)
    if plan is None and few:
        plan = plan_repeated(tx, series)
    return plan is not None and apply(tx, plan)


def _apply(tx: Transaction, plan: Plan) -> bool:
    tx.change(_ADD_SEALED, (plan.sealed, plan.series))
    if plan.rows:
        if not _is_current(tx, plan):
            return False
        first, last = plan.rows[0], plan.rows[-1]
        gone = tx.count_changed(
            f"DELETE FROM hr_point WHERE {_RANGE}", (plan.series, first[0], last[0], *first, *last)
        )
        if gone != len(plan.rows):
            return False
    insert_chunks(tx, [(plan.series, each) for each in plan.new])
    if plan.old:
        gone = tx.count_changed_in(
            "DELETE FROM hr_chunk WHERE series = ? AND id IN ({ids})", plan.old, before=(plan.series,)
        )
        if gone != len(plan.old):
            return False
        tx.change_in("DELETE FROM hr_chunk_data WHERE id IN ({ids})", plan.old)
    if plan.lost:
        count_back(tx, plan.series, plan.lost, plan.lost_nans)
        _touch(tx, plan.series)
    return True


def _is_current(tx: Transaction, plan: Plan) -> bool:
    """Tell whether the rows of a plan can be the same as when it was made."""
    if _find_newest(tx, plan.series) == plan.newest:
        return True
    # A writer has sealed points of its own. That does not matter to rows that can never be equal to any of them, if they are the same.
    if any(row[3] == 0 for row in plan.rows):
        return False
    first, last = plan.rows[0], plan.rows[-1]
    found = tx.rows(
        f"SELECT time, step, code, n FROM hr_point WHERE {_RANGE} ORDER BY time, step, code, n",
        (plan.series, first[0], last[0], *first, *last),
    )
    return list(found) == list(plan.rows)


def _touch(tx: Transaction, series: int) -> None:
    """Tell followers that the counts of a run's metric have changed."""
    row = tx.row(
        "SELECT r.id, r.experiment FROM hr_series s JOIN hr_run r ON r.id = s.run WHERE s.id = ?", (series,)
    )
    if row is not None:
        tx.touch(Kind.METRICS, row[0], row[1])


def _find_newest(conn: Connection, series: int) -> int:
    row = conn.row(_NEWEST, (series,))
    return (row[0] or 0) if row else 0


def _read_sealed(conn: Connection, series: int) -> _Sealed:
    rows = conn.rows("SELECT id, bounds FROM hr_chunk WHERE series = ? ORDER BY id", (series,))
    return _Sealed([row[0] for row in rows], chunks.read_bounds([row[1] for row in rows]))


def _read_points(conn: Connection, ids: Sequence[int]) -> list[bytes]:
    rows = conn.rows_in("SELECT id, points FROM hr_chunk_data WHERE id IN ({ids})", ids)
    return [points for _, points in sorted(rows)]


def _read_rows(conn: Connection, series: int, where: str, *params: int) -> list[Row]:
    return conn.rows(_ROWS.replace("{where}", where), (series, *params, MAX_POINTS))


def _to_columns(rows: Sequence[Row]) -> Columns:
    """Return rows of the tail as columns, in their order, which is also that of `chunks.order`: a record number of 0 comes first."""
    time, step, code, n = np.fromiter(chain.from_iterable(rows), "<i8", 4 * len(rows)).reshape(-1, 4).T
    return Columns(time.copy(), step.copy(), code.copy(), n == 0)


def _plan_rows(series: int, sealed: _Sealed, rows: list[TailRow]) -> Plan:
    """Plan to seal the first of rows none of which can be sealed already: as many as make a chunk."""
    chunk, count = chunks.encode_first(_to_columns(rows), fit_pages)
    return Plan(series, sealed.newest, rows[:count], [], [chunk], count, 0, 0)


def _plan_late(conn: Connection, series: int, sealed: _Sealed, rows: list[TailRow]) -> Plan:
    """Plan to seal rows of times that chunks cover: those that are sealed already go without coming back."""
    columns = _to_columns(rows)
    repeated, where = _find_repeated(conn, sealed, columns)
    if where is None:
        return _plan_rows(series, sealed, rows)
    kept = np.flatnonzero(~repeated)
    if not len(kept):
        return _plan_renewal(conn, series, sealed, rows, where)
    chunk, count = chunks.encode_first(chunks.select(columns, kept), fit_pages)
    end = int(kept[count]) if count < len(kept) else len(rows)
    gone = chunks.select(columns, np.flatnonzero(repeated[:end]))
    lost_nans = int(chunks.is_nan(gone.code).sum())
    return Plan(series, sealed.newest, rows[:end], [], [chunk], count, len(gone.time), lost_nans)


def _plan_renewal(conn: Connection, series: int, sealed: _Sealed, rows: list[Row], where: int) -> Plan:
    """Plan to remove rows that are all sealed already. A chunk is written anew, so that other plans see that rows have gone."""
    old = sealed.ids[where]
    new = chunks.encode(chunk_points.decode(_read_points(conn, [old])[0]), int(sealed.bounds["level"][where]))
    lost_nans = int(chunks.is_nan(_to_columns(rows).code).sum())
    return Plan(series, sealed.newest, rows, [old], [new], 0, len(rows), lost_nans)


def _find_repeated(conn: Connection, sealed: _Sealed, tail: Columns) -> tuple[Array, int | None]:
    """Tell which points of a tail, in its order, are plain and sealed already, and the place of a chunk that has some of them."""
    repeated = np.zeros(len(tail.time), bool)
    plain = np.flatnonzero(tail.plain)
    where: int | None = None
    if not len(plain):
        return repeated, where
    wanted = chunks.select(tail, plain)
    places = _find_chunks_around(sealed.bounds, wanted)
    for start in range(0, len(places), DECODED_AT_ONCE):
        part = places[start : start + DECODED_AT_ONCE]
        blobs = _read_points(conn, [sealed.ids[place] for place in part])
        for place, held in zip(part, chunk_points.decode_many(blobs), strict=True):
            found = _find_equal(wanted, chunks.select(held, held.plain))
            if len(found):
                repeated[plain[found]] = True
                where = place
    return repeated, where


def _find_chunks_around(bounds: Array, points: Columns) -> list[int]:
    """Return the places of chunks whose ranges of time, step and value allow that they have one of some plain points, which are in order."""
    inside = np.searchsorted(points.time, bounds["max_time"], "right") > np.searchsorted(
        points.time, bounds["min_time"], "left"
    )
    may = inside & (bounds["plain"] > 0)
    may &= (bounds["min_step"] <= points.step.max()) & (bounds["max_step"] >= points.step.min())
    # Codes of NaNs lie outside of the least and the greatest.
    codes = (bounds["min_code"] <= points.code.max()) & (bounds["max_code"] >= points.code.min())
    may &= codes | (bounds["nans"] > 0)
    return np.flatnonzero(may).tolist()


def _find_equal(points: Columns, others: Columns) -> Array:
    """Return the places of points that are among the others; no point stands twice on either side."""
    both = chunks.join([others, points])
    mine = np.arange(len(both.time)) >= len(others.time)
    places = np.lexsort((mine, both.code, both.step, both.time))
    time, step, code = (column[places] for column in both[:3])
    equal = (time[1:] == time[:-1]) & (step[1:] == step[:-1]) & (code[1:] == code[:-1])
    found: Array = places[1:][equal] - len(others.time)
    return found
