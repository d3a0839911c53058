"""What a chart's reader has already: a digest of each line, in a cursor that the reader sends back, so that only what is new is sent again.

Of each line the cursor holds the last bucket that was sent, and hashes of that and of all entries before it. A line whose earlier entries still have the
same hash needs but the buckets from the last one on; anything else (a late point, another attempt, points that were sealed and now
count in the neighbouring bucket) changes the hash, and the line is sent whole. Means are left out of the hash: sealing may change
the order in which a sum was added up, and no point changes a mean without changing a count.

A cursor is no secret and is trusted with nothing: a forged one misleads its sender about what it has itself. The module knows no database.
"""

import base64
import binascii
import hashlib
import struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headrace.base.errors import InvalidParameter
from headrace.store.buckets import Grid, Ints, Values

_PREFIX = "hc1."
_HEAD = struct.Struct("<8s8s8si")
"""Question, state, grid's digest, size of the grid."""
_LINE = np.dtype([("place", "<i4"), ("before", "<u8"), ("last", "<u8")])
_EXCERPT = 80

Hashes = NDArray[np.uint64]


class Seen(NamedTuple):
    """What a cursor says.

    Args:
        state: digest of the series when it was made.
        grid: digest of the grid, as far as it reached.
        size: so many places the grid had.
        lines: by line: the last place sent (-1: none), hash of what lay before it, hash of the entry there.
    """

    state: bytes
    grid: bytes
    size: int
    lines: NDArray[Any]


class News(NamedTuple):
    """What of a line is sent: its entries from `begin` to `end`, which replace everything from place `since` on.

    `known` is -1 for a line that is sent whole, 0 for one of which nothing is sent, 1 for a tail.
    """

    begin: int
    end: int
    since: int
    known: int


def digest(*parts: bytes) -> bytes:
    """Return 8 bytes that stand for others."""
    hashed = hashlib.blake2b(digest_size=8)
    for part in parts:
        hashed.update(len(part).to_bytes(8, "little"))
        hashed.update(part)
    return hashed.digest()


def grid_digest(grid: Grid, size: int) -> bytes:
    """Return the digest of a grid's first `size` places; of a ladder only its first edge and its width matter."""
    if isinstance(grid, Values):
        return digest(b"values", grid.values[:size].tobytes())
    return digest(b"ladder", repr((grid.exponent, grid.origin)).encode())


def hash_entries(*columns: NDArray[Any]) -> Hashes:
    """Return a hash of each entry, from its columns."""
    mixed = np.zeros(len(columns[0]), np.uint64)
    for number, column in enumerate(columns):
        bits = np.ascontiguousarray(column).view(np.uint64)
        mixed = (mixed ^ bits) * np.uint64(0x9E3779B97F4A7C15 + 2 * number)
        mixed ^= mixed >> np.uint64(29)
    return mixed * np.uint64(0xBF58476D1CE4E5B9)


class Lines(NamedTuple):
    """The entries of all lines, ascending by line and place, with their hashes."""

    line: Ints
    place: Ints
    hashes: Hashes


def make_cursor(question: bytes, state: bytes, grid: Grid, lines: Lines, count: int) -> str:
    """Return the cursor for an answer.

    Args:
        question: digest of what was asked.
        state: digest of the series that it was answered from.
        grid: the grid.
        lines: all entries that the reader now has.
        count: how many lines the question has; those without entries count as well.
    """
    table = np.zeros(count, _LINE)
    table["place"] = -1
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(lines.hashes, dtype=np.uint64)))
    numbers = np.arange(count)
    begins, ends = np.searchsorted(lines.line, numbers), np.searchsorted(lines.line, numbers, side="right")
    filled = ends > begins
    last = ends[filled] - 1
    table["place"][filled] = lines.place[last]
    table["before"][filled] = sums[last] - sums[begins[filled]]
    table["last"][filled] = lines.hashes[last]
    head = _HEAD.pack(question, state, grid_digest(grid, grid.size), grid.size)
    return _PREFIX + base64.urlsafe_b64encode(head + table.tobytes()).decode().rstrip("=")


def read_cursor(text: str, question: bytes, count: int) -> Seen:
    """Return what a cursor says.

    Raises:
        InvalidParameter: it is damaged, or belongs to another question.
    """
    try:
        if not text.startswith(_PREFIX):
            raise ValueError  # noqa: TRY301 - all damage has one answer
        packed = text.removeprefix(_PREFIX)
        data = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        asked, state, grid, size = _HEAD.unpack_from(data)
        lines = np.frombuffer(data, _LINE, offset=_HEAD.size)
    except (ValueError, binascii.Error, struct.error):
        shown = text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…"
        raise InvalidParameter(
            f"Invalid since {shown!r}: send back the cursor of the last answer, unchanged, or leave it out."
        ) from None
    if asked != question or len(lines) != count:
        raise InvalidParameter(
            "The cursor in since belongs to another chart: runs, keys, groups, x, range, buckets and precision must stay the same; leave it out to begin anew."
        )
    return Seen(state, grid, size, lines)


def keeps_grid(seen: Seen, grid: Grid) -> bool:
    """Tell whether a grid is the one that the reader has, but for more places at its end."""
    return seen.size <= grid.size and seen.grid == grid_digest(grid, seen.size)


def find_news(seen: Seen | None, lines: Lines, size: int, count: int) -> list[News]:
    """Return for each line what of it must be sent.

    Args:
        seen: what the reader has of the same grid; None for nothing.
        lines: all entries.
        size: how many places the grid has.
        count: how many lines there are.
    """
    numbers = np.arange(count)
    begins, ends = np.searchsorted(lines.line, numbers), np.searchsorted(lines.line, numbers, side="right")
    if seen is None:
        return [News(begin, end, 0, -1) for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]
    place = np.clip(seen.lines["place"].astype(np.int64), 0, size)
    cuts = np.searchsorted(lines.line * (size + 1) + lines.place, numbers * (size + 1) + place)
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(lines.hashes, dtype=np.uint64)))
    kept = (seen.lines["place"] >= 0) & (sums[cuts] - sums[begins] == seen.lines["before"])
    hashes = np.append(lines.hashes, np.uint64(0))
    same = kept & (cuts == ends - 1) & (hashes[np.minimum(cuts, len(hashes) - 1)] == seen.lines["last"])
    same &= np.append(lines.place, -1)[np.minimum(cuts, len(hashes) - 1)] == place
    news = []
    for begin, cut, end, since, is_kept, is_same in zip(
        begins.tolist(),
        cuts.tolist(),
        ends.tolist(),
        place.tolist(),
        kept.tolist(),
        same.tolist(),
        strict=True,
    ):
        if is_same:
            news.append(News(end, end, since, 0))
        elif is_kept:
            news.append(News(cut, end, since, 1))
        else:
            news.append(News(begin, end, 0, -1))
    return news
