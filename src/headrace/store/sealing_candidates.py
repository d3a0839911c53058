"""Which series may have something to seal or to merge: by runs that got points, and by a walk over all of them. Reads only."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from headrace.store.chunks import LEAST_POINTS, MAX_POINTS
from headrace.store.connection import Connection, marks
from headrace.store.transaction import Kind


class Candidate(NamedTuple):
    """A series that may have something to seal or to merge.

    Attributes:
        series: its id.
        points: points accepted.
        sealed: points in chunks.
    """

    series: int
    points: int
    sealed: int


def find_candidates(conn: Connection, runs: Sequence[int]) -> dict[int, list[Candidate]]:
    """Return by run the series of runs that have chunks, or may have a tail worth sealing; runs that have none are left out.

    The counts of context 0 cover other contexts, so that its tail may be shorter than it seems.
    """
    rows = conn.rows_in(
        "SELECT run, id, points, sealed FROM hr_series WHERE run IN ({ids}) AND attempt >= 0 "
        f"AND (sealed > 0 OR points >= {LEAST_POINTS})",
        runs,
    )
    found: dict[int, list[Candidate]] = {}
    for run, *row in rows:
        found.setdefault(run, []).append(Candidate(*row))
    return found


def find_neglected(conn: Connection, after: int, span: int) -> tuple[list[int], int | None]:
    """Walk over all series: return those that may have something to seal or to merge, of the next ids.

    Args:
        conn: where to read.
        after: the last id of the slice before, 0 at first.
        span: how many ids to look at.

    Returns:
        ids, and the last id looked at; None behind the last series.
    """
    row = conn.row("SELECT MAX(id) FROM hr_series")
    end = (row[0] or 0) if row else 0
    rows = conn.rows(
        "SELECT s.id FROM hr_series s WHERE s.id > ? AND s.id <= ? AND s.attempt >= 0 AND (s.points - s.sealed >= ? OR "
        "(s.sealed > 0 AND ((SELECT COUNT(*) FROM hr_chunk c WHERE c.series = s.id) - 1) * ? > s.sealed))",
        (after, after + span, LEAST_POINTS, MAX_POINTS // 2),
    )
    last = after + span
    return [row[0] for row in rows], last if last < end else None


def runs_of_series(conn: Connection, series: Iterable[int]) -> list[str]:
    """Return the public ids of the runs that series belong to."""
    rows = conn.rows_in(
        "SELECT r.run_id FROM hr_series s JOIN hr_run r ON r.id = s.run WHERE s.id IN ({ids})", series
    )
    return [row[0] for row in rows]


class Changes(NamedTuple):
    """What happened to metrics since a cursor.

    Attributes:
        clock: the new cursor.
        runs: ids of runs that have new points.
        complete: whether the log reaches back to the old cursor.
    """

    clock: int
    runs: list[int]
    complete: bool


def read_changes(conn: Connection, cursor: int | None) -> Changes:
    """Return which runs have new points since a cursor (a value of the change clock; None: the beginning, of which nothing is told)."""
    row = conn.row("SELECT value, (SELECT MIN(clock) FROM hr_change) FROM hr_clock WHERE id = 1")
    assert row is not None
    clock, oldest = row
    if cursor is None or clock == cursor:
        return Changes(clock, [], cursor is not None)
    runs = conn.rows(
        "SELECT DISTINCT subject FROM hr_change WHERE clock > ? AND kind = ?", (cursor, int(Kind.METRICS))
    )
    return Changes(clock, [each[0] for each in runs], oldest is not None and oldest <= cursor + 1)


def find_ended(conn: Connection, runs: Sequence[int], running: Sequence[int]) -> set[int]:
    """Return those of some runs that are in no status of `running`, or are gone."""
    rows = conn.rows_in(
        f"SELECT id FROM hr_run WHERE status IN ({marks(len(running))}) AND id IN ({{ids}})",
        runs,
        before=running,
    )
    return set(runs) - {row[0] for row in rows}
