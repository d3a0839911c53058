"""A writing transaction: points collected until its end, what it touched, and the change clock.

The last statement before the commit moves the one-row clock and stamps the changes with it, so that clock order is commit order and a
follower's cursor skips nothing.
"""

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy.engine.interfaces import DBAPICursor

from headrace.store.caches import Caches, SeriesKey
from headrace.store.connection import Connection
from headrace.store.dialect import Dialect

if TYPE_CHECKING:
    import numpy as np

    from headrace.store.chunks import Columns

KEPT_CHANGES = 100_000
TRIM_EVERY = 1024


class Kind(IntEnum):
    """What a change touched. The numbers are stored."""

    EXPERIMENT = 1
    RUN = 2
    METRICS = 3
    MODEL = 4
    JOB = 5
    VIEW = 6


class RunRef(NamedTuple):
    """What writing to a run needs to know of it."""

    id: int
    run_id: str
    experiment: int
    scope: int
    start_time: int
    attempt: int
    artifact_uri: str

    @property
    def deleted(self) -> bool:
        """Whether the run is in the trash."""
        return bool(self.scope & 1)


PointList = list[tuple[int, int, int]]
"""Points as (time, step, code)."""

RecordList = list[tuple[int, int, int, int]]
"""A writer's points as (time, step, code, record number)."""


class Transaction(Connection):
    """A connection that may write.

    Args:
        cursor: the driver's cursor.
        dialect: the database.
        caches: see `Connection`.
    """

    __slots__ = ("arrays", "clock", "new_keys", "new_series", "points", "records", "runs", "touched")

    def __init__(self, cursor: DBAPICursor, dialect: Dialect, caches: Caches) -> None:
        super().__init__(cursor, dialect, caches)
        self.points: dict[SeriesKey, PointList] = {}
        self.records: dict[SeriesKey, RecordList] = {}
        self.arrays: dict[SeriesKey, list[tuple[Columns, np.ndarray]]] = {}
        self.runs: dict[int, RunRef] = {}
        self.touched: set[tuple[int, int, int]] = set()
        self.new_keys: dict[str, int] = {}
        self.new_series: dict[SeriesKey, int] = {}
        self.clock = 0

    def touch(self, kind: Kind, subject: int, experiment: int) -> None:
        """Note that this transaction changed something that followers want to hear of."""
        self.touched.add((kind, subject, experiment))

    def stamp(self) -> None:
        """Move the change clock and write down what was touched. The last thing before a commit."""
        if not self.touched:
            return
        self.change("UPDATE hr_clock SET value = value + 1 WHERE id = 1")
        row = self.row("SELECT value FROM hr_clock WHERE id = 1")
        assert row is not None
        self.clock = row[0]
        self.change_many(
            "INSERT INTO hr_change (clock, kind, subject, experiment) VALUES (?, ?, ?, ?)",
            [(self.clock, kind, subject, experiment) for kind, subject, experiment in sorted(self.touched)],
        )
        if self.clock % TRIM_EVERY == 0:
            self.change("DELETE FROM hr_change WHERE clock < ?", (self.clock - KEPT_CHANGES,))

    def publish(self) -> None:
        """Hand what was learnt to the caches. Only after the commit."""
        if self.new_keys:
            self.caches.add_keys(self.new_keys)
        if self.new_series:
            self.caches.add_series(self.new_series)
