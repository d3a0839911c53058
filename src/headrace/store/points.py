"""Reading metric points: chunks and tail of all series of a metric as one ordered history.

Which series belong to a metric of a run, and how far each is visible, is a list of parts. Points are ordered by time, step and value; points of MLflow's wire
that are equal stand once, wherever they lie; a writer's points all stand. What is sealed is read by `columns`, which is loaded when there is something sealed,
or when arrays are asked for: this module needs no numpy.

All reading happens on the connection that is given, so that chunks and tail come from one snapshot.
"""

from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import TYPE_CHECKING, NamedTuple, Protocol

from headrace.base import plugins
from headrace.base.json import INT64_MIN
from headrace.store.codes import decode_many
from headrace.store.connection import Connection, Row, marks

if TYPE_CHECKING:
    from headrace.store.chunks import Columns

Point = tuple[int, int, int]
"""Time, step and code."""

Range = tuple[int, int]
"""The first and the last, both included."""

TailRow = tuple[int, int, int, int]
"""Time, step, code and n."""

_UNION = " UNION ALL "
_JOINED = 400
"""SQLite takes 500 queries in a row."""

BLOCK_POINTS = 25_000
"""So many points of a tail are read at once."""


class Part(NamedTuple):
    """One series of a history.

    Args:
        series: its id.
        below: only points of lower steps are visible; None for all.
    """

    series: int
    below: int | None


class Place(NamedTuple):
    """A place in a history: behind a point, of which several equal ones may stand there.

    Args:
        time: of the last point given.
        step: of the last point given.
        code: of the last point given.
        given: so many points equal to it have been given.
    """

    time: int
    step: int
    code: int
    given: int


class Points(NamedTuple):
    """Points in order, as lists of the same length."""

    times: list[int]
    steps: list[int]
    values: list[float]


def least(*bounds: int | None) -> int | None:
    """Return the least of bounds of which None is no bound."""
    return min((bound for bound in bounds if bound is not None), default=None)


def find_bounds(
    first_steps: Mapping[int, int], from_steps: Mapping[int, int]
) -> tuple[dict[int, int | None], int | None]:
    """Return how far the attempts at a metric are visible: each ends where a later one begins.

    Args:
        first_steps: the lowest step of each attempt that has points of the metric.
        from_steps: where attempts went on, if they said so.

    Returns:
        for each attempt with points the step that ends it, None if nothing does; and the same for what was there before all of them.
    """
    bounds: dict[int, int | None] = {}
    bound: int | None = None
    for attempt in sorted({*first_steps, *from_steps}, reverse=True):
        if attempt in first_steps:
            bounds[attempt] = bound
        bound = least(bound, first_steps.get(attempt), from_steps.get(attempt))
    return bounds, bound


def parts_of(conn: Connection, run: int, key: int, attempt: int | None = None) -> list[Part]:
    """Return the parts of a metric's history, of all contexts.

    Args:
        conn: where to read.
        run: the run's integer id.
        key: id of the metric's name.
        attempt: all points of this attempt alone; None for what is visible of all attempts, and of the runs that the run was forked from.
    """
    parts: list[Part] = []
    below: int | None = None
    while True:
        rows = conn.rows(
            "SELECT id, context, attempt, first_step, scope FROM hr_series WHERE run = ? AND key_id = ?",
            (run, key),
        )
        if attempt is not None:
            return [Part(row[0], None) for row in rows if row[2] == attempt]
        if any(row[1] == 0 and row[4] is not None and row[2] >= 0 for row in rows):
            return _visible(parts + [Part(row[0], below) for row in rows])
        first_steps = {row[2]: row[3] for row in rows if row[1] == 0 and row[2] >= 0}
        from_steps, parent = find_lineage(conn, run)
        bounds, before = find_bounds(first_steps, from_steps)
        parts += [Part(row[0], least(below, bounds[row[2]])) for row in rows if row[2] >= 0]
        if parent is None:
            return _visible(parts)
        run, below = parent[0], least(below, before, parent[1])


def _visible(parts: list[Part]) -> list[Part]:
    """Return those parts of which anything can be seen: there are no steps below the lowest of all."""
    return [part for part in parts if part.below is None or part.below > INT64_MIN]


def find_lineage(conn: Connection, run: int) -> tuple[dict[int, int], tuple[int, int] | None]:
    """Return the steps that attempts of a run went on from, by attempt, and the run that it was forked from, with the step."""
    from_steps: dict[int, int] = {}
    parent = None
    for attempt, from_step, forked in conn.rows(
        "SELECT attempt, from_step, -1 FROM hr_attempt WHERE run = ? AND from_step IS NOT NULL "
        "UNION ALL SELECT -1, step, parent FROM hr_fork WHERE run = ?",
        (run, run),
    ):
        if attempt >= 0:
            from_steps[attempt] = from_step
        else:
            parent = (forked, from_step)
    return from_steps, parent


