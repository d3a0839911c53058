"""Reading what a chart needs: bounds of chunks and points of tails of many lines at once, in few statements.

A stretch is a chunk as one line sees it. What cannot be told from bounds is read from the points: chunks that are cut by the end of an attempt or of the range
asked for, and chunks of points of MLflow's wire that may repeat those of another chunk or of the tail. The module
knows no buckets.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headrace.base.errors import InvalidParameter
from headrace.store import chunk_points, chunks
from headrace.store.buckets import Ints, Numbers
from headrace.store.connection import Connection
from headrace.store.points import Part, Range
from headrace.store.questions import MAX_IN_LIST

Axis = Literal["step", "time"]

MAX_HELD = 8_000_000
"""So many points are held in memory at once, 41 bytes each."""

_DECODED_TOGETHER = 256
"""Chunks, a million points at most."""
_UNBOUNDED = 2**63 - 1


class Line(NamedTuple):
    """A line of a chart.

    Args:
        parts: of the history of a metric of a run.
        origin: taken off every time, in Unix milliseconds; 0 for times as they are.
    """

    parts: Sequence[Part]
    origin: int = 0


class Stretches(NamedTuple):
    """Chunks, as lines see them: the line, the chunk's id, its bounds, the least and the greatest x, the step that ends what is visible."""

    line: Ints
    id: Ints
    bounds: NDArray[Any]
    low: Ints
    high: Ints
    below: Ints

    def pick(self, which: Any) -> "Stretches":
        """Return some of them."""
        return Stretches(*(column[which] for column in self))


class PointsOf(NamedTuple):
    """Points of lines, ascending by line. `x` may be of another metric."""

    line: Ints
    x: Numbers
    time: Ints
    step: Ints
    code: Ints

    def pick(self, which: Any) -> "PointsOf":
        """Return some of them."""
        return PointsOf(*(column[which] for column in self))


class Found(NamedTuple):
    """All of the lines that lies in the range: points that were read, and whole chunks that were not."""

    points: PointsOf
    stretches: Stretches


