"""The time of a database server, so that all who share it mean the same moment: this machine's clock with the difference that was measured."""

import time

from headrace.base.clock import now_ms
from headrace.store.dialect import log
from headrace.store.driver import Cursor

MEASURE_EVERY_S = 30.0
SAMPLES = 3
WORTH_A_WORD_MS = 1_000


class DatabaseTime:
    """Tells a database's time.

    Args:
        query: what asks for it in Unix milliseconds; None where it is this machine's.
    """

    def __init__(self, query: str | None) -> None:
        self._query = query
        self._ahead_ms = 0
        self._due_s = 0.0

    def now(self) -> int:
        """Return the time as Unix milliseconds."""
        return now_ms() + self._ahead_ms

    def measure(self, cursor: Cursor) -> None:
        """Compare the clocks, if that has not been done lately; of several answers the quickest is the most exact."""
        if self._query is None or time.monotonic() < self._due_s:
            return
        samples = []
        for _ in range(SAMPLES):
            before = time.time_ns()
            cursor.execute(self._query)
            row = cursor.fetchone()
            after = time.time_ns()
            assert row is not None
            samples.append((after - before, int(row[0]) - (before + after) // 2_000_000))
        ahead = min(samples)[1]
        if abs(ahead - self._ahead_ms) > WORTH_A_WORD_MS:
            log.warning(
                "The database's clock is %.1f s %s this machine's; times are the database's.",
                abs(ahead) / 1000,
                "ahead of" if ahead > 0 else "behind",
            )
        self._ahead_ms = ahead
        self._due_s = time.monotonic() + MEASURE_EVERY_S
