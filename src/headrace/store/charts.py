"""Drawing charts: many lines on one grid, from the bounds of chunks wherever these tell enough.

A chunk that lies in one bucket counts by its bounds. One that crosses an edge counts by its blocks of 64 points: a block across an edge is counted, whole, in
the bucket of its middle, if it is no wider than half a bucket; so a point may be counted in the neighbouring bucket if it lies within a
quarter of a bucket of their edge. A chunk with a wider block (few points in a bucket, or points out of order) is read, and its points are counted
where they are. So no value is lost, and the work does not grow with the points but with the buckets and the chunks.

If the values of x are few enough for the grid to have a place for each, every point is counted exactly where it is. The module knows neither requests nor cursors.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headrace.base.errors import InvalidParameter
from headrace.store.buckets import (
    Cells,
    Floats,
    Grid,
    Ints,
    Ladder,
    Sums,
    Values,
    build_cells,
    build_ladder,
    fold,
    sum_points,
)
from headrace.store.chunks import values_of
from headrace.store.stretches import Found, PointsOf, Reader, Stretches

MAX_READ = 50_000_000
"""So many points may have to be read one by one for a chart."""

_FIRST_LOOK = 64
"""Chunks that are looked into to find out whether values of x are few."""


class Drawing(NamedTuple):
    """A chart.

    Args:
        grid: the grid.
        cells: the lines on it.
        ends: for each line x and value of the first and of the last point; NaN for a line without points.
    """

    grid: Grid
    cells: Cells
    ends: Floats


def draw(reader: Reader, found: Found, count: int, limit: int) -> Drawing:
    """Draw lines over steps or times.

    Args:
        reader: where `found` came from.
        found: what of the lines lies in the range.
        count: how many lines there are.
        limit: the most buckets, 2 or more.

    Raises:
        InvalidParameter: too many points would have to be read one by one.
    """
    points, stretches = found
    ends = _find_ends(reader, found, count)
    if not len(points.line) and not len(stretches.line):
        return Drawing(Values(np.zeros(0, np.int64)), build_cells(fold([]), 1), ends)
    lowest = min(int(x.min()) for x in (points.x, stretches.low) if len(x))
    highest = max(int(x.max()) for x in (points.x, stretches.high) if len(x))
    ladder = build_ladder(lowest, highest, limit)
    if ladder.exponent and _may_be_few(reader, found, limit):
        collector = _Collector(None)
        if _collect(reader, found, collector, limit):
            return Drawing(*collector.finish(), ends)
    collector = _Collector(ladder)
    _collect(reader, found, collector, limit)
    grid, cells = collector.finish()
    if not ladder.exponent:
        grid, cells = _drop_empty(ladder, cells)
    return Drawing(grid, cells, ends)


def draw_points(points: PointsOf, count: int, limit: int) -> Drawing:
    """Draw points over the finite float x that they have; see `draw`."""
    ends = _ends_of(points, count)
    if not len(points.line):
        return Drawing(Values(np.zeros(0)), build_cells(fold([]), 1), ends)
    values = np.unique(points.x)
    grid: Grid = Values(values)
    if len(values) > limit:
        grid = build_ladder(float(values[0]), float(values[-1]), limit)
    sums = sum_points(points.line * grid.size + grid.place(points.x), points.code)
    return Drawing(grid, build_cells(sums, grid.size), ends)


class _Collector:
    """Adds up what it is given, on a ladder, or by the values of x themselves."""

    def __init__(self, ladder: Ladder | None) -> None:
        self.ladder = ladder
        self._folded: list[Sums] = []
        self._by_value: list[tuple[Ints, Ints, Sums]] = []

    def fits(self, low: Ints, high: Ints, *, blocks: bool) -> NDArray[np.bool_]:
        """Tell which stretches, or blocks of them, count as a whole."""
        fitting: NDArray[np.bool_]
        if self.ladder is None:
            fitting = low == high
            return fitting
        fitting = self.ladder.place(low) == self.ladder.place(high)
        if blocks and self.ladder.exponent:
            fitting |= _spans(low, high) <= np.uint64(1 << (self.ladder.exponent - 1))
        return fitting

    def is_narrow(self, stretches: Stretches) -> NDArray[np.bool_]:
        """Tell in which stretches, if their points are even, blocks would be narrow enough."""
        narrow: NDArray[np.bool_]
        if self.ladder is None:
            narrow = stretches.bounds["count"] > 1
            return narrow
        blocks = (stretches.bounds["count"] + 63) // 64
        spans = _spans(stretches.low, stretches.high) // blocks.astype(np.uint64)
        narrow = (blocks > 1) & (spans <= np.uint64(max((1 << self.ladder.exponent) // 2, 1)))
        return narrow

    def add(self, line: Ints, low: Ints, high: Ints, bounds: NDArray[Any]) -> None:
        """Add chunks or blocks that fit."""
        middle = low + (_spans(low, high) >> np.uint64(1)).view(np.int64)
        count, nans = bounds["count"].astype(np.int64), bounds["nans"].astype(np.int64)
        self._add(
            line, middle, Sums(line, count, nans, bounds["sum"], bounds["min_code"], bounds["max_code"])
        )

    def add_points(self, points: PointsOf) -> None:
        """Add points."""
        if not len(points.line):
            return
        if self.ladder is None:
            values, place = np.unique(points.x, return_inverse=True)
            sums = sum_points(points.line * len(values) + place, points.code)
            line, place = np.divmod(sums.key, len(values))
            self._add(line, values[place], sums)
        else:
            key = points.line * self.ladder.size + self.ladder.place(points.x)
            self._folded.append(sum_points(key, points.code))

    def _add(self, line: Ints, x: Ints, sums: Sums) -> None:
        """Add sums, whatever key they have."""
        if self.ladder is None:
            self._by_value.append((line, x, sums))
        else:
            self._folded.append(fold([sums._replace(key=line * self.ladder.size + self.ladder.place(x))]))

    def count_values(self) -> int:
        """Return how many values of x there are. Only without a ladder."""
        return len(self._values())

    def _values(self) -> Ints:
        return np.unique(np.concatenate([x for _, x, _ in self._by_value]))

    def finish(self) -> tuple[Grid, Cells]:
        """Return the grid and the lines on it."""
        if self.ladder is not None:
            return self.ladder, build_cells(fold(self._folded), self.ladder.size)
        grid = Values(self._values())
        placed = [sums._replace(key=line * grid.size + grid.place(x)) for line, x, sums in self._by_value]
        return grid, build_cells(fold(placed), grid.size)


def _spans(low: Ints, high: Ints) -> NDArray[np.uint64]:
    """Return the differences, which may need 64 bits without a sign."""
    return high.view(np.uint64) - low.view(np.uint64)


def _collect(reader: Reader, found: Found, collector: _Collector, limit: int) -> bool:
    """Add everything to a collector. Without a ladder, stop and return False once there are too many values of x."""
    points, stretches = found
    collector.add_points(points)
    fitting = collector.fits(stretches.low, stretches.high, blocks=False)
    whole = stretches.pick(fitting)
    collector.add(whole.line, whole.low, whole.high, whole.bounds)
    rest = stretches.pick(~fitting)
    narrow = collector.is_narrow(rest)
    left = [rest.pick(~narrow)]
    for some, blocks, low, high in reader.read_blocks(rest.pick(narrow)):
        crossing = ~collector.fits(low, high, blocks=True)
        wide = np.zeros(len(some.line), bool)
        wide[blocks["chunk"][crossing]] = True
        used = ~wide[blocks["chunk"]]
        collector.add(some.line[blocks["chunk"][used]], low[used], high[used], blocks[used])
        left.append(some.pick(wide))
        if collector.ladder is None and collector.count_values() > limit:
            return False
    _check_readable(left)
    for some in left:
        for read in reader.decode(some):
            collector.add_points(read)
            if collector.ladder is None and collector.count_values() > limit:
                return False
    return collector.ladder is not None or collector.count_values() <= limit


def _check_readable(left: Sequence[Stretches]) -> None:
    count = sum(int(some.bounds["count"].sum()) for some in left)
    if count > MAX_READ:
        raise InvalidParameter(
            f"This chart would have to read {count} points one by one, since they are spread too far; at most {MAX_READ} are allowed. "
            "Ask for fewer runs or metrics, or for a narrower range of x."
        )


def _may_be_few(reader: Reader, found: Found, limit: int) -> bool:
    """Tell whether there may be no more values of x than a limit: no, as soon as the ends of chunks and blocks are more."""
    points, stretches = found
    known = np.concatenate((points.x[: 4 * limit], stretches.low, stretches.high))
    known = np.unique(known)
    if len(known) > limit:
        return False
    if len(points.x) > 4 * limit:
        known = np.unique(np.concatenate((points.x, known)))
    spread = np.flatnonzero(stretches.low != stretches.high)
    longest = np.argsort(-np.bincount(stretches.line[spread])[stretches.line[spread]], kind="stable")
    start, step = 0, _FIRST_LOOK
    while start < len(spread) and len(known) <= limit:
        some = stretches.pick(spread[longest[start : start + step]])
        for _, _, low, high in reader.read_blocks(some):
            known = np.unique(np.concatenate((known, low, high)))
            if len(known) > limit:
                return False
        start, step = start + step, step * 4
    return len(known) <= limit


def _drop_empty(ladder: Ladder, cells: Cells) -> tuple[Values, Cells]:
    """Return a ladder of single values as those values that occur."""
    occupied, place = np.unique(cells.place, return_inverse=True)
    return Values(occupied + np.int64(ladder.origin)), cells._replace(place=place.astype(np.int64))


def _find_ends(reader: Reader, found: Found, count: int) -> Floats:
    """Return the ends of lines. What bounds do not tell (the first by time of points out of order) is read."""
    points, stretches = found
    firsts, lasts = [_firsts_of(points, count)], [_lasts_of(points, count)]
    if len(stretches.line):
        for low, ends in ((True, firsts), (False, lasts)):
            told, unknown = _end_of_stretches(reader, stretches, count, low=low)
            ends.append(told)
            ends += [
                _firsts_of(read, count) if low else _lasts_of(read, count) for read in reader.decode(unknown)
            ]
    return _join_ends(_firsts_of(_join(firsts), count), _lasts_of(_join(lasts), count), count)


def _ends_of(points: PointsOf, count: int) -> Floats:
    return _join_ends(_firsts_of(points, count), _lasts_of(points, count), count)


def _join(parts: Sequence[PointsOf]) -> PointsOf:
    return PointsOf(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _join_ends(firsts: PointsOf, lasts: PointsOf, count: int) -> Floats:
    ends = np.full((count, 4), np.nan)
    ends[firsts.line, 0], ends[firsts.line, 1] = firsts.x, values_of(firsts.code)
    ends[lasts.line, 2], ends[lasts.line, 3] = lasts.x, values_of(lasts.code)
    return ends


def _firsts_of(points: PointsOf, count: int) -> PointsOf:
    """Return the first point of each line by (x, time, step, code)."""
    least = np.full(count, points.x.max(initial=0) if len(points.x) else 0, points.x.dtype)
    np.minimum.at(least, points.line, points.x)
    tied = points.pick(points.x == least[points.line])
    tied = tied.pick(np.lexsort((tied.code, tied.step, tied.time, tied.line)))
    return tied.pick(np.flatnonzero(np.diff(tied.line, prepend=-1)))


def _lasts_of(points: PointsOf, count: int) -> PointsOf:
    """Return the last point of each line by (x, time, step, code)."""
    most = np.full(count, points.x.min(initial=0) if len(points.x) else 0, points.x.dtype)
    np.maximum.at(most, points.line, points.x)
    tied = points.pick(points.x == most[points.line])
    tied = tied.pick(np.lexsort((tied.code, tied.step, tied.time, tied.line)))
    return tied.pick(np.flatnonzero(np.diff(tied.line, append=count)))


def _end_of_stretches(
    reader: Reader, stretches: Stretches, count: int, *, low: bool
) -> tuple[PointsOf, Stretches]:
    """Return the ends that the bounds of the outermost stretches of lines tell, and those stretches that must be read for it."""
    if low:
        outer = np.full(count, 2**63 - 1, np.int64)
        np.minimum.at(outer, stretches.line, stretches.low)
        tied = stretches.pick(stretches.low == outer[stretches.line])
        x, end = tied.low, "first"
    else:
        outer = np.full(count, -(2**63), np.int64)
        np.maximum.at(outer, stretches.line, stretches.high)
        tied = stretches.pick(stretches.high == outer[stretches.line])
        x, end = tied.high, "last"
    time, step, code = (
        np.ascontiguousarray(tied.bounds[f"{end}_{name}"]) for name in ("time", "step", "code")
    )
    # First and last in the bounds are by step; by time they are the ends as well if their time is the outermost.
    told = reader.x_of(tied.line, time, step) == x
    return PointsOf(tied.line, x, time, step, code).pick(told), tied.pick(~told)
