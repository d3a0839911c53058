"""Chunks of metric points: columns of up to 4,096 points as bytes, with what a chart needs to know of them.

A chunk is three blobs: ``bounds`` (fixed width, of the whole chunk), ``blocks`` (the same essentials of each 64 points) and ``points``. Numbers are
64-bit integers throughout: times in Unix milliseconds, steps, and values as order-preserving codes (`headrace.store.codes`), so that
every bit pattern of a double survives. Differences of times and steps are taken modulo 2**64, which is exact at both ends of the range:
differences of neighbours, or from an even grid, whichever vary less.

Points are stored by columns and those by bytes: bytes that are the same in all points are stored once; each other one makes a plane that is
a zstd block of its own, so that a plane of noise does not spoil the statistics of its neighbour. For the same reason the two upper
bytes of a double change four bits first: the low eight bits of the exponent are a byte of their own. Planes of short chunks may also stand as they are (`RAW`,
see `headrace.store.segments`). Every blob begins with a format byte.
The module knows neither the database nor what a series is.
"""

import struct
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import zstandard

from headrace.base.errors import StoreError
from headrace.store.codes import HIGHEST, LOWEST

MAX_POINTS = 4096
BLOCKS = 64
BLOCK_POINTS = MAX_POINTS // BLOCKS
LEAST_POINTS = 128
FORMAT = 1

NO_MINIMUM, NO_MAXIMUM = 2**63 - 1, -(2**63)
"""What stands for the least and the greatest code where all values are NaN: neutral to `min` and `max`."""

Array = npt.NDArray[Any]
Trim = Callable[[int, int], int]
"""Tells from the bytes of the blocks and points of a full chunk, and how many points these are, how many points full chunks shall have: if fewer, it is
made again."""

BOUNDS = np.dtype(
    [
        ("format", "u1"),
        ("level", "u1"),
        ("flags", "<u2"),
        ("count", "<i4"),
        ("nans", "<i4"),
        ("plain", "<i4"),
        ("min_code", "<i8"),
        ("max_code", "<i8"),
        ("sum", "<f8"),
        ("first_step", "<i8"),
        ("first_time", "<i8"),
        ("first_code", "<i8"),
        ("last_step", "<i8"),
        ("last_time", "<i8"),
        ("last_code", "<i8"),
        ("min_step", "<i8"),
        ("max_step", "<i8"),
        ("min_time", "<i8"),
        ("max_time", "<i8"),
    ]
)
"""Of a whole chunk. `plain` counts the points of MLflow's wire, `min_code`, `max_code` and `sum` are of the numbers (`NO_MINIMUM`, `NO_MAXIMUM`,
0.0 if there are none; the sum is NaN if both infinities occur), first and last are by (step, time, code). `level` says how often its points
were rewritten because chunks overlapped. `flags` is `RAW` for planes that stand as they are, else 0; it may be 0 for short ones of earlier versions."""

BLOCK_BOUNDS = np.dtype(
    [
        ("chunk", "<i8"),
        ("count", "<i8"),
        ("nans", "<i8"),
        ("plain", "<i8"),
        ("min_code", "<i8"),
        ("max_code", "<i8"),
        ("sum", "<f8"),
        ("min_step", "<i8"),
        ("max_step", "<i8"),
        ("min_time", "<i8"),
        ("max_time", "<i8"),
    ]
)
"""Of a block: points 64 i to 64 i + 63 of its chunk. `chunk` is the place of the blob in the list that was decoded."""

