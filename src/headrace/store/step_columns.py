"""Steps at which metrics of many runs have their least or their greatest value, or are NaN for the first time.

No row of a series says them: they are read from the points, of sealed ones from those chunks alone whose bounds say that they may hold such a point.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from headrace.store import chunk_points, chunks
from headrace.store.chart_lines import find_parts
from headrace.store.codes import HIGHEST, LOWEST
from headrace.store.connection import Connection, Row
from headrace.store.points import Part, find_chunks
from headrace.store.run_columns import Found, Integers

MIN_STEP, MAX_STEP, NAN_STEP = "min_step", "max_step", "nan_step"
"""Parts of a metric: the first step of the least value, of the greatest, of a NaN."""
PARTS = (MIN_STEP, MAX_STEP, NAN_STEP)

_TOGETHER = 256
"""Chunks that are decoded at once."""
_MOST = 2**63 - 1
_IS_NAN = f"(p.code < {LOWEST} OR p.code > {HIGHEST})"


class _Wanted(NamedTuple):
    """A series that may hold the point.

    Args:
        run: whose metric it is.
        part: the series, and what of it is visible.
        code: of the value that is looked for; None for any NaN.
    """

    run: int
    part: Part
    code: int | None


def find_steps(conn: Connection, runs: Integers, key: int, part: str) -> Found:
    """Return the steps of runs whose metric has such a point.

    Args:
        conn: where to read.
        runs: integer ids.
        key: the id of the metric's name.
        part: one of `PARTS`.
    """
    rows = conn.rows_in(
        "SELECT run, id, attempt, points, nans, first_step, min_code, max_code FROM hr_series "
        "WHERE key_id = ? AND scope IS NOT NULL AND run IN ({ids})",
        runs.tolist(),
        before=[key],
    )
    found: dict[int, int] = {}
    codes: dict[int, int | None] = {}
    plain: list[int] = []
    cut: set[int] = set()
    for run, series, attempt, points, nans, first_step, low, high in rows:
        code = None if part == NAN_STEP else low if part == MIN_STEP else high
        if nans == 0 if part == NAN_STEP else code is None:
            continue
        if points == 1:
            found[run] = first_step
            continue
        codes[run] = code
        if attempt >= 0:
            plain.append(series)
        else:  # of several attempts, or a fork: not all of it is visible
            cut.add(run)
    parts, _ = find_parts(conn, [(run, key) for run in codes])
    wanted = [_Wanted(run, each, codes[run]) for (run, _), of_run in parts.items() for each in of_run]
    _note(found, _search_tails(conn, plain, part))
    for each in wanted:
        if each.run in cut:
            _note(found, _search_tail(conn, each))
    _note(found, _search_chunks(conn, wanted))
    return Found(np.array(list(found), np.int64), np.array(list(found.values()), np.int64))


def _note(found: dict[int, int], steps: Iterable[tuple[int, int]]) -> None:
    for run, step in steps:
        found[run] = min(step, found.get(run, step))


def _search_tails(conn: Connection, series: Sequence[int], part: str) -> Iterable[tuple[int, int]]:
    """Return the steps of runs that stand in tails, by the series that sum up the metric, in whatever context it was measured."""
    matches = _IS_NAN if part == NAN_STEP else f"p.code = s.{'min' if part == MIN_STEP else 'max'}_code"
    rows: list[Row] = conn.rows_in(
        "SELECT s.run, MIN(p.step) FROM hr_series s "
        "JOIN hr_series c ON c.run = s.run AND c.key_id = s.key_id AND c.attempt >= 0 "
        f"JOIN hr_point p ON p.series = c.id AND {matches} WHERE s.id IN ({{ids}}) GROUP BY s.run",
        series,
    )
    return ((run, step) for run, step in rows)


def _search_tail(conn: Connection, wanted: _Wanted) -> Iterable[tuple[int, int]]:
    matches, params = (_IS_NAN, []) if wanted.code is None else ("p.code = ?", [wanted.code])
    below = _MOST if wanted.part.below is None else wanted.part.below - 1
    row = conn.row(
        f"SELECT MIN(p.step) FROM hr_point p WHERE p.series = ? AND p.step <= ? AND {matches}",
        [wanted.part.series, below, *params],
    )
    return [] if row is None or row[0] is None else [(wanted.run, row[0])]


def _search_chunks(conn: Connection, wanted: Sequence[_Wanted]) -> Iterable[tuple[int, int]]:
    """Yield the steps of runs that stand in chunks."""
    # A series may be a part of several histories: of a run, and of those that were forked from it.
    by_series: dict[int, list[_Wanted]] = {}
    for each in wanted:
        by_series.setdefault(each.part.series, []).append(each)
    rows = find_chunks(conn, [each.part for each in wanted]) if wanted else []
    bounds = chunks.read_bounds([row[2] for row in rows])
    low, high, nans = (bounds[name].tolist() for name in ("min_code", "max_code", "nans"))
    hits = [
        (row[1], each)
        for row, least, most, count in zip(rows, low, high, nans, strict=True)
        for each in by_series[row[0]]
        if (count > 0 if each.code is None else least <= each.code <= most)
    ]
    for start in range(0, len(hits), _TOGETHER):
        some = hits[start : start + _TOGETHER]
        blobs: dict[int, bytes] = dict(
            conn.rows_in(
                "SELECT id, points FROM hr_chunk_data WHERE id IN ({ids})", {chunk for chunk, _ in some}
            )
        )
        decoded = {chunk: chunk_points.decode(blob) for chunk, blob in blobs.items()}
        for chunk, each in some:
            columns = decoded[chunk]
            is_it = chunks.is_nan(columns.code) if each.code is None else columns.code == each.code
            if each.part.below is not None:
                is_it &= columns.step < each.part.below
            if is_it.any():
                yield each.run, int(columns.step[is_it].min())
