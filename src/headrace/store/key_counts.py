"""Which names of metrics, params and tags the runs of some scopes have, and how many runs have each.

Counting walks an index over all that is logged, so counts are kept: those of runs that were not RUNNING when they were counted. What is RUNNING, or
new, is counted at each call; a change of any other run means counting again. The result is that of the connection's snapshot.
"""

from collections import Counter
from collections.abc import Mapping
from threading import Lock
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from headrace.api.runs import RunStatus
from headrace.store.connection import Connection, marks
from headrace.store.run_changes import RunChanges
from headrace.store.run_columns import Kind

MAX_LIVE = 500
MAX_STRANGERS = 2000
MAX_BASES = 64
_TABLES = {Kind.METRIC: "hr_series", Kind.PARAM: "hr_param", Kind.TAG: "hr_tag"}


class _Base(NamedTuple):
    """What was counted at one clock.

    Args:
        clock: the clock.
        counts: runs by key, without those in `live`.
        members: sorted integer ids of all runs of the scopes.
        live: runs that were RUNNING.
        newest: the greatest id of all runs of the store.
    """

    clock: int
    counts: dict[int, int]
    members: npt.NDArray[np.int64]
    live: frozenset[int]
    newest: int


class KeyCounts:
    """Counts by scopes and kind, kept for the next call. For many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._bases: dict[tuple[Kind, tuple[int, ...]], _Base] = {}
        self._latest: dict[tuple[Kind, tuple[int, ...]], tuple[int, Counter[int]]] = {}

    def read(self, conn: Connection, clock: int, scopes: tuple[int, ...], kind: Kind) -> Mapping[int, int]:
        """Return how many runs have each key, by the key's id; 0 for some that none has any more. Do not change it.

        Args:
            conn: where to read.
            clock: the change clock of its snapshot.
            scopes: the scopes of the runs.
            kind: params, tags or metrics.
        """
        with self._lock:
            base = self._bases.get((kind, scopes))
            latest = self._latest.get((kind, scopes))
        if latest is not None and latest[0] == clock:
            return latest[1]
        live = None if base is None else _live_runs(conn, clock, scopes, base)
        if base is None or live is None:
            base = _count(conn, clock, scopes, kind)
            live = base.live
            with self._lock:
                self._bases.pop((kind, scopes), None)
                self._bases[kind, scopes] = base
                while len(self._bases) > MAX_BASES:
                    oldest = next(iter(self._bases))
                    del self._bases[oldest]
                    self._latest.pop(oldest, None)
        counts = Counter(base.counts)
        counts.update(_count_runs(conn, scopes, kind, live))
        with self._lock:
            if (kind, scopes) in self._bases:
                self._latest[kind, scopes] = clock, counts
        return counts


def _live_runs(conn: Connection, clock: int, scopes: tuple[int, ...], base: _Base) -> frozenset[int] | None:
    """Return the runs to be counted besides what is kept; None if that is no longer right."""
    changed = conn.caches.part(RunChanges).between(conn, base.clock, clock)
    if changed is None:
        return None
    strangers = changed - base.live
    new = {run for run in strangers if run > base.newest}
    strangers -= new
    live = base.live | new
    if len(live) > MAX_LIVE or len(strangers) > MAX_STRANGERS:
        return None
    if np.isin(np.fromiter(strangers, np.int64, len(strangers)), base.members).any():
        return None
    arrived = conn.rows_in(
        f"SELECT 1 FROM hr_run WHERE scope IN ({marks(len(scopes))}) AND id IN ({{ids}})",
        strangers,
        before=scopes,
    )
    return None if arrived else live


def _count(conn: Connection, clock: int, scopes: tuple[int, ...], kind: Kind) -> _Base:
    within = marks(len(scopes))
    counts: dict[int, int] = dict(
        conn.rows(
            f"SELECT key_id, COUNT(*) FROM {_TABLES[kind]} WHERE scope IN ({within}) GROUP BY key_id", scopes
        )
    )
    runs = conn.rows(f"SELECT id, status FROM hr_run WHERE scope IN ({within})", scopes)
    members = np.sort(np.fromiter((run for run, _ in runs), np.int64, len(runs)))
    live = frozenset(run for run, status in runs if status == RunStatus.RUNNING.number)
    if len(live) > MAX_LIVE:  # too many to be counted each time
        live = frozenset()
    for key, count in _count_runs(conn, scopes, kind, live).items():
        counts[key] -= count
    newest = conn.row("SELECT MAX(id) FROM hr_run")
    return _Base(clock, counts, members, live, (newest and newest[0]) or 0)


def _count_runs(conn: Connection, scopes: tuple[int, ...], kind: Kind, runs: frozenset[int]) -> Counter[int]:
    """Return how many of certain runs have each key."""
    counts: Counter[int] = Counter()
    live = " AND e.scope IS NOT NULL" if kind is Kind.METRIC else ""
    # Through the runs: by the scopes of its own, the table would be walked whole.
    for key, count in conn.rows_in(
        f"SELECT e.key_id, COUNT(*) FROM hr_run r JOIN {_TABLES[kind]} e ON e.run = r.id{live} "
        f"WHERE r.scope IN ({marks(len(scopes))}) AND r.id IN ({{ids}}) GROUP BY e.key_id",
        sorted(runs),
        before=scopes,
    ):
        counts[key] += count
    return counts


def count_values(conn: Connection, scopes: tuple[int, ...], kind: Kind, key: int) -> list[tuple[str, int]]:
    """Return the texts that a param or a tag has, each with the number of runs that have it, in no order."""
    return conn.rows(
        f"SELECT value, COUNT(*) FROM {_TABLES[kind]} WHERE scope IN ({marks(len(scopes))}) AND key_id = ? GROUP BY value",
        [*scopes, key],
    )