BLOCK_FIELDS = (
    "nans",
    "plain",
    "min_code",
    "max_code",
    "sum",
    "min_step",
    "max_step",
    "min_time",
    "max_time",
)
BLOCK_HEAD = struct.Struct("<BxH")  # format, count of points
HEAD = struct.Struct("<BBHqqqqQBBB")
# format, flags, count; start and base of times; of steps; template of values; masks of planes of times, steps, values
PLAIN_VARIES, ALL_PLAIN, NEGATIVES, TIME_GRID, STEP_GRID, RAW = 1, 2, 4, 8, 16, 32
GRID_SHIFT = np.int64(16)
_GRID_RANGE = 2**44
FOUR, UPPER, LOWER = np.uint8(4), np.uint8(0xF0), np.uint8(0x0F)
# Long matches only: in planes of few symbols short ones abound by chance, and cost more than what they stand for.
_COMPRESSION = zstandard.ZstdCompressionParameters.from_level(
    1, min_match=7, hash_log=8, write_content_size=False, write_checksum=False
)
_KEPT = threading.local()
INDEX = np.arange(MAX_POINTS, dtype="<i8")
_STARTS = np.arange(0, MAX_POINTS, BLOCK_POINTS)
FLIP = np.int64(0x7FFF_FFFF_FFFF_FFFF)
PLANES_OF = tuple(tuple(plane for plane in range(8) if mask >> plane & 1) for mask in range(256))


class Columns(NamedTuple):
    """Points by columns, all of one length.

    Attributes:
        time: int64, Unix milliseconds.
        step: int64.
        code: int64, order-preserving codes of the values.
        plain: bool, True for a point of MLflow's wire: equal ones are one point. A writer's point never collapses.
    """

    time: Array
    step: Array
    code: Array
    plain: Array


class Chunk(NamedTuple):
    """A chunk as bytes; see the module."""

    bounds: bytes
    blocks: bytes
    points: bytes


def codes_of(values: Array) -> Array:
    """Return the codes of doubles (float64 to int64)."""
    bits = np.ascontiguousarray(values, "<f8").view("<i8")
    return np.where(bits >= 0, bits, bits ^ FLIP)


def values_of(codes: Array) -> Array:
    """Return the doubles of codes (int64 to float64), bit for bit."""
    codes = np.asarray(codes, "<i8")
    return np.where(codes >= 0, codes, codes ^ FLIP).view("<f8")


def is_nan(codes: Array) -> Array:
    """Tell which codes are those of a NaN."""
    return (codes < LOWEST) | (codes > HIGHEST)


