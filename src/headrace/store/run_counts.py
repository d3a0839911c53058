"""How many runs experiments have, how many of them run now, and when the latest began: for lists of experiments, and for the state of the store.

Runs that run are kept in memory and kept right through the change clock; so nothing but an index is read, however many runs there are.
"""

from threading import Lock
from typing import NamedTuple

from headrace.api.runs import RunStatus
from headrace.store.connection import Connection
from headrace.store.run_changes import RunChanges, read_clock

MANY = 20_000
"""Where more runs have changed, all that run are looked up again."""
_RUNNING = RunStatus.RUNNING.number
_NOBODY = -1


class RunCount(NamedTuple):
    """What is known of the runs of a scope.

    Args:
        runs: how many there are.
        running: how many of them run; one whose lease is over is LOST, and does not.
        last_start: when the latest began, in Unix milliseconds.
    """

    runs: int
    running: int
    last_start: int


class _Running:
    """The scopes of all runs that are RUNNING, at one clock. For many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._clock = _NOBODY
        self._scopes: dict[int, int] = {}  # never changed once it is here

    def read(self, conn: Connection, clock: int) -> dict[int, int]:
        """Return them by the integer id of the run, as the connection's snapshot has them.

        Args:
            conn: where to read.
            clock: the change clock of its snapshot.
        """
        with self._lock:
            known, scopes = self._clock, self._scopes
        changed = None if known == _NOBODY else conn.caches.part(RunChanges).between(conn, known, clock)
        if changed is None or len(changed) > MANY:
            scopes = _read_pairs(conn.rows("SELECT id, scope FROM hr_run WHERE status = ?", (_RUNNING,)))
        elif changed:
            fresh = conn.rows_in(
                "SELECT id, scope FROM hr_run WHERE status = ? AND id IN ({ids})",
                sorted(changed),
                before=(_RUNNING,),
            )
            scopes = {run: scope for run, scope in scopes.items() if run not in changed} | _read_pairs(fresh)
        with self._lock:
            if clock > self._clock:
                self._clock, self._scopes = clock, scopes
        return scopes


class _Totals:
    """How many runs each scope has, and when the latest began, at one clock. For many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._clock = _NOBODY
        self._found: dict[int, tuple[int, int]] = {}

    def read(self, conn: Connection, clock: int) -> dict[int, tuple[int, int]]:
        """Return both by scope; see `_Running.read`."""
        with self._lock:
            if self._clock == clock:
                return self._found
        rows = conn.rows("SELECT scope, COUNT(*), MAX(start_time) FROM hr_run GROUP BY scope")
        found = {scope: (count, latest) for scope, count, latest in rows}
        with self._lock:
            if clock > self._clock:
                self._clock, self._found = clock, found
        return found


def count_by_scope(conn: Connection, now: int) -> dict[int, RunCount]:
    """Return what is known of each scope that has runs.

    Args:
        conn: where to read.
        now: Unix milliseconds.
    """
    clock = read_clock(conn)
    totals = conn.caches.part(_Totals).read(conn, clock)
    running = conn.caches.part(_Running).read(conn, clock)
    lost = {row[0] for row in conn.rows("SELECT run FROM hr_lease WHERE until < ?", (now,))}
    counts = dict.fromkeys(totals, 0)
    for run, scope in running.items():
        if run not in lost:
            counts[scope] += 1
    return {scope: RunCount(runs, counts[scope], latest) for scope, (runs, latest) in totals.items()}


def _read_pairs(rows: list[tuple[int, int]]) -> dict[int, int]:
    return dict(rows)
