"""Which series make the lines of a chart: one line for each pair of a run and a metric, with the parts of its history.

The usual case, a run with one attempt, is answered for all lines by one statement; attempts and forks go through `headrace.store.points`.
The module knows nothing of points.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from headrace.base.json import INT64_MAX, INT64_MIN
from headrace.store.connection import Connection, Row, marks
from headrace.store.points import Part, parts_of


class ChartRun(NamedTuple):
    """A run, as charts need it.

    Args:
        id: its integer id.
        start_time: in Unix milliseconds.
    """

    id: int
    start_time: int


class ChartQuestion(Struct, frozen=True):
    """What a chart is asked for, checked.

    Args:
        drawn: runs with lines of their own.
        run_ids: those, and then the runs that are only in groups.
        keys: the metrics.
        groups: name and runs of each.
        x: what x is.
        x_key: the metric that it is, if it is one.
        within: the range of x, both ends included; None for all.
        buckets: the most.
        single: numbers are sent in single precision.
        attempt: of this attempt alone; None for what is visible.
    """

    drawn: Sequence[str]
    run_ids: Sequence[str]
    keys: Sequence[str]
    groups: Sequence[tuple[str, Sequence[str]]]
    x: Literal["step", "time", "relative", "metric"]
    x_key: str
    within: tuple[float, float] | None
    buckets: int
    single: bool
    attempt: int | None

    def integer_range(self) -> tuple[int, int] | None:
        """Return the range as integers of 64 bits."""
        if self.within is None:
            return None
        start, end = self.within
        least, most = float(INT64_MIN), float(INT64_MAX)  # the latter is one more than an integer may be
        first = INT64_MIN if start <= least else INT64_MAX if start >= most else math.ceil(start)
        last = INT64_MAX if end >= most else INT64_MIN if end <= least else math.floor(end)
        return first, last


Pair = tuple[int, int]
"""The integer ids of a run and of a metric's name."""


def find_runs(conn: Connection, run_ids: Iterable[str]) -> dict[str, ChartRun]:
    """Return those runs that exist, by their ids."""
    rows = conn.rows_in("SELECT run_id, id, start_time FROM hr_run WHERE run_id IN ({ids})", run_ids)
    return {run_id: ChartRun(number, start_time) for run_id, number, start_time in rows}


def find_parts(
    conn: Connection, pairs: Iterable[Pair], attempt: int | None = None
) -> tuple[dict[Pair, list[Part]], bytes]:
    """Return the parts of the histories of pairs that have any, and a text that changes when points have come to one of them.

    Args:
        conn: where to read.
        pairs: runs and keys.
        attempt: as in `headrace.store.points.parts_of`.
    """
    wanted = dict.fromkeys(pairs)
    runs, keys = sorted({run for run, _ in wanted}), sorted({key for _, key in wanted})
    by_pair: dict[Pair, list[Row]] = {}
    for row in _read_series(conn, runs, keys):
        by_pair.setdefault(row[:2], []).append(row)
    forked = {row[0] for row in conn.rows_in("SELECT run FROM hr_fork WHERE run IN ({ids})", runs)}
    found: dict[Pair, list[Part]] = {}
    counts: list[tuple[int, ...]] = []
    for pair in wanted:
        rows = by_pair.get(pair, [])
        if attempt is not None:
            chosen = [row for row in rows if row[4] == attempt]
        elif any(row[3] == 0 and row[5] is not None and row[4] >= 0 for row in rows):
            chosen = rows  # one attempt, and no fork: all is visible
        elif rows or pair[0] in forked:
            parts = [
                part for part in parts_of(conn, *pair) if part.below != INT64_MIN
            ]  # there is nothing below
            if parts:
                found[pair] = parts
                counts += _count_points(conn, parts)
            continue
        else:
            continue
        if chosen:
            found[pair] = [Part(row[2], None) for row in chosen]
            counts += [(row[2], row[6]) for row in chosen]
    return found, repr(counts).encode()


def _read_series(conn: Connection, runs: Sequence[int], keys: Sequence[int]) -> list[Row]:
    if not keys:
        return []
    return conn.rows_in(
        "SELECT run, key_id, id, context, attempt, scope, points FROM hr_series "
        f"WHERE key_id IN ({marks(len(keys))}) AND run IN ({{ids}})",
        runs,
        before=keys,
    )


def _count_points(conn: Connection, parts: Sequence[Part]) -> list[tuple[int, ...]]:
    rows: dict[int, int] = dict(
        conn.rows_in("SELECT id, points FROM hr_series WHERE id IN ({ids})", [part.series for part in parts])
    )
    return [(part.series, rows[part.series], -1 if part.below is None else part.below) for part in parts]