def join(parts: Sequence[Columns]) -> Columns:
    """Return the points of all parts, one behind the other."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        nothing = np.empty(0, "<i8")
        return Columns(nothing, nothing, nothing, np.empty(0, bool))
    return Columns(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def select(columns: Columns, which: Any) -> Columns:
    """Return some of the points: `which` is a slice, a mask or an array of places."""
    return Columns(*(column[which] for column in columns))


def order(columns: Columns) -> Columns:
    """Return the points by (time, step, code), equal plain ones collapsed to one; a plain one stands before equal ones of writers."""
    if len(columns.time) < 2:  # noqa: PLR2004 - one point is in order
        return columns
    behind, equal = _compare_neighbours(columns)
    if behind.any():
        columns = select(columns, np.lexsort((~columns.plain, columns.code, columns.step, columns.time)))
        _, equal = _compare_neighbours(columns)
    equal &= columns.plain[1:] & columns.plain[:-1]
    if not equal.any():
        return columns
    return select(columns, np.concatenate(([True], ~equal)))


def _compare_neighbours(columns: Columns) -> tuple[Array, Array]:
    """Return which points stand behind their successor, and which have the same time, step and code."""
    time, step, code, plain = columns
    later, same = time[:-1] > time[1:], time[:-1] == time[1:]
    if not same.any():
        return later, same
    later |= same & (step[:-1] > step[1:])
    same &= step[:-1] == step[1:]
    later |= same & (code[:-1] > code[1:])
    same &= code[:-1] == code[1:]
    later |= same & ~plain[:-1] & plain[1:]
    return later, same


def split(columns: Columns, level: int = 0, trim: Trim | None = None) -> list[Chunk]:
    """Return ordered points as chunks: full ones, and the rest; a rest too small to stand alone shares with its neighbour.

    Args:
        columns: at least one point, as `order` returns them.
        level: how often the points were rewritten because chunks overlapped.
        trim: how many points a full chunk shall have; all 4,096 without it.
    """
    compressor, found, full = get_compressor(), [], MAX_POINTS
    start, count = 0, len(columns.time)
    while start < count:
        left = count - start
        if full < left < full + LEAST_POINTS:
            taken = left // 2
            chunk = _encode(select(columns, slice(start, start + taken)), level, compressor)
        else:
            rest = select(columns, slice(start, None))
            chunk, taken, full = _encode_full(rest, full, level, compressor, trim)
        found.append(chunk)
        start += taken
    return found


def encode_first(columns: Columns, trim: Trim | None = None) -> tuple[Chunk, int]:
    """Return a chunk of the first of ordered points, and how many it holds; arguments as for `split`."""
    chunk, count, _ = _encode_full(columns, MAX_POINTS, 0, get_compressor(), trim)
    return chunk, count


def _encode_full(
    columns: Columns, full: int, level: int, compressor: zstandard.ZstdCompressor, trim: Trim | None
) -> tuple[Chunk, int, int]:
    """Return a chunk of the first points, `full` of them if there are as many; how many it holds; how many the next one should hold."""
    count = min(full, len(columns.time))
    chunk = _encode(select(columns, slice(0, count)), level, compressor)
    if trim is None or count < full:
        return chunk, count, full
    best = trim(len(chunk.blocks) + len(chunk.points), count)
    if best < count:
        count = best
        chunk = _encode(select(columns, slice(0, count)), level, compressor)
    return chunk, count, best


def encode(columns: Columns, level: int = 0) -> Chunk:
    """Return 1 to 4,096 points, as `order` returns them, as a chunk; `level` as in `split`."""
    count = len(columns.time)
    if not 1 <= count <= MAX_POINTS:
        raise ValueError(f"A chunk holds 1 to {MAX_POINTS} points, not {count}.")
    return _encode(columns, level, get_compressor())


def read_bounds(blobs: Sequence[bytes]) -> Array:
    """Return the bounds of chunks as an array of `BOUNDS`.

    Raises:
        StoreError: the bytes are of another format.
    """
    for blob in blobs:
        if blob[:1] != b"\x01" or len(blob) != BOUNDS.itemsize:
            raise unknown_format(blob)
    return np.frombuffer(b"".join(blobs), BOUNDS) if blobs else np.empty(0, BOUNDS)


def decode_blocks(blobs: Sequence[bytes]) -> Array:
    """Return the bounds of all blocks of chunks, in order, as an array of `BLOCK_BOUNDS`.

    Raises:
        StoreError: the bytes are of another format, or damaged.
    """
    counts = []
    for blob in blobs:
        if len(blob) < BLOCK_HEAD.size or blob[0] != FORMAT:
            raise unknown_format(blob)
        counts.append(BLOCK_HEAD.unpack_from(blob)[1])
    sizes = (np.array(counts, "<i8") + BLOCK_POINTS - 1) // BLOCK_POINTS
    starts = np.cumsum(sizes) - sizes
    found = np.empty(int(sizes.sum()), BLOCK_BOUNDS)
    found["chunk"] = np.repeat(np.arange(len(blobs)), sizes)
    found["count"] = BLOCK_POINTS
    found["count"][starts + sizes - 1] = np.array(counts, "<i8") - (sizes - 1) * BLOCK_POINTS
    decompressor = zstandard.ZstdDecompressor()
    fields = len(BLOCK_FIELDS)
    for size in np.unique(sizes).tolist():
        places = np.flatnonzero(sizes == size)
        length = 8 * fields * size
        try:
            raw = [
                decompressor.decompress(blobs[place][BLOCK_HEAD.size :], max_output_size=length)
                for place in places.tolist()
            ]
        except zstandard.ZstdError as error:
            raise StoreError(f"The bounds of a chunk of metric points are damaged: {error}.") from error
        if any(len(each) != length for each in raw):
            raise StoreError("The bounds of a chunk of metric points are damaged: they are too short.")
        planes = np.frombuffer(b"".join(raw), "u1").reshape(len(raw), fields, 8, size)
        words = np.ascontiguousarray(planes.transpose(1, 0, 3, 2)).view("<i8")[..., 0]
        rows = (starts[places][:, None] + np.arange(size)).ravel()
        _set_blocks(found, rows, words)
    return found


def _set_blocks(found: Array, rows: Array, words: Array) -> None:
    """Fill in decoded fields, an array of (field, chunk, block); what was stored as differences is summed up."""
    by_name = dict(zip(BLOCK_FIELDS, words, strict=True))
    for low, high in (("min_step", "max_step"), ("min_time", "max_time")):
        by_name[low] = np.cumsum(by_name[low], axis=1)
        by_name[high] = by_name[low] + by_name[high]
    for name, values in by_name.items():
        found[name][rows] = values.ravel() if name != "sum" else values.ravel().view("<f8")


def unknown_format(blob: bytes) -> StoreError:
    """Return the error for a blob that is none of this version's."""
    what = f"of format {blob[0]} and {len(blob)} bytes" if blob else "empty"
    return StoreError(
        f"A chunk of metric points is {what}; this version of headrace reads format {FORMAT}. "
        "If a newer version has written this database, use that one."
    )


