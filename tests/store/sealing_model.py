"""What lies in a series, read straight from its tables, for tests of sealing; and a model of what must lie there."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from headrace.store import chunk_points, chunks, runs, series
from headrace.store.codes import HIGHEST, LOWEST
from headrace.store.connection import Connection
from headrace.store.contexts import intern_context
from headrace.store.engine import Store
from headrace.store.keys import intern_keys
from headrace.store.transaction import RunRef, Transaction

Point = tuple[int, int, int]
"""Time, step and code."""
NONE = ("", "", "")
MODEL = ("m-1", "", "")


@dataclass
class Held:
    """What a series holds: points of the wire in the tail and in chunks, points of writers in both, and what its row says."""

    tail: set[Point] = field(default_factory=set)
    sealed: list[Point] = field(default_factory=list)
    written: Counter[Point] = field(default_factory=Counter)
    chunks: int = 0
    points_said: int = 0
    nans_said: int = 0
    sealed_said: int = 0
    in_chunks: int = 0

    @property
    def plain(self) -> set[Point]:
        """The points of the wire."""
        return self.tail | set(self.sealed)

    def check(self) -> None:
        """No point of the wire is sealed twice, and the row knows how many are sealed."""
        assert len(self.sealed) == len(set(self.sealed))
        assert self.sealed_said == self.in_chunks


def read_held(conn: Connection, number: int) -> Held:
    """Read a series."""
    held = Held()
    row = conn.row("SELECT points, nans, sealed FROM hr_series WHERE id = ?", (number,))
    assert row is not None
    held.points_said, held.nans_said, held.sealed_said = row
    for *point, n in conn.rows("SELECT time, step, code, n FROM hr_point WHERE series = ?", (number,)):
        if n:
            held.written[tuple(point)] += 1
        else:
            held.tail.add(tuple(point))
    blobs = conn.rows(
        "SELECT d.points, d.blocks, c.bounds FROM hr_chunk c JOIN hr_chunk_data d ON d.id = c.id WHERE c.series = ?",
        (number,),
    )
    for points, blocks, bounds in blobs:
        columns = chunk_points.decode(points)
        fresh = chunks.encode(columns)
        assert fresh.blocks == blocks
        assert fresh.bounds[2:] == bounds[2:]  # all but the level
        rows = list(zip(*(column.tolist() for column in columns), strict=True))
        assert rows == sorted(rows, key=lambda row: (*row[:3], not row[3]))
        held.sealed += [row[:3] for row in rows if row[3]]
        held.written.update(row[:3] for row in rows if not row[3])
        held.in_chunks += len(rows)
    held.chunks = len(blobs)
    assert held.chunks == len(conn.rows("SELECT id FROM hr_chunk WHERE series = ?", (number,)))
    return held


def count_strays(conn: Connection) -> int:
    """Return how many chunks have bytes or bounds only."""
    rows = conn.rows(
        "SELECT (SELECT COUNT(*) FROM hr_chunk WHERE id NOT IN (SELECT id FROM hr_chunk_data)) + "
        "(SELECT COUNT(*) FROM hr_chunk_data WHERE id NOT IN (SELECT id FROM hr_chunk))"
    )
    return int(rows[0][0])


@dataclass
class Logged:
    """What was logged to one series."""

    plain: set[Point] = field(default_factory=set)
    written: Counter[Point] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """How many points that is."""
        return len(self.plain) + self.written.total()

    @property
    def nans(self) -> int:
        """How many of them are NaN."""
        every = [*self.plain, *self.written.elements()]
        return sum(not LOWEST <= code <= HIGHEST for _, _, code in every)

    def check(self, held: Held) -> None:
        """Nothing is lost, nothing doubled."""
        held.check()
        assert held.plain == self.plain
        assert held.written == self.written


class World:
    """A run with one metric, logged without a context and for a model, in a store.

    Args:
        store: where.
        name: the id of the run.
    """

    def __init__(self, store: Store, name: str) -> None:
        row = (name, 7, "n", "u", 1_000, "a")
        self.store = store
        self.run_id = name
        self.run: RunRef = store.writer.call(lambda tx: runs.insert_run(tx, row))
        self.logged = {NONE: Logged(), MODEL: Logged()}
        self._records = 0

    def log(self, points: Sequence[Point], context: tuple[str, str, str] = NONE) -> None:
        """Log points as MLflow's clients do."""

        def add(tx: Transaction) -> None:
            tx.lock_runs((self.run_id,))
            series.add_points(tx, self.run, *self._place(tx, context), list(points))

        self.store.writer.call(add)
        self.logged[context].plain.update(points)

    def write(
        self, points: Sequence[Point], context: tuple[str, str, str] = NONE, *, arrays: bool = False
    ) -> None:
        """Log points as a writer does, one by one or as arrays."""
        first = self._records + 1
        self._records += len(points)
        numbers = list(range(first, first + len(points)))

        def add(tx: Transaction) -> None:
            tx.lock_runs((self.run_id,))
            if not arrays:
                series.add_points(tx, self.run, *self._place(tx, context), list(points), numbers)
                return
            columns = chunks.Columns(
                *np.array(points, "<i8").reshape(-1, 3).T.copy(), np.zeros(len(points), bool)
            )
            series.add_columns(tx, self.run, *self._place(tx, context), columns, np.array(numbers))

        self.store.writer.call(add)
        self.logged[context].written.update(points)

    def find(self, context: tuple[str, str, str] = NONE) -> int | None:
        """Return the id of a series, None if nothing was logged to it."""
        with self.store.read() as conn:
            rows = conn.rows(
                "SELECT id, context FROM hr_series WHERE run = ? AND attempt >= 0 ORDER BY context",
                (self.run.id,),
            )
        found = [row[0] for row in rows if (row[1] == 0) == (context == NONE)]
        return found[0] if found else None

    def series(self) -> list[int]:
        """Return the ids of all series that there are."""
        return [number for number in (self.find(context) for context in self.logged) if number is not None]

    def check(self) -> None:
        """Nothing is lost, nothing doubled, in either series."""
        with self.store.read() as conn:
            assert count_strays(conn) == 0
            for context, logged in self.logged.items():
                number = self.find(context)
                if number is not None:
                    logged.check(read_held(conn, number))

    def check_counts(self) -> None:
        """The rows say how many points there are; that of no context covers both."""
        both, model = self.logged.values(), self.logged[MODEL]
        with self.store.read() as conn:
            number = self.find()
            if number is not None:
                held = read_held(conn, number)
                assert held.points_said == sum(each.count for each in both)
                assert held.nans_said == sum(each.nans for each in both)
            number = self.find(MODEL)
            if number is not None:
                held = read_held(conn, number)
                assert (held.points_said, held.nans_said) == (model.count, model.nans)

    def _place(self, tx: Transaction, context: tuple[str, str, str]) -> tuple[int, int]:
        return intern_keys(tx, ["loss"])["loss"], intern_context(tx, context) if any(context) else 0


def line(times: Iterable[int], *, code: int = 5) -> list[Point]:
    """Return points at these times, the step being the time."""
    return [(time, time, code) for time in times]