class Reader:
    """Reads lines on one connection.

    Args:
        conn: where to read.
        lines: the lines, which are numbered from 0.
        axis: what x is: steps, or times less the line's origin.
        within: the range of x, both ends included; None for all.
    """

    def __init__(self, conn: Connection, lines: Sequence[Line], axis: Axis, within: Range | None) -> None:
        self._conn = conn
        self._axis = axis
        self._within = within
        self._origin = np.array([line.origin for line in lines], np.int64)
        rows = sorted(
            (part.series, number, _UNBOUNDED if part.below is None else part.below)
            for number, line in enumerate(lines)
            for part in line.parts
        )
        table = np.array(rows, np.int64).reshape(-1, 3)
        self._series, self._line, self._below = table[:, 0], table[:, 1], table[:, 2]
        parts = np.bincount(self._line, minlength=len(lines))
        self._several = parts > 1

    def read(self, *, all_points: bool = False) -> Found:
        """Return what of the lines lies in the range.

        Args:
            all_points: read every point, and leave no stretch.

        Raises:
            InvalidParameter: too many points would have to be held.
        """
        ids = np.unique(self._series).tolist()
        stretches = self._read_stretches(ids)
        tail, plain = self._read_tail(ids)
        dirty = self._find_repeated(stretches, tail, plain)
        must = dirty | (stretches.below <= stretches.bounds["max_step"])
        if self._within is not None:
            must |= (stretches.low < self._within[0]) | (stretches.high > self._within[1])
        if all_points:
            must[:] = True
        held = int(stretches.bounds["count"][must].sum()) + len(tail.line)
        if held > MAX_HELD:
            raise InvalidParameter(
                f"This chart would have to hold {held} points at once; at most {MAX_HELD} are allowed. Ask for fewer runs or metrics, or for a range of x."
            )
        repeated = self._several.copy()
        repeated[stretches.line[dirty]] = True
        parts = [(tail, plain), *self._decode(stretches.pick(must))]
        return Found(self._merge(parts, repeated), stretches.pick(~must))

    def decode(self, stretches: Stretches) -> Iterator[PointsOf]:
        """Yield the points of stretches that lie in the range and are visible, at most a million at a time."""
        for points, _ in self._decode(stretches):
            yield points

    def read_blocks(self, stretches: Stretches) -> Iterator[tuple[Stretches, NDArray[Any], Ints, Ints]]:
        """Yield some of the stretches with the bounds of their blocks and the least and greatest x of these, until all are read.

        The field ``chunk`` of a block is the place of its stretch among those that it comes with.
        """
        for start in range(0, len(stretches.id), MAX_IN_LIST):
            some = stretches.pick(slice(start, start + MAX_IN_LIST))
            ids = some.id.tolist()
            blobs: dict[int, bytes] = dict(
                self._conn.rows_in(
                    "SELECT id, blocks FROM hr_chunk_data WHERE id IN ({ids})", dict.fromkeys(ids)
                )
            )
            blocks = chunks.decode_blocks([blobs[each] for each in ids])
            low, high = self._extent(blocks, some.line[blocks["chunk"]])
            yield some, blocks, low, high

    def _extent(self, bounds: NDArray[Any], line: Ints) -> tuple[Ints, Ints]:
        """Return the least and the greatest x of chunks or blocks."""
        low, high = bounds[f"min_{self._axis}"], bounds[f"max_{self._axis}"]
        if self._axis == "time":
            return low - self._origin[line], high - self._origin[line]
        return np.ascontiguousarray(low), np.ascontiguousarray(high)

    def _join_parts(self, series: Ints) -> tuple[Ints, Ints]:
        """Return for rows of series, each repeated for every line that sees it: the places of the rows, and those of the parts."""
        begins = np.searchsorted(self._series, series)
        counts = np.searchsorted(self._series, series, side="right") - begins
        rows = np.repeat(np.arange(len(series)), counts)
        offsets = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        return rows, np.repeat(begins, counts) + offsets

    def _read_stretches(self, ids: list[int]) -> Stretches:
        found = self._conn.rows_in("SELECT series, id, bounds FROM hr_chunk WHERE series IN ({ids})", ids)
        bounds = chunks.read_bounds([row[2] for row in found])
        rows, parts = self._join_parts(np.array([row[0] for row in found], np.int64))
        bounds, line, below = bounds[rows], self._line[parts], self._below[parts]
        low, high = self._extent(bounds, line)
        stretches = Stretches(
            line, np.array([row[1] for row in found], np.int64)[rows], bounds, low, high, below
        )
        seen = (bounds["min_step"] < below) | (below == _UNBOUNDED)
        if self._within is not None:
            seen &= (high >= self._within[0]) & (low <= self._within[1])
        return stretches if seen.all() else stretches.pick(seen)

    def _read_tail(self, ids: list[int]) -> tuple[PointsOf, NDArray[np.bool_]]:
        """Return the points of the tails, and which of them are of MLflow's wire."""
        found = self._conn.rows_in(
            "SELECT series, time, step, code, n FROM hr_point WHERE series IN ({ids})", ids
        )
        table = np.fromiter(chain.from_iterable(found), np.int64, 5 * len(found)).reshape(-1, 5)
        rows, parts = self._join_parts(table[:, 0])
        table, line = table[rows], self._line[parts]
        points = PointsOf(line, self.x_of(line, *table.T[1:3]), *table.T[1:4])
        return self._cut(points, self._below[parts], table[:, 4] == 0)

    def x_of(self, line: Ints, time: Ints, step: Ints) -> Ints:
        """Return x of points of lines."""
        return step if self._axis == "step" else time - self._origin[line]

    def _cut(
        self, points: PointsOf, below: Ints, plain: NDArray[np.bool_]
    ) -> tuple[PointsOf, NDArray[np.bool_]]:
        """Return the points that are visible and lie in the range."""
        seen = points.step < below
        seen |= below == _UNBOUNDED
        if self._within is not None:
            seen &= (points.x >= self._within[0]) & (points.x <= self._within[1])
        return (points, plain) if seen.all() else (points.pick(seen), plain[seen])

    def _decode(self, stretches: Stretches) -> Iterator[tuple[PointsOf, NDArray[np.bool_]]]:
        for start in range(0, len(stretches.id), _DECODED_TOGETHER):
            some = stretches.pick(slice(start, start + _DECODED_TOGETHER))
            ids = some.id.tolist()
            blobs: dict[int, bytes] = dict(
                self._conn.rows_in(
                    "SELECT id, points FROM hr_chunk_data WHERE id IN ({ids})", dict.fromkeys(ids)
                )
            )
            columns = chunk_points.decode_joined([blobs[each] for each in ids])
            counts = some.bounds["count"]
            line = np.repeat(some.line, counts)
            points = PointsOf(line, self.x_of(line, *columns[:2]), *columns[:3])
            yield self._cut(points, np.repeat(some.below, counts), columns.plain)

    def _merge(
        self, parts: Sequence[tuple[PointsOf, NDArray[np.bool_]]], repeated: NDArray[np.bool_]
    ) -> PointsOf:
        """Return points by line; in lines that may hold points of MLflow's wire twice, equal ones once."""
        points = PointsOf(
            *(np.concatenate(columns) for columns in zip(*(each for each, _ in parts), strict=True))
        )
        plain = np.concatenate([each for _, each in parts])
        doubtful = repeated[points.line]
        if doubtful.any():
            order = np.flatnonzero(doubtful)
            line, _, time, step, code = points.pick(order)
            order = order[np.lexsort((plain[order], code, step, time, line))]
            _, _, time, step, code = picked = points.pick(order)
            same = (picked.line[1:] == picked.line[:-1]) & (time[1:] == time[:-1]) & (step[1:] == step[:-1])
            same &= (code[1:] == code[:-1]) & plain[order][1:] & plain[order][:-1]
            kept = np.ones(len(plain), bool)
            kept[order[1:][same]] = False
            points = points.pick(kept)
        if (points.line[1:] < points.line[:-1]).any():
            points = points.pick(np.argsort(points.line, kind="stable"))
        return points

    def _find_repeated(
        self, stretches: Stretches, tail: PointsOf, plain: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Tell which stretches may hold a point of MLflow's wire that another one of the line, or its tail, holds as well."""
        found = np.zeros(len(stretches.id), bool)
        candidates = np.flatnonzero(stretches.bounds["plain"] > 0)
        if not len(candidates):
            return found
        bounds, line = stretches.bounds[candidates], stretches.line[candidates]
        order = np.lexsort((bounds["max_time"], bounds["min_time"], line))
        bounds, line, candidates = bounds[order], line[order], candidates[order]
        found[candidates] = _overlap(bounds, line)
        suspects = np.flatnonzero(plain)
        begins, ends = (
            np.searchsorted(line, tail.line[suspects]),
            np.searchsorted(line, tail.line[suspects], side="right"),
        )
        latest = np.maximum.reduceat(bounds["max_time"], np.flatnonzero(np.diff(line, prepend=-1)))
        lines = np.unique(line)
        nearby = ends > begins
        place = np.minimum(np.searchsorted(lines, tail.line[suspects]), len(lines) - 1)
        nearby &= tail.time[suspects] <= latest[place]
        for suspect, begin, end in zip(
            suspects[nearby].tolist(), begins[nearby].tolist(), ends[nearby].tolist(), strict=True
        ):
            some = bounds[begin:end]
            time, step = tail.time[suspect], tail.step[suspect]
            hit = (some["min_time"] <= time) & (some["max_time"] >= time)
            hit &= (some["min_step"] <= step) & (some["max_step"] >= step)
            found[candidates[begin:end][hit]] = True
        return found


def _overlap(bounds: NDArray[Any], line: Ints) -> NDArray[np.bool_]:
    """Tell which of chunks, ordered by line and least time, overlap another one of the line in time.

    Neighbours that share but the one millisecond in which one ends and the other begins do not count if their steps are apart.
    """
    count = len(line)
    times, ranks = np.unique(np.concatenate((bounds["min_time"], bounds["max_time"])), return_inverse=True)
    low, high = (ranks.reshape(2, count) + line * len(times)).astype(np.int64)
    reached = np.maximum.accumulate(high)
    behind = np.zeros(count, bool)  # overlaps something before it
    if count > 1:
        apart = bounds["max_step"][:-1] < bounds["min_step"][1:]
        apart |= bounds["min_step"][:-1] > bounds["max_step"][1:]
        behind[1:] = (reached[:-1] > low[1:]) | ((reached[:-1] == low[1:]) & ~apart)
    # A cluster begins where nothing before reaches; all of a cluster of several may repeat each other.
    cluster = np.cumsum(~behind)
    sizes = np.bincount(cluster)
    several: NDArray[np.bool_] = sizes[cluster] > 1
    return several
