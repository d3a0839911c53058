"""Histories as arrays: sealed chunks and tails of several series, merged; numpy's half of `points` and `series`.

Loaded through `base/plugins` by those who need it, so that a process that never reads a history loads no numpy. What is asked of a range is answered
from the bounds of chunks where they suffice: chunks outside it are never read.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from headrace.store import chunk_points, chunks
from headrace.store.chunks import Columns
from headrace.store.codes import HIGHEST, LOWEST
from headrace.store.connection import Connection, Row
from headrace.store.points import (
    Part,
    Point,
    Points,
    Range,
    Tail,
    TailRow,
    TailRows,
    find_chunks,
    slice_places,
)
from headrace.store.summaries import State, merge

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

TAIL_POINTS = 100_000
"""So many rows of a tail are read at once where all are wanted."""

_MOST = 2**63 - 1


class Head(NamedTuple):
    """What is known of chunks without reading their points; one place in each array for each.

    Args:
        ids: of `hr_chunk_data`.
        below: only points of lower steps are visible.
        bounds: of `chunks.BOUNDS`.
    """

    ids: Ints
    below: Ints
    bounds: npt.NDArray[Any]

    def select(self, which: Any) -> "Head":
        """Return some of them."""
        return Head(self.ids[which], self.below[which], self.bounds[which])


def read_heads(parts: Sequence[Part], rows: Sequence[Row]) -> Head:
    """Return what rows of `points.find_chunks` say, without the chunks of which nothing is visible."""
    below_of = {part.series: _MOST if part.below is None else part.below - 1 for part in parts}
    head = Head(
        np.array([row[1] for row in rows], np.int64),
        np.array([below_of[row[0]] for row in rows], np.int64),
        chunks.read_bounds([row[2] for row in rows]),
    )
    return head.select(head.bounds["min_step"] <= head.below)


def read_points(conn: Connection, head: Head) -> Columns:
    """Return the visible points of chunks, one chunk behind the other."""
    ids: list[int] = head.ids.tolist()
    found: dict[int, bytes] = dict(
        conn.rows_in("SELECT id, points FROM hr_chunk_data WHERE id IN ({ids})", ids)
    )
    columns = chunk_points.decode_joined([found[each] for each in ids])
    if (head.bounds["max_step"] <= head.below).all():
        return columns
    return chunks.select(columns, columns.step <= np.repeat(head.below, head.bounds["count"]))


def read_columns(
    conn: Connection, parts: Sequence[Part], steps: Range | None, times: Range | None
) -> Columns:
    """See `points.read_columns`."""
    if not parts:
        return chunks.join([])
    head = read_heads(parts, find_chunks(conn, parts))
    for given, low, high in ((steps, "min_step", "max_step"), (times, "min_time", "max_time")):
        if given is not None:
            head = head.select((head.bounds[high] >= given[0]) & (head.bounds[low] <= given[1]))
    head = head.select(np.argsort(head.bounds["min_time"], kind="stable"))
    found = [read_points(conn, head)] if len(head.ids) else []
    found += read_tail(conn, parts, steps, times)
    columns = chunks.join(found)
    if steps is not None:
        columns = _within(columns, columns.step, steps)
    if times is not None:
        columns = _within(columns, columns.time, times)
    return chunks.order(columns)


def _within(columns: Columns, column: Ints, given: Range) -> Columns:
    inside = (column >= given[0]) & (column <= given[1])
    return columns if inside.all() else chunks.select(columns, inside)


def read_tail(
    conn: Connection, parts: Sequence[Part], steps: Range | None = None, times: Range | None = None
) -> list[Columns]:
    """Return the rows of tails, those of one series behind the other; equal ones are not yet collapsed."""
    found = []
    for part in parts:
        tail = Tail(conn, [part], None, TAIL_POINTS, steps, times)
        while not tail.ended:
            rows = tail.read()
            if rows.times:
                found.append(columns_of(rows))
    return found


def columns_of(rows: TailRows) -> Columns:
    """Return rows of a tail as arrays."""
    time, step, code, n = (np.array(column, np.int64) for column in rows)
    return Columns(time, step, code, n == 0)


class ColumnsBlock:
    """A block of a history that lies in arrays."""

    __slots__ = ("_columns",)

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    @property
    def times(self) -> Ints:
        """See `points.Block`."""
        return self._columns.time

    def point(self, number: int) -> Point:
        """See `points.Block`."""
        time, step, code, _ = self._columns
        return int(time[number]), int(step[number]), int(code[number])

    def take(self, start: int, end: int) -> Points:
        """See `points.Block`."""
        return _points(chunks.select(self._columns, slice(start, end)))


def _points(columns: Columns) -> Points:
    return Points(columns.time.tolist(), columns.step.tolist(), chunks.values_of(columns.code).tolist())


class Merged:
    """A history block by block, from chunks and tails.

    What is in hand is final up to a horizon: before the earliest time of the chunks that are not read yet, and up to the last row of the tail that is.

    Args:
        conn: where to read.
        parts: from `points.parts_of`.
        rows: of `points.find_chunks`.
        after: only points behind this one.
        size: so many points, or a few more, are read at once.
    """

    def __init__(
        self,
        conn: Connection,
        parts: Sequence[Part],
        rows: Sequence[Row],
        after: TailRow | None,
        size: int,
    ) -> None:
        self._conn = conn
        self._size = size
        self._after = after[:3] if after else None
        head = read_heads(parts, rows)
        if after is not None:
            head = head.select(head.bounds["max_time"] >= after[0])
        self._head = head.select(np.argsort(head.bounds["min_time"], kind="stable"))
        self._done = 0
        self._sealed = chunks.join([])
        self._tail = Tail(conn, parts, after, size)
        self._rows = chunks.join([])
        self._last_row: Point | None = None

    def next(self) -> ColumnsBlock | None:
        """See `points.Block`."""
        stuck = False
        while True:
            self._read_more(stuck)
            ended = self._done == len(self._head.ids) and self._tail.ended
            ready = self._split_ready()
            if len(ready.time):
                return ColumnsBlock(ready)
            if ended:
                return None
            stuck = True

    def _read_more(self, stuck: bool) -> None:
        """Read on where what is in hand does not suffice: some chunks, some rows."""
        if self._done < len(self._head.ids) and (stuck or len(self._sealed.time) < self._size):
            counts = np.cumsum(self._head.bounds["count"][self._done :])
            end = self._done + min(len(counts), int(np.searchsorted(counts, self._size)) + 1)
            more = read_points(self._conn, self._head.select(slice(self._done, end)))
            if self._after is not None:
                more = chunks.select(more, ~_is_before(more, self._after))
            self._done = end
            self._sealed = chunks.order(
                chunks.join([part for part in (self._sealed, more) if len(part.time)])
            )
        if not len(self._rows.time) and not self._tail.ended:
            rows = self._tail.read()
            if rows.times:
                self._rows = columns_of(rows)
            self._last_row = None if self._tail.ended else rows.point(-1)

    def _split_ready(self) -> Columns:
        """Return what is final, and keep the rest."""
        sealed_ready = np.ones(len(self._sealed.time), np.bool_)
        rows_ready = np.ones(len(self._rows.time), np.bool_)
        if self._done < len(self._head.ids):
            horizon = self._head.bounds["min_time"][self._done]
            sealed_ready &= self._sealed.time < horizon
            rows_ready &= self._rows.time < horizon
        if self._last_row is not None:
            sealed_ready &= _is_before(self._sealed, self._last_row) | _is_equal(self._sealed, self._last_row)
        ready = [
            part
            for part in (chunks.select(self._sealed, sealed_ready), chunks.select(self._rows, rows_ready))
            if len(part.time)
        ]
        self._sealed = chunks.select(self._sealed, ~sealed_ready)
        self._rows = chunks.select(self._rows, ~rows_ready)
        return chunks.order(chunks.join(ready))


def _is_before(columns: Columns, point: Point) -> Mask:
    time, step, code, _ = columns
    same = time == point[0]
    found: Mask = time < point[0]
    found |= same & ((step < point[1]) | ((step == point[1]) & (code < point[2])))
    return found


def _is_equal(columns: Columns, point: Point) -> Mask:
    time, step, code, _ = columns
    found: Mask = (time == point[0]) & (step == point[1]) & (code == point[2])
    return found


class _Group:
    """Points whose steps overlap with those of no other group: chunks, and rows of the tail."""

    __slots__ = ("_columns", "_conn", "_head", "_loose", "_steps", "count")

    def __init__(self, conn: Connection, head: Head | None, loose: Columns, steps: Range | None) -> None:
        self._conn, self._head, self._loose, self._steps = conn, head, loose, steps
        self._columns: Columns | None = None
        bounds = head.bounds if head is not None else None
        if head is None or bounds is None:
            self.count = len(self.columns().time)
        elif (
            len(bounds) == 1
            and not len(loose.time)
            and bounds["max_step"][0] <= head.below[0]
            and (steps is None or (steps[0] <= bounds["min_step"][0] and bounds["max_step"][0] <= steps[1]))
        ):
            self.count = int(bounds["count"][0])
        else:
            self.count = len(self.columns().time)

    def columns(self) -> Columns:
        """Return its points by step, time and code."""
        if self._columns is None:
            parts = [read_points(self._conn, self._head)] if self._head is not None else []
            columns = chunks.join([part for part in (*parts, self._loose) if len(part.time)])
            if self._steps is not None:
                columns = _within(columns, columns.step, self._steps)
            columns = chunks.order(columns)
            if (columns.step[1:] < columns.step[:-1]).any():
                columns = chunks.select(columns, np.argsort(columns.step, kind="stable"))
            self._columns = columns
        return self._columns


def sample_points(
    conn: Connection, parts: Sequence[Part], rows: Sequence[Row], steps: Range | None, limit: int
) -> Points:
    """See `points.sample_points`. Only those chunks are read that hold a point of the sample, or overlap with others."""
    head = read_heads(parts, rows)
    if steps is not None:
        head = head.select((head.bounds["max_step"] >= steps[0]) & (head.bounds["min_step"] <= steps[1]))
    tail = chunks.order(chunks.join(read_tail(conn, parts, steps)))
    groups = _find_groups(conn, head, tail, steps)
    ends = np.cumsum([group.count for group in groups], dtype=np.int64)
    total = int(ends[-1]) if groups else 0
    if total <= limit:
        wanted = np.arange(total)
    else:
        size, of_longer, last = slice_places(total, limit)
        wanted = np.concatenate(
            [
                np.arange(0, of_longer, size + 1),
                np.arange(of_longer, last, size),
                [total - 1],
            ]
        )
    found = []
    cuts = np.searchsorted(wanted, np.concatenate([[0], ends]))
    for number, group in enumerate(groups):
        places = wanted[cuts[number] : cuts[number + 1]]
        if len(places):
            found.append(chunks.select(group.columns(), places - (ends[number] - group.count)))
    return _points(chunks.join(found))


def _find_groups(conn: Connection, head: Head, tail: Columns, steps: Range | None) -> list[_Group]:
    """Return the groups of chunks and rows by step."""
    tail = chunks.select(tail, np.argsort(tail.step, kind="stable"))
    head = head.select(np.argsort(head.bounds["min_step"], kind="stable"))
    low = head.bounds["min_step"].astype(np.int64)
    high = np.maximum.accumulate(head.bounds["max_step"].astype(np.int64))
    starts = np.flatnonzero(np.concatenate([[True], low[1:] > high[:-1]])) if len(low) else np.empty(0, int)
    ends = np.append(starts[1:], len(low)) if len(low) else starts
    first_rows = np.searchsorted(tail.step, low[starts]) if len(low) else starts
    last_rows = np.searchsorted(tail.step, high[ends - 1], "right") if len(low) else starts
    groups: list[_Group] = []
    done = 0
    for start, end, first, last in zip(starts, ends, first_rows, last_rows, strict=True):
        if first > done:
            groups.append(_Group(conn, None, chunks.select(tail, slice(done, first)), steps))
        by_time = slice(start, end)
        groups.append(_Group(conn, head.select(by_time), chunks.select(tail, slice(first, last)), steps))
        done = last
    if len(tail.time) > done:
        groups.append(_Group(conn, None, chunks.select(tail, slice(done, None)), steps))
    return groups


def summarise_columns(columns: Columns) -> State:
    """Return the state of a series that has just these points, one at least."""
    time, step, code, _ = columns
    latest = _end(columns, step == step.max(), -1)
    first = _end(columns, step == step.min(), 0)
    low, high, nans = int(code.min()), int(code.max()), 0
    state_low: int | None = low
    state_high: int | None = high
    if low < LOWEST or high > HIGHEST:
        numbers = code[(code >= LOWEST) & (code <= HIGHEST)]
        nans = len(code) - len(numbers)
        state_low, state_high = (int(numbers.min()), int(numbers.max())) if len(numbers) else (None, None)
    return (*latest, *first, state_low, state_high, len(time), nans)


def _end(columns: Columns, which: Mask, place: int) -> tuple[int, int, int]:
    """Return the first or the last point by time and code of some that have one step, as (code, step, time)."""
    places = np.flatnonzero(which)
    if len(places) > 1:
        places = places[np.lexsort((columns.code[places], columns.time[places]))]
    number = places[place]
    return int(columns.code[number]), int(columns.step[number]), int(columns.time[number])


def summarise_below(conn: Connection, series: int, bound: int) -> State | None:
    """Return the state of those points of a series whose steps are below a bound, None if there are none.

    Chunks that lie below it are not read. As in the summary of the whole series, points that are still there twice count twice.
    """
    part = Part(series, bound)
    head = read_heads([part], find_chunks(conn, [part]))
    whole = head.bounds["max_step"] <= head.below
    states = [_merge_bounds(head.bounds[whole])] if whole.any() else []
    cut = head.select(~whole)
    pieces = [read_points(conn, cut)] if len(cut.ids) else []
    states += [summarise_columns(piece) for piece in (*pieces, *read_tail(conn, [part])) if len(piece.time)]
    return reduce(merge, states) if states else None


def _merge_bounds(bounds: npt.NDArray[Any]) -> State:
    """Return the state of all points of some chunks."""
    last = bounds[np.lexsort((bounds["last_code"], bounds["last_time"], bounds["last_step"]))[-1]]
    first = bounds[np.lexsort((bounds["first_code"], bounds["first_time"], bounds["first_step"]))[0]]
    count, nans = int(bounds["count"].sum()), int(bounds["nans"].sum())
    numbers = (int(bounds["min_code"].min()), int(bounds["max_code"].max())) if nans < count else (None, None)
    return (
        *(int(last[name]) for name in ("last_code", "last_step", "last_time")),
        *(int(first[name]) for name in ("first_code", "first_step", "first_time")),
        *(*numbers, count, nans),
    )
