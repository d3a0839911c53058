"""From the bytes of a chunk's points back to columns; what they look like is told in `headrace.store.chunks`."""

from collections.abc import Sequence
from functools import reduce
from itertools import groupby
from operator import or_
from typing import NamedTuple

import numpy as np
import zstandard

from headrace.base.errors import StoreError
from headrace.store.chunks import (
    ALL_PLAIN,
    FLIP,
    FORMAT,
    FOUR,
    GRID_SHIFT,
    HEAD,
    INDEX,
    LOWER,
    NEGATIVES,
    PLAIN_VARIES,
    PLANES_OF,
    RAW,
    STEP_GRID,
    TIME_GRID,
    UPPER,
    Array,
    Columns,
    select,
    unknown_format,
)

_SIMPLE = RAW | ALL_PLAIN | NEGATIVES
"""What the flags of chunks may be that are decoded together, `RAW` among them."""


_WORD, _REGROUPED = 8, 6
"""Bytes of a word, and the first of the two that `headrace.store.chunks.regroup` has changed."""


class _Head(NamedTuple):
    """The head of a points blob."""

    format: int
    flags: int
    points: int
    time_start: int
    time_base: int
    step_start: int
    step_base: int
    template: int
    time_mask: int
    step_mask: int
    value_mask: int


def decode(points: bytes) -> Columns:
    """Return the points of a chunk.

    Raises:
        StoreError: the bytes are of another format, or damaged.
    """
    return decode_joined([points])


def decode_many(blobs: Sequence[bytes]) -> list[Columns]:
    """Return the points of each of several chunks; see `decode`."""
    joined = decode_joined(blobs)
    parts, start = [], 0
    for blob in blobs:
        end = start + _count_of(blob)
        parts.append(select(joined, slice(start, end)))
        start = end
    return parts


def decode_joined(blobs: Sequence[bytes]) -> Columns:
    """Return the points of several chunks one behind the other: cheaper than `join` of `decode_many`."""
    heads = [_read_head(blob) for blob in blobs]
    total = sum(head.points for head in heads)
    time, step, code = (np.empty(total, "<i8") for _ in range(3))
    out = Columns(time, step, code, np.empty(total, bool))
    place = start = 0
    try:
        for simple, alike in groupby(heads, _is_simple):
            group = list(alike)
            held = blobs[place : place + len(group)]
            end = start + sum(head.points for head in group)
            if simple:
                _decode_simple(held, group, select(out, slice(start, end)))
            else:
                _decode_each(held, group, select(out, slice(start, end)))
            place, start = place + len(group), end
    except (zstandard.ZstdError, ValueError) as error:
        raise StoreError(f"A chunk of metric points is damaged: {error}.") from error
    return out


def _count_of(blob: bytes) -> int:
    return _read_head(blob).points


def _read_head(blob: bytes) -> _Head:
    if len(blob) < HEAD.size or blob[0] != FORMAT:
        raise unknown_format(blob)
    return _Head._make(HEAD.unpack_from(blob))


def _is_simple(head: _Head) -> bool:
    """Tell whether a chunk's planes stand as they are, of differences of neighbours, and all of its points are plain, or none."""
    return bool(head.flags & RAW) and not head.flags & ~_SIMPLE


def _decode_simple(blobs: Sequence[bytes], heads: Sequence[_Head], out: Columns) -> None:
    """Fill in the points of simple chunks, all of them together: for one short chunk the calls of numpy cost more than the points."""
    for blob, head in zip(blobs, heads, strict=True):
        _check_length(len(blob) - HEAD.size, _count_planes(head) * head.points)
    counts = np.array([head.points for head in heads])
    firsts = np.cumsum(counts) - counts
    skipped = [0] * len(heads)
    for column, kind in ((out.time, "time"), (out.step, "step")):
        masks, starts, bases = (
            [getattr(head, f"{kind}_{what}") for head in heads] for what in ("mask", "start", "base")
        )
        places = PLANES_OF[reduce(or_, masks)]
        planes = _gather(blobs, heads, masks, skipped, places, [0] * len(heads))
        growth = np.repeat(np.array(bases), counts)
        if places:
            growth += _join_planes(len(growth), places, planes)
        np.cumsum(growth, out=column)
        np.add(column, np.repeat(np.array(starts) - column[firsts], counts), out=column)
        skipped = [before + mask.bit_count() for before, mask in zip(skipped, masks, strict=True)]
    masks, templates = [head.value_mask for head in heads], [head.template for head in heads]
    values = _gather(blobs, heads, masks, skipped, PLANES_OF[255], templates)
    negatives = any(head.flags & NEGATIVES for head in heads)
    _unpack_codes(out.code, 0, PLANES_OF[255], values, negatives=negatives)
    out.plain[:] = np.repeat([bool(head.flags & ALL_PLAIN) for head in heads], counts)


