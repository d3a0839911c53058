"""From stretches of points and rows to columns: the points of each series, in the order of the log.

A stretch is what stands in a row in a segment and is a point or a row. Columns are cut out of it by calls that run in C: no loop of Python goes over points, only
over rows, and no number is ever looked at but those of series and shapes.
"""

import re
import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from headrace.spool.record import POINT, ROW, SLOT, read_row

Column = tuple[int, int, bytes, bytes, bytes]
"""Points of a series: its number, how many they are, and their times, steps and values, 8 bytes each."""

_KINDS = slice(7, None, SLOT)
_POINTS = re.compile(b"\0*")
_ROW_HEAD = slice(4, 16)
"""Shape, kind, length and count of a row: all but its CRC and what was logged."""
_SERIES = struct.Struct("<4xI24s")
_STEP, _TIME, _VALUES = 2, 3, 4
_WORD = 8


class Part(NamedTuple):
    """A piece of a stretch: points, or one row.

    Attributes:
        start: where it begins.
        end: where it ends.
        points: how many points it has.
        shape: the number of the row's shape; -1 of points.
    """

    start: int
    end: int
    points: int
    shape: int = -1


def find_stretch(data: bytes, place: int) -> list[Part]:
    """Return the parts of the stretch that begins at a place: as far as there are whole points and rows.

    Args:
        data: whole slots.
        place: where a record begins.
    """
    parts: list[Part] = []
    kinds = data[_KINDS]
    while place + SLOT <= len(data):
        kind = data[place + 7]
        if kind == POINT:
            found = _POINTS.match(kinds, place // SLOT)
            assert found is not None
            end = found.end() * SLOT
            parts.append(Part(place, end, (end - place) // SLOT))
        elif kind == ROW:
            end = _add_rows(data, place, parts)
            if end == place:
                break
        else:
            break
        place = end
    return parts


def _add_rows(data: bytes, place: int, parts: list[Part]) -> int:
    """Add the row at a place and all like it that follow, as far as they are whole; return where the last one ends."""
    shape, count, size = read_row(data, place)
    head = data[place + _ROW_HEAD.start : place + _ROW_HEAD.stop]
    while place + size <= len(data) and data[place + _ROW_HEAD.start : place + _ROW_HEAD.stop] == head:
        parts.append(Part(place, place + size, count, shape))
        place += size
    return place


def cut_columns(data: bytes, parts: Sequence[Part], shapes: Mapping[int, Sequence[int]]) -> Iterator[Column]:
    """Yield the points of a stretch by series; those of a series in the order of the log, perhaps in several pieces.

    Args:
        data: what the parts are of.
        parts: the parts.
        shapes: the numbers of the series of each shape.
    """
    by_shape = _gather(data, parts)
    if len(by_shape) > 1 and _share_series(by_shape, shapes):  # then their order counts
        for shape, same in groupby(parts, itemgetter(3)):
            yield from _cut(shape, _join(data, list(same)), shapes)
        return
    for shape, records in by_shape.items():
        yield from _cut(shape, records, shapes)


def _gather(data: bytes, parts: Sequence[Part]) -> dict[int, bytes]:
    """Return what is of one shape together."""
    by_shape: dict[int, list[Part]] = {}
    for part in parts:
        by_shape.setdefault(part.shape, []).append(part)
    return {shape: _join(data, same) for shape, same in by_shape.items()}


def _join(data: bytes, parts: Sequence[Part]) -> bytes:
    return b"".join([data[part.start : part.end] for part in parts])


def _share_series(by_shape: Mapping[int, bytes], shapes: Mapping[int, Sequence[int]]) -> bool:
    seen: set[int] = set()
    for shape, records in by_shape.items():
        numbers = set(_read_heads(records)) if shape < 0 else set(shapes[shape])
        if not seen.isdisjoint(numbers):
            return True
        seen |= numbers
    return False


def _cut(shape: int, records: bytes, shapes: Mapping[int, Sequence[int]]) -> Iterator[Column]:
    return group_points(records) if shape < 0 else _cut_rows(records, shapes[shape])


def _cut_rows(records: bytes, series: Sequence[int]) -> Iterator[Column]:
    """Yield the columns of rows of one shape."""
    words = array("Q", records)
    stride = read_row(records, 0)[2] // _WORD
    steps, times = words[_STEP::stride].tobytes(), words[_TIME::stride].tobytes()
    for place, number in enumerate(series, _VALUES):
        yield number, len(words) // stride, times, steps, words[place::stride].tobytes()


def _read_heads(data: bytes) -> "array[int]":
    """Return the numbers of the series of points."""
    heads = array("I", data)[1::8]
    if sys.byteorder == "big":
        heads.byteswap()
    return heads


def group_points(data: bytes) -> Iterator[Column]:
    """Yield points by series, in the order of the log.

    A loop that logs the same metrics at each step is seen as what it is, and its columns are cut out; all else is sorted.

    Args:
        data: points in a row.
    """
    heads = _read_heads(data)
    count = len(heads)
    try:
        period = heads.index(heads[0], 1)
    except ValueError:
        period = count
    if heads[period:] == heads[: count - period] and len(set(heads[:period])) == period:
        words = array("Q", data)
        for place, number in enumerate(heads[:period]):
            steps, times, values = (words[4 * place + word :: 4 * period] for word in (1, 2, 3))
            yield number, len(steps), times.tobytes(), steps.tobytes(), values.tobytes()
        return
    numbers, bodies = zip(*sorted(_SERIES.iter_unpack(data), key=itemgetter(0)), strict=True)
    words = array("Q", b"".join(bodies))
    start = 0
    while start < count:
        end = bisect_right(numbers, numbers[start], start)
        steps, times, values = (words[3 * start + word : 3 * end : 3] for word in (0, 1, 2))
        yield numbers[start], end - start, times.tobytes(), steps.tobytes(), values.tobytes()
        start = end