def get_compressor() -> zstandard.ZstdCompressor:
    """Return the compressor of this thread: making one costs more than using it on a small chunk."""
    held: zstandard.ZstdCompressor | None = getattr(_KEPT, "compressor", None)
    if held is None:
        held = _KEPT.compressor = zstandard.ZstdCompressor(compression_params=_COMPRESSION)
    return held


def _encode(columns: Columns, level: int, compressor: zstandard.ZstdCompressor) -> Chunk:
    time, step, code = (np.ascontiguousarray(column, "<i8") for column in columns[:3])
    columns = Columns(time, step, code, np.ascontiguousarray(columns.plain, bool))
    bounds, blocks = _measure(columns, level)
    return Chunk(bounds, _compress_blocks(blocks, len(columns.time), compressor), _pack(columns, compressor))


def _measure(columns: Columns, level: int) -> tuple[bytes, Array]:
    """Return the bounds of ordered points, and the fields of their blocks as an array of (field, block)."""
    time, step, code, plain = columns
    starts = _STARTS[: -(-len(time) // BLOCK_POINTS)]
    values = values_of(code)
    missing = is_nan(code)
    low, high = code, code
    any_missing = bool(missing.any())
    if any_missing:
        values = np.where(missing, 0.0, values)
        low, high = np.where(missing, NO_MINIMUM, code), np.where(missing, NO_MAXIMUM, code)
    blocks = np.zeros((len(BLOCK_FIELDS), len(starts)), "<i8")
    by_name = dict(zip(BLOCK_FIELDS, blocks, strict=True))
    if any_missing:
        by_name["nans"][:] = np.add.reduceat(missing, starts, dtype="<i8")
    by_name["plain"][:] = np.add.reduceat(plain, starts, dtype="<i8")
    by_name["min_code"][:] = np.minimum.reduceat(low, starts)
    by_name["max_code"][:] = np.maximum.reduceat(high, starts)
    with np.errstate(invalid="ignore", over="ignore"):
        sums = np.add.reduceat(values, starts)
        total = sums.sum()
    by_name["sum"][:] = sums.view("<i8")
    by_name["min_step"][:] = np.minimum.reduceat(step, starts)
    by_name["max_step"][:] = np.maximum.reduceat(step, starts)
    by_name["min_time"][:] = time[starts]
    by_name["max_time"][:] = time[np.minimum(starts + BLOCK_POINTS, len(time)) - 1]
    # In order of (time, step, code) the first of the least step and the last of the greatest have also the least and greatest time and code.
    first, last = int(step.argmin()), len(step) - 1 - int(step[::-1].argmax())
    record = (
        *(FORMAT, level, 0, len(time), by_name["nans"].sum(), by_name["plain"].sum()),
        *(by_name["min_code"].min(), by_name["max_code"].max(), total),
        *(step[first], time[first], code[first], step[last], time[last], code[last]),
        *(step[first], step[last], time[0], time[-1]),
    )
    return np.array([record], BOUNDS).tobytes(), blocks


def _compress_blocks(blocks: Array, count: int, compressor: zstandard.ZstdCompressor) -> bytes:
    by_name = dict(zip(BLOCK_FIELDS, blocks, strict=True))
    for low, high in (("min_step", "max_step"), ("min_time", "max_time")):
        by_name[high] -= by_name[low]
        by_name[low][1:] = np.diff(by_name[low])
    shuffled = np.ascontiguousarray(blocks.view("u1").reshape(*blocks.shape, 8).transpose(0, 2, 1))
    return BLOCK_HEAD.pack(FORMAT, count) + compressor.compress(shuffled.tobytes())


def _pack(columns: Columns, compressor: zstandard.ZstdCompressor) -> bytes:
    """Return the points blob."""
    time, step, code, plain = columns
    time_start, time_base, time_rest, time_grid = _differ(time)
    step_start, step_base, step_rest, step_grid = _differ(step)
    words = regroup(code)
    masks = [_mask(time_rest), _mask(step_rest), _mask(words ^ words[0])]
    planes = [
        column.view("u1").reshape(-1, 8)[:, plane].tobytes()
        for column, mask in zip((time_rest, step_rest, words), masks, strict=True)
        for plane in PLANES_OF[mask]
    ]
    if plain[0] and plain.all():
        flags = ALL_PLAIN
    elif plain.any():
        flags = PLAIN_VARIES
        planes.append(np.packbits(plain).tobytes())
    else:
        flags = 0
    if code.min() < 0:
        flags |= NEGATIVES
    flags |= TIME_GRID * time_grid | STEP_GRID * step_grid
    head = HEAD.pack(
        *(FORMAT, flags, len(time)),
        *(time_start, time_base, step_start, step_base, int(words[0])),
        *masks,
    )
    if not planes:
        return head
    stream = compressor.compressobj()
    parts = [head]
    for plane in planes[:-1]:
        parts += (stream.compress(plane), stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
    parts += (stream.compress(planes[-1]), stream.flush())
    return b"".join(parts)


def regroup(codes: Array) -> Array:
    """Return the bits of the doubles of codes, with the low eight bits of the exponent as the topmost byte."""
    words = np.where(codes >= 0, codes, codes ^ FLIP).view("<u8")
    octets = words.view("u1").reshape(-1, 8)
    low, top = octets[:, 6].copy(), octets[:, 7].copy()
    octets[:, 7] = (top << FOUR) | (low >> FOUR)
    octets[:, 6] = (top & UPPER) | (low & LOWER)
    return words


def _differ(column: Array) -> tuple[int, int, Array, bool]:
    """Return a column as a start, a base, what exceeds them at each point (uint64), and whether the base is the spacing of a grid.

    Without a grid, the base is the least difference of neighbours, and what exceeds it has to be summed up.
    """
    rest = np.zeros(len(column), "<u8")
    start = int(column[0])
    if len(column) == 1:
        return start, 0, rest, False
    differences = np.diff(column)
    base = differences.min()
    np.subtract(differences, base, out=rest[1:].view("<i8"))
    spread = int(rest.max())
    if spread > 1 and (grid := _find_grid(column, spread)) is not None:
        return grid
    return start, int(base), rest, False


def _find_grid(column: Array, spread: int) -> tuple[int, int, Array, bool] | None:
    """Return a column as its differences from an even grid, if those vary less than by `spread`; see `_differ`."""
    start, half = column[0], len(column) // 2
    if not half or not 0 <= int(column[-1]) - int(start) < _GRID_RANGE:
        return None
    away = column - start
    if int(away.min()) < -_GRID_RANGE or int(away.max()) >= _GRID_RANGE:
        return None
    slope = float(away[-half:].mean() - away[:half].mean()) / (len(column) - half)
    base = round(slope * 2.0 ** int(GRID_SHIFT))
    away -= (INDEX[: len(column)] * base) >> GRID_SHIFT
    least = int(away.min())
    away -= least
    if int(away.max()) >= spread:
        return None
    return int((column[:1] + least)[0]), base, away.view("<u8"), True


def _mask(words: Array) -> int:
    """Return the bytes in which any of the words is not zero, as bits."""
    used = int(np.bitwise_or.reduce(words))
    return sum(1 << plane for plane in range(8) if used >> (8 * plane) & 255)