def read_columns(
    conn: Connection, parts: Sequence[Part], steps: Range | None = None, times: Range | None = None
) -> "Columns":
    """Return the points of a history as arrays, ordered by time, step and code.

    Args:
        conn: where to read.
        parts: from `parts_of`.
        steps: only points of these steps.
        times: only points of these times, in Unix milliseconds.
    """
    columns: Columns = plugins.load("headrace.store.columns").read_columns(conn, parts, steps, times)
    return columns


def find_chunks(conn: Connection, parts: Sequence[Part]) -> list[Row]:
    """Return (series, id, bounds) of all chunks of series."""
    return conn.rows_in(
        "SELECT series, id, bounds FROM hr_chunk WHERE series IN ({ids}) ORDER BY series, id",
        [part.series for part in parts],
    )


class _Blocks(Protocol):
    """Something that gives a history block by block."""

    def next(self) -> "Block | None":
        """Return the next points, one at least, in order; None at the end."""


class Block(Protocol):
    """Some points of a history, in order."""

    @property
    def times(self) -> Sized:
        """As many as they are."""

    def point(self, number: int) -> Point:
        """Return one of them, counted from 0."""

    def take(self, start: int, end: int) -> Points:
        """Return those from `start` up to `end`."""


class TailRows(NamedTuple):
    """Rows of tails in order, as lists of the same length. They are a `Block`."""

    times: list[int]
    steps: list[int]
    codes: list[int]
    numbers: list[int]

    def point(self, number: int) -> Point:
        """See `Block`."""
        return self.times[number], self.steps[number], self.codes[number]

    def take(self, start: int, end: int) -> Points:
        """See `Block`."""
        part = slice(start, end)
        return Points(self.times[part], self.steps[part], list(decode_many(self.codes[part])))


class Tail:
    """The rows of the tails of series, in order of time, step, code and n, block by block.

    Args:
        conn: where to read.
        parts: the series.
        after: only rows behind this one.
        size: so many rows of each series are read at once.
        steps: only rows of these steps.
        times: only rows of these times.
    """

    def __init__(
        self,
        conn: Connection,
        parts: Sequence[Part],
        after: TailRow | None = None,
        size: int = BLOCK_POINTS,
        steps: Range | None = None,
        times: Range | None = None,
    ) -> None:
        self._conn = conn
        self._size = size
        self._open = list(parts)
        self._after = after
        self._ranges = [(column, given) for column, given in (("step", steps), ("time", times)) if given]
        self.ended = not parts

    def read(self) -> TailRows:
        """Return the next rows: at least one unless `ended`, which is set with the last. Equal rows of MLflow's wire stand once."""
        found: list[TailRows] = []
        last: TailRow | None = None
        for part in self._open:
            rows = self._read_part(part)
            if len(rows.times) > self._size:
                rows = TailRows(*(column[:-1] for column in rows))
                end = (*rows.point(-1), rows.numbers[-1])
                last = end if last is None else min(last, end)
            found.append(rows)
        if last is None:
            self.ended = True
        self._after = last
        if len(found) == 1:
            return found[0]
        merged = (row for rows in found for row in zip(*rows, strict=True) if last is None or row <= last)
        return _split_rows(collapse_rows(merged))

    def _read_part(self, part: Part) -> TailRows:
        """Return the next rows of a series, one more than are wanted if there are more."""
        where, params = "series = ?", [part.series]
        if part.below is not None:
            where += " AND step < ?"
            params.append(part.below)
        for column, given in self._ranges:
            where += f" AND {column} BETWEEN ? AND ?"
            params += given
        if self._after is not None:
            where += " AND time >= ? AND (time > ? OR step > ? OR (step = ? AND (code > ? OR (code = ? AND n > ?))))"
            time, step, code, n = self._after
            params += [time, time, step, step, code, code, n]
        return TailRows(
            *self._conn.integers(
                ("time", "step", "code", "n"),
                f"SELECT time, step, code, n FROM hr_point WHERE {where} ORDER BY time, step, code, n LIMIT ?",
                [*params, self._size + 1],
            )
        )

    def next(self) -> TailRows | None:
        """See `_Blocks`."""
        while not self.ended:
            rows = self.read()
            if rows.times:
                return rows
        return None


def _split_rows(rows: Sequence[TailRow]) -> TailRows:
    return (
        TailRows(*(list(column) for column in zip(*rows, strict=True))) if rows else TailRows([], [], [], [])
    )


def collapse_rows(rows: Iterable[TailRow]) -> list[TailRow]:
    """Return rows in order; those of MLflow's wire (n is 0) that are equal stand once."""
    kept: list[TailRow] = []
    last: TailRow | None = None
    for row in sorted(rows):
        if row != last or row[3]:
            kept.append(row)
        last = row
    return kept