def _gather(
    blobs: Sequence[bytes],
    heads: Sequence[_Head],
    masks: Sequence[int],
    skipped: Sequence[int],
    places: tuple[int, ...],
    templates: Sequence[int],
) -> Array:
    """Return planes of one column, each of all chunks one behind the other.

    Args:
        blobs: the chunks.
        heads: of each.
        masks: of each, which planes of the column it has.
        skipped: of each, how many planes stand before those.
        places: which planes are wanted.
        templates: of each, a word with the bytes of planes that it has not.
    """
    parts: list[bytes] = []
    for place in places:
        for blob, head, mask, before, template in zip(blobs, heads, masks, skipped, templates, strict=True):
            count = head.points
            if mask >> place & 1:
                begin = HEAD.size + count * (before + (mask & ((1 << place) - 1)).bit_count())
                parts.append(blob[begin : begin + count])
            else:
                parts.append(bytes((template >> 8 * place & 255,)) * count)
    return np.frombuffer(b"".join(parts), "u1").reshape(len(places), sum(head.points for head in heads))


def _count_planes(head: _Head) -> int:
    return head.time_mask.bit_count() + head.step_mask.bit_count() + head.value_mask.bit_count()


def _check_length(found: int, expected: int) -> None:
    if found != expected:
        raise ValueError(f"{found} bytes where {expected} were expected")


def _decode_each(blobs: Sequence[bytes], heads: Sequence[_Head], out: Columns) -> None:
    """Fill in the points of chunks, one after the other."""
    decompressor = zstandard.ZstdDecompressor()
    start = 0
    for blob, head in zip(blobs, heads, strict=True):
        end = start + head.points
        _decode_into(blob, head, decompressor, select(out, slice(start, end)))
        start = end


def _unpack_codes(
    out: Array, template: int, places: tuple[int, ...], planes: Array, *, negatives: bool
) -> None:
    """Fill in codes from what `regroup` has made of them."""
    words = out.view("<u8")
    if len(places) < _WORD:  # some bytes are the same in all points
        words[:] = template
    octets = words.view("u1").reshape(-1, 8)
    upper = [np.uint8(template >> 48 & 255), np.uint8(template >> 56)]
    for place, plane in zip(places, planes, strict=True):
        if place < _REGROUPED:
            octets[:, place] = plane
        else:
            upper[place - _REGROUPED] = plane
    octets[:, 6] = (upper[1] << FOUR) | (upper[0] & LOWER)
    octets[:, 7] = (upper[0] & UPPER) | (upper[1] >> FOUR)
    if negatives:
        flip = out >> np.int64(63)
        flip &= FLIP
        out ^= flip


def _decode_into(blob: bytes, head: _Head, decompressor: zstandard.ZstdDecompressor, out: Columns) -> None:
    flags, count, number = head.flags, head.points, _count_planes(head)
    length = number * count + (-(-count // 8) if flags & PLAIN_VARIES else 0)
    raw = b""
    if length:
        raw = blob[HEAD.size :]
        if not flags & RAW:
            raw = decompressor.decompress(raw, max_output_size=length)
        _check_length(len(raw), length)
    planes = np.frombuffer(raw, "u1", number * count).reshape(number, count)
    times, steps = head.time_mask.bit_count(), head.step_mask.bit_count()
    fill_time = _add_grid if flags & TIME_GRID else _sum_up
    fill_step = _add_grid if flags & STEP_GRID else _sum_up
    fill_time(out.time, head.time_start, head.time_base, PLANES_OF[head.time_mask], planes[:times])
    fill_step(
        out.step, head.step_start, head.step_base, PLANES_OF[head.step_mask], planes[times : times + steps]
    )
    values = planes[times + steps :]
    places = PLANES_OF[head.value_mask]
    _unpack_codes(out.code, head.template, places, values, negatives=bool(flags & NEGATIVES))
    if flags & PLAIN_VARIES:
        out.plain[:] = np.unpackbits(np.frombuffer(raw, "u1", -1, number * count), count=count)
    else:
        out.plain[:] = bool(flags & ALL_PLAIN)


def _sum_up(out: Array, start: int, base: int, places: tuple[int, ...], planes: Array) -> None:
    """Fill in a column that was stored as differences of neighbours."""
    count = len(out)
    if not places:
        np.multiply(INDEX[:count], base, out=out)
    else:
        np.cumsum(_join_planes(count, places, planes), dtype="<i8", out=out)
        if base:
            out += INDEX[:count] * base
    out += start


def _add_grid(out: Array, start: int, base: int, places: tuple[int, ...], planes: Array) -> None:
    """Fill in a column that was stored as differences from a grid."""
    np.multiply(INDEX[: len(out)], base, out=out)
    out >>= GRID_SHIFT
    if places:
        out += _join_planes(len(out), places, planes)
    out += start


def _join_planes(count: int, places: tuple[int, ...], planes: Array) -> Array:
    """Return the numbers that planes stand for (one plane: as it is, else int64)."""
    if places == (0,):
        only: Array = planes[0]
        return only
    rest = np.zeros(count, "<i8")
    octets = rest.view("u1").reshape(count, 8)
    for place, plane in zip(places, planes, strict=True):
        octets[:, place] = plane
    return rest
