"""The log of changes as followers read it, and word of this process's own commits. Written by `headrace.store.transaction`."""

import threading
from collections.abc import Callable
from typing import NamedTuple

from headrace.store.connection import Connection, Row
from headrace.store.transaction import Kind

_LAST = 2**63 - 1
_NAMES = {
    Kind.RUN: "SELECT id, run_id FROM hr_run WHERE id IN ({ids})",
    Kind.MODEL: "SELECT id, model_id FROM hr_model WHERE id IN ({ids})",
    Kind.JOB: "SELECT id, job_id FROM hr_job WHERE id IN ({ids})",
    Kind.VIEW: "SELECT id, view_id FROM hr_view WHERE id IN ({ids})",
}
_KINDS = frozenset(Kind)
_COLUMNS = "clock, kind, subject, experiment"


class Place(NamedTuple):
    """A place in the log: that of an entry, or, with the clock alone, the end of a commit."""

    clock: int
    kind: int = _LAST
    subject: int = _LAST
    experiment: int = _LAST

    @property
    def is_end(self) -> bool:
        """Whether it lies behind all entries of its commit."""
        return self.kind == _LAST


class Entry(NamedTuple):
    """One thing that a commit touched.

    Args:
        place: where it stands in the log; names kind, subject and experiment.
        id: the public id; empty if the thing is there no more.
    """

    place: Place
    id: str


class Extent(NamedTuple):
    """From where to where the log reaches.

    Args:
        begin: commits after this clock are in the log.
        clock: the last commit.
    """

    begin: int
    clock: int


def read_clock(conn: Connection) -> int:
    """Return the number of the last commit that changed something."""
    row = conn.row("SELECT value FROM hr_clock WHERE id = 1")
    assert row is not None
    clock: int = row[0]
    return clock


def read_extent(conn: Connection) -> Extent:
    """Return from where to where the log reaches in this snapshot."""
    clock = read_clock(conn)
    row = conn.row("SELECT MIN(clock) FROM hr_change")
    assert row is not None
    return Extent(clock if row[0] is None else row[0] - 1, clock)


def read_entries(conn: Connection, after: Place, limit: int) -> list[Entry]:
    """Return the first entries of the log behind a place, in order.

    Args:
        conn: where to read.
        after: the place.
        limit: how many at most.
    """
    if after.is_end:
        where: str = "clock > ?"
        params: list[int] = [after.clock]
    else:
        clock, kind, subject, experiment = after
        where = "clock >= ? AND (clock > ? OR kind > ? OR (kind = ? AND (subject > ? OR (subject = ? AND experiment > ?))))"
        params = [clock, clock, kind, kind, subject, subject, experiment]
    rows = conn.rows(
        f"SELECT {_COLUMNS} FROM hr_change WHERE {where} ORDER BY {_COLUMNS} LIMIT ?", [*params, limit]
    )
    return _name(conn, rows)


def _name(conn: Connection, rows: list[Row]) -> list[Entry]:
    """Return entries with their public ids; kinds that a newer version has written are not told."""
    wanted: dict[int, set[int]] = {}
    for _, kind, subject, _ in rows:
        wanted.setdefault(Kind.RUN if kind == Kind.METRICS else kind, set()).add(subject)
    names: dict[int, dict[int, str]] = {}
    for kind, subjects in wanted.items():
        if kind == Kind.EXPERIMENT:
            names[kind] = {subject: str(subject) for subject in subjects}
        elif kind in _NAMES:
            names[kind] = dict(conn.rows_in(_NAMES[Kind(kind)], sorted(subjects)))
    names[Kind.METRICS] = names.get(Kind.RUN, {})
    return [Entry(Place(*row), names[row[1]].get(row[2], "") if row[1] in _KINDS else "") for row in rows]


class Commits:
    """Tells who wants to hear of it that this process has committed something. Costs nothing while nobody does."""

    def __init__(self) -> None:
        self._door = threading.Lock()
        self._listeners: tuple[Callable[[], None], ...] = ()

    def listen(self, listener: Callable[[], None]) -> None:
        """Have a function called after each commit, in the writer's thread; it must return at once and not raise."""
        with self._door:
            self._listeners = (*self._listeners, listener)

    def leave(self, listener: Callable[[], None]) -> None:
        """Have it called no more."""
        with self._door:
            self._listeners = tuple(each for each in self._listeners if each != listener)

    def tell(self) -> None:
        """Call the listeners; called by the writer's thread after a commit."""
        for listener in self._listeners:
            listener()
