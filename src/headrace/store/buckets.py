"""The arithmetic of charts: grids of buckets, and what points and stretches of points add up to in each of them.

A grid is either a ladder of equal buckets, whose width is a power of two and whose edges are multiples of it, so that it stays as it is while its points
become more, until it must be twice as wide; or simply the list of all values of x, where these are few. Its places are numbered from 0 on.

What lies in a bucket of a line is a row of `Sums`, under the key `line * size of the grid + place`, so that one sort serves all lines at once. Values are
compared by their codes (`headrace.store.codes`), exactly; they become doubles in `Cells`. The module knows no database.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headrace.store.chunks import NO_MAXIMUM, NO_MINIMUM, is_nan, values_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Numbers = NDArray[Any]
"""Values of x: int64 steps and times, float64 values of another metric."""


class Ladder(NamedTuple):
    """Buckets `2 ** exponent` wide; the first begins at `origin` times that. `origin` is a float where x is."""

    exponent: int
    origin: float
    size: int

    @property
    def width(self) -> float:
        """The width of a bucket, in units of x."""
        return math.ldexp(1.0, self.exponent)

    @property
    def start(self) -> float:
        """Where the first bucket begins."""
        return math.ldexp(self.origin, self.exponent)

    def place(self, x: Numbers) -> Ints:
        """Return the places of values of x within the grid."""
        if x.dtype == np.int64:
            return (x >> self.exponent) - np.int64(self.origin)
        number = np.floor(np.ldexp(x, -self.exponent))
        number = np.where((number == 0) & (x < 0), -1.0, number)  # what has become too small for a double
        return (number - self.origin).astype(np.int64)


class Values(NamedTuple):
    """All values of x, ascending: each is a bucket."""

    values: Numbers

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.values)

    def place(self, x: Numbers) -> Ints:
        """Return the places of values of x, all of which the grid has."""
        return np.searchsorted(self.values, x).astype(np.int64, copy=False)


Grid = Ladder | Values


def build_ladder(low: float, high: float, limit: int) -> Ladder:
    """Return the ladder of the narrowest buckets that reach from one value of x to another.

    Args:
        low: the least x, an integer or a finite float; `high` is of the same type.
        high: the greatest x.
        limit: at most so many buckets, 2 or more (zero is an edge of every ladder).
    """
    if isinstance(low, int) and isinstance(high, int):
        exponent = max((high - low).bit_length() - limit.bit_length(), 0)
        while (high >> exponent) - (low >> exponent) >= limit:
            exponent += 1
        origin = low >> exponent
        return Ladder(exponent, origin, (high >> exponent) - origin + 1)
    span = high / 2 - low / 2
    exponent = math.frexp(span)[1] - limit.bit_length() if span else math.frexp(high - low)[1] - 1
    while _bucket(high, exponent) - _bucket(low, exponent) >= limit:
        exponent += 1
    first = _bucket(low, exponent)
    return Ladder(exponent, float(first), _bucket(high, exponent) - first + 1)


def _bucket(x: float, exponent: int) -> int:
    """Return the number of the bucket of a float, counted from zero on."""
    number = math.floor(math.ldexp(x, -exponent))
    return -1 if number == 0 and x < 0 else number


class Sums(NamedTuple):
    """What lies under each key: points, NaNs among them, sum of the numbers, least and greatest code of a number (as in the bounds of chunks)."""

    key: Ints
    points: Ints
    nans: Ints
    total: Floats
    low: Ints
    high: Ints


def _starts(key: Ints) -> NDArray[np.intp]:
    """Return where each run of equal keys begins."""
    return np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))


def sum_points(key: Ints, code: Ints) -> Sums:
    """Return what points add up to, by key."""
    if not len(key):
        return fold([])
    if (key[1:] < key[:-1]).any():
        order = np.argsort(key, kind="stable")
        key, code = key[order], code[order]
    starts = _starts(key)
    values, low, high = values_of(code), code, code
    nan = is_nan(code)
    if nan.any():
        values = np.where(nan, 0.0, values)
        low, high = np.where(nan, NO_MINIMUM, code), np.where(nan, NO_MAXIMUM, code)
        nans = np.add.reduceat(nan, starts, dtype=np.int64)
    else:
        nans = np.zeros(len(starts), np.int64)
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.add.reduceat(values, starts)
    return Sums(
        key[starts],
        np.diff(starts, append=len(key)).astype(np.int64, copy=False),
        nans,
        total,
        np.minimum.reduceat(low, starts),
        np.maximum.reduceat(high, starts),
    )


def fold(parts: Sequence[Sums]) -> Sums:
    """Return what several sums add up to: each key once, ascending."""
    parts = [part for part in parts if len(part.key)]
    if not parts:
        none = np.zeros(0, np.int64)
        return Sums(none, none, none, np.zeros(0), none, none)
    joined = parts[0]
    if len(parts) > 1:
        columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
        joined = Sums(*columns)
    key = joined.key
    if (key[1:] <= key[:-1]).any():
        order = np.argsort(key, kind="stable")
        columns = [column[order] for column in joined]
        joined = Sums(*columns)
        starts = _starts(joined.key)
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.add.reduceat(joined.total, starts)
        joined = Sums(
            joined.key[starts],
            np.add.reduceat(joined.points, starts),
            np.add.reduceat(joined.nans, starts),
            total,
            np.minimum.reduceat(joined.low, starts),
            np.maximum.reduceat(joined.high, starts),
        )
    return joined


class Cells(NamedTuple):
    """Lines on a grid, by line and place: one entry for each place where a line has points."""

    line: Ints
    place: Ints
    points: Ints
    nans: Ints
    mean: Floats
    low: Floats
    high: Floats


def build_cells(sums: Sums, size: int) -> Cells:
    """Return folded sums as doubles.

    The mean lies between the least and the greatest number, whatever rounding made of the sum; where the sum of finite numbers is beyond a double, it is the
    middle of these two. The mean of both infinities is NaN.
    """
    line, place = np.divmod(sums.key, size)
    numbers = sums.points - sums.nans
    none = numbers == 0
    low = np.where(none, np.nan, values_of(np.where(none, 0, sums.low)))
    high = np.where(none, np.nan, values_of(np.where(none, 0, sums.high)))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.clip(sums.total / numbers, low, high)
        beyond = ~np.isfinite(sums.total) & np.isfinite(low) & np.isfinite(high)
        mean = np.where(beyond, low / 2 + high / 2, mean)
        # Where there are infinities, a sum of the others that went beyond a double would hide them.
        mean = np.where(np.isinf(low) | np.isinf(high), low / 2 + high / 2, mean)
    return Cells(line, place, sums.points, sums.nans, mean, low, high)


class GroupCells(NamedTuple):
    """Groups on a grid, by group and place: runs with numbers there; mean and standard deviation of their means; least and greatest number of all."""

    line: Ints
    place: Ints
    runs: Ints
    mean: Floats
    low: Floats
    high: Floats
    std: Floats


def average(cells: Cells, groups: Sequence[Sequence[int]], size: int) -> GroupCells:
    """Return the averages of groups of lines.

    Args:
        cells: the lines.
        groups: the lines of each group.
        size: how many places the grid has.
    """
    picked, names = _pick(cells, groups)
    usable = cells.points[picked] > cells.nans[picked]
    picked, names = picked[usable], names[usable]
    if not len(picked):
        none, nothing = np.zeros(0, np.int64), np.zeros(0)
        return GroupCells(none, none, none, nothing, nothing, nothing, nothing)
    key = names * size + cells.place[picked]
    order = np.argsort(key, kind="stable")
    key, picked = key[order], picked[order]
    starts = _starts(key)
    runs = np.diff(starts, append=len(key))
    means = cells.mean[picked]
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.add.reduceat(means, starts) / runs
        beyond = np.isinf(mean)
        if beyond.any():
            mean = np.where(beyond, np.add.reduceat(means / np.repeat(runs, runs), starts), mean)
        mean = np.clip(mean, np.minimum.reduceat(means, starts), np.maximum.reduceat(means, starts))
        off = means - np.repeat(mean, runs)
        std = np.sqrt(np.add.reduceat(off * off, starts) / runs)
    line, place = np.divmod(key[starts], size)
    low = np.minimum.reduceat(cells.low[picked], starts)
    high = np.maximum.reduceat(cells.high[picked], starts)
    return GroupCells(line, place, runs.astype(np.int64, copy=False), mean, low, high, std)


def _pick(cells: Cells, groups: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Return which entries belong to groups, and to which; an entry may belong to several."""
    picked, names = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for number, lines in enumerate(groups):
        begins = np.searchsorted(cells.line, lines)
        ends = np.searchsorted(cells.line, lines, side="right")
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            picked.append(np.arange(begin, end))
            names.append(np.full(end - begin, number))
    return np.concatenate(picked), np.concatenate(names)
