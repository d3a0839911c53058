"""How many rows conditions matched lately: a hint where to begin a search, so that a search that is sent again and again does not count each time.

It decides what a search costs, never what it finds. Bounded; emptied when full. For many threads.
"""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

KEPT_S = 30.0
"""So long a count is used, in seconds."""
MOST = 2_000
"""So many counts are kept."""


class _Count(NamedTuple):
    found: int
    most: int
    until_s: float


class Counted:
    """Counts that were made lately, by the query that was counted."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, tuple[Any, ...]], _Count] = {}

    def find(self, query: tuple[str, Sequence[Any]], most: int) -> int | None:
        """Return how many rows a query gives, more than `most` if it is more than that; None if that is not known.

        Args:
            query: its text and parameters.
            most: so far the rows are of interest.
        """
        kept = self._kept.get((query[0], tuple(query[1])))
        if kept is None or kept.until_s < time.monotonic() or (kept.found > kept.most < most):
            return None
        return kept.found

    def keep(self, query: tuple[str, Sequence[Any]], found: int, most: int) -> None:
        """Keep a count.

        Args:
            query: its text and parameters.
            found: so many rows it gives.
            most: they were counted no further than one above this.
        """
        if len(self._kept) >= MOST:
            self._kept = {}
        self._kept[query[0], tuple(query[1])] = _Count(found, most, time.monotonic() + KEPT_S)