class History:
    """A history, read piece by piece without holding more than a piece.

    Args:
        conn: where to read.
        parts: from `parts_of`.
        place: where the piece before ended, if there was one.
        limit: so many points are wanted in all, if that is known.
    """

    def __init__(
        self,
        conn: Connection,
        parts: Sequence[Part],
        place: Place | None = None,
        limit: int | None = None,
    ) -> None:
        self.place = place
        # One more tells whether there are more.
        size = BLOCK_POINTS if limit is None else min(limit + 1 + (place.given if place else 0), BLOCK_POINTS)
        after = (place.time, place.step, place.code, -1) if place else None
        chunks = find_chunks(conn, parts) if parts else []
        self._blocks: _Blocks
        if chunks:
            self._blocks = plugins.load("headrace.store.columns").Merged(conn, parts, chunks, after, size)
        else:
            self._blocks = Tail(conn, parts, after, size)
        self._block: Block | None = None
        self._start = 0
        self._skip = place.given if place else 0

    @property
    def more(self) -> bool:
        """Whether there are points behind those that were taken."""
        return self._fill()

    def take(self, limit: int) -> Points:
        """Return the next points, `limit` of them at most, and move `place` behind them; fewer do not mean that there are no more."""
        if not self._fill():
            return Points([], [], [])
        assert self._block is not None
        start = self._start
        end = self._start = min(len(self._block.times), start + limit)
        if end > start:
            self._move(self._block, start, end)
        return self._block.take(start, end)

    def _fill(self) -> bool:
        while True:
            if self._block is None or self._start >= len(self._block.times):
                self._block, self._start = self._blocks.next(), 0
                if self._block is None:
                    return False
            while self._skip and self._start < len(self._block.times):
                if self.place is None or self._block.point(self._start) != self.place[:3]:
                    self._skip = 0
                    break
                self._start += 1
                self._skip -= 1
            if self._start < len(self._block.times):
                return True

    def _move(self, block: Block, start: int, end: int) -> None:
        last = block.point(end - 1)
        equal = 1
        while end - equal > start and block.point(end - equal - 1) == last:
            equal += 1
        if equal == end - start and self.place is not None and self.place[:3] == last:
            equal += self.place.given
        self.place = Place(*last, equal)


def read_first(conn: Connection, parts: Sequence[Part], limit: int) -> Points:
    """Return the first points of a history, `limit` at most."""
    history = History(conn, parts, limit=limit)
    found = Points([], [], [])
    while len(found.times) < limit and history.more:
        piece = history.take(limit - len(found.times))
        found.times.extend(piece.times)
        found.steps.extend(piece.steps)
        found.values.extend(piece.values)
    return found


def sample_points(conn: Connection, parts: Sequence[Part], steps: Range | None, limit: int) -> Points:
    """Return at most `limit` points by step, time and value: the first of each of `limit` even slices, and at last the last of all.

    Args:
        conn: where to read.
        parts: from `parts_of`.
        steps: only points of these steps.
        limit: at most so many.
    """
    if not parts:
        return Points([], [], [])
    chunks = find_chunks(conn, parts)
    if chunks:
        points: Points = plugins.load("headrace.store.columns").sample_points(
            conn, parts, chunks, steps, limit
        )
        return points
    rows = _sample_tail(conn, parts, steps, limit)
    return Points(
        [row[0] for row in rows], [row[1] for row in rows], list(decode_many(row[2] for row in rows))
    )


def slice_places(total: int, limit: int) -> tuple[int, int, int]:
    """Return how `total` points fall into `limit` slices: the size of a slice, how many points lie in slices of one more, where the last begins."""
    size, longer = divmod(total, limit)
    return size, longer * (size + 1), total - size


def _sample_tail(conn: Connection, parts: Sequence[Part], steps: Range | None, limit: int) -> list[Row]:
    listed, params = _list_tails(parts, steps)
    points = f"(SELECT DISTINCT time, step, code, n FROM ({listed}) listed) points"
    counted = conn.row(f"SELECT COUNT(*) FROM {points}", params)
    total = counted[0] if counted else 0
    if total <= limit:
        return conn.rows(f"SELECT time, step, code FROM {points} ORDER BY step, time, code", params)
    size, of_longer, last = slice_places(total, limit)
    return conn.rows(
        "SELECT time, step, code FROM (SELECT time, step, code, ROW_NUMBER() OVER (ORDER BY step, time, code) - 1 AS place "
        f"FROM {points}) numbered WHERE place = ? OR (place < ? AND "
        "CASE WHEN place < ? THEN place % ? ELSE (place - ?) % ? END = 0) ORDER BY step, time, code",
        [*params, total - 1, last, of_longer, size + 1, of_longer, size],
    )


def _list_tails(parts: Sequence[Part], steps: Range | None) -> tuple[str, list[int]]:
    """Return a query for the rows of tails, each part by itself: databases do not look up the sides of an OR."""
    series_below: dict[int | None, list[int]] = {}
    for part in parts:
        series_below.setdefault(part.below, []).append(part.series)
    queries, params = [], list[int]()
    for below, series in series_below.items():
        where = f"series IN ({marks(len(series))})"
        params += series
        if below is not None:
            where += " AND step < ?"
            params.append(below)
        if steps is not None:
            where += " AND step BETWEEN ? AND ?"
            params += steps
        queries.append(f"SELECT time, step, code, n FROM hr_point WHERE {where}")
    while len(queries) > _JOINED:
        queries = [
            f"SELECT time, step, code, n FROM ({_UNION.join(queries[start : start + _JOINED])}) joined"
            for start in range(0, len(queries), _JOINED)
        ]
    return _UNION.join(queries), params
