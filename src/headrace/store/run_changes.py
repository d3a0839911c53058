"""Which runs have changed between two moments of the change clock: read from the log once, and kept for readers of all snapshots.

A reader's snapshot may be older than what another reader has seen already; so what is asked for lies between two clocks, in either direction. The
module does not know what a change was about.
"""

from collections import deque
from threading import Lock
from typing import NamedTuple

from headrace.store.connection import Connection
from headrace.store.transaction import Kind

MAX_ENTRIES = 4096
MAX_RUNS = 500_000
MAX_GAP = 1000
"""So many commits that nobody has asked for are read, so that what is known before them stays of use."""
_FIND_RUNS = "SELECT DISTINCT subject FROM hr_change WHERE clock > ? AND clock <= ? AND kind IN (?, ?)"


class _Entry(NamedTuple):
    """What changed behind `after`, up to and with `until`."""

    after: int
    until: int
    runs: frozenset[int]


class RunChanges:
    """What the log said so far, newest last. Bounded: the oldest are forgotten first. For many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: deque[_Entry] = deque()
        self._kept = 0
        self._clock = -1  # nothing is known yet

    def between(self, conn: Connection, one: int, other: int) -> set[int] | None:
        """Return the runs that changed between two clocks, and perhaps a few more; None if that is no longer known.

        Args:
            conn: a connection whose snapshot has one of the clocks.
            one: a clock: what `read_clock` gave here or elsewhere.
            other: another, smaller or greater.
        """
        low, high = min(one, other), max(one, other)
        if low == high:
            return set()
        with self._lock:
            if high > self._clock:
                self._read(conn, low, high)
            if not self._entries or self._entries[0].after > low or self._clock < high:
                return None
            return {
                run
                for entry in self._entries
                if entry.until > low and entry.after < high
                for run in entry.runs
            }

    def _read(self, conn: Connection, low: int, high: int) -> None:
        """Go on reading the log up to `high`, which the connection's snapshot may or may not reach."""
        if low > self._clock + MAX_GAP:  # what lies between is not asked for
            self._entries.clear()
            self._kept, self._clock = 0, -1
        after = self._clock if self._clock >= 0 else low
        ask_oldest = conn.ask("SELECT MIN(clock) FROM hr_change")
        ask_rows = conn.ask(_FIND_RUNS, (after, high, int(Kind.RUN), int(Kind.METRICS)))
        if read_clock(conn) < high:
            return
        oldest = ask_oldest()[0][0] or high + 1
        rows = ask_rows()
        if oldest > after + 1:  # the log was trimmed behind what is known
            self._entries.clear()
            self._kept, self._clock, after = 0, -1, low
            if oldest > low + 1:
                return
            rows = conn.rows(_FIND_RUNS, (after, high, int(Kind.RUN), int(Kind.METRICS)))
        self._entries.append(_Entry(after, high, frozenset(row[0] for row in rows)))
        self._kept += len(rows)
        self._clock = high
        while len(self._entries) > MAX_ENTRIES or self._kept > MAX_RUNS:
            self._kept -= len(self._entries.popleft().runs)


def read_clock(conn: Connection) -> int:
    """Return the change clock of a connection's snapshot."""
    row = conn.row("SELECT value FROM hr_clock WHERE id = 1")
    assert row is not None
    return int(row[0])
