"""A writer's points that come as arrays, many series at once: which of them are sealed, as chunks and summaries, and which become rows of the tail.

For a short series the calls of numpy and of the compressor cost more than the points. So all short ones of a transaction, segments of the same arrays, are measured
and taken apart together, and their planes stand in the chunk as they are: they are merged soon, and compressed then. Segments that need
more care (points out of order, NaNs) and long ones are made one by one. The module writes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from headrace.store import chunks
from headrace.store.caches import SeriesKey
from headrace.store.chunks import BLOCK_FIELDS, BLOCK_POINTS, BOUNDS, FORMAT, LEAST_POINTS, Chunk, Columns
from headrace.store.columns import summarise_columns
from headrace.store.page_fill import fit_pages
from headrace.store.summaries import State
from headrace.store.transaction import PointList, RecordList

LEAST_SEALED = 64
"""From so many points of a series on that come at once they are sealed, if other series share the work; fewer become rows of the tail."""

MOST_SHARED = 1024
"""Up to so many points of a series are made into a chunk together with other series: a fifth of the work with 20 of them. A chunk that is not
compressed stays no longer than until it is merged, so it is far from full."""

LEAST_SHARED = 4
"""From so many short series on that is cheaper than chunks by themselves, or rows."""

MOST_OF_FEW = 256
"""Where series are fewer, up to so many points of each are short."""

Array = npt.NDArray[Any]
Numbers = npt.NDArray[np.int64]

_MOST = 2**63 - 1


class Sealed(NamedTuple):
    """The points of a series as chunks.

    Attributes:
        state: of a series that has just these points.
        points: how many they are.
        chunks: one at least.
    """

    state: State
    points: int
    chunks: list[Chunk]


class Taken(NamedTuple):
    """Points by what is to become of them."""

    sealed: dict[SeriesKey, Sealed]
    rows: dict[SeriesKey, RecordList]


def take_arrays(arrays: Mapping[SeriesKey, Sequence[tuple[Columns, Numbers]]]) -> Taken:
    """Seal a writer's points that come as arrays, where they are enough.

    Args:
        arrays: of each series pieces in any order, none of them empty or plain, with the record numbers of their points.
    """
    taken = Taken({}, {})
    short: dict[SeriesKey, Columns] = {}
    for series, parts in arrays.items():
        columns = chunks.join([part for part, _ in parts])
        count = len(columns.time)
        if count < LEAST_SEALED:
            taken.rows[series] = _to_rows(columns, parts)
        elif count <= MOST_SHARED:
            short[series] = columns
        else:
            taken.sealed[series] = seal(columns)
    if len(short) < LEAST_SHARED:
        for series in [each for each, columns in short.items() if len(columns.time) < LEAST_POINTS]:
            taken.rows[series] = _to_rows(short.pop(series), arrays[series])
        made: list[Sealed | None] = [None] * len(short)
    else:
        made = _seal_together(list(short.values()))
    for (series, columns), sealed in zip(short.items(), made, strict=True):
        taken.sealed[series] = sealed or seal(columns)
    return taken


def take_plain(points: Mapping[SeriesKey, PointList]) -> dict[SeriesKey, Sealed]:
    """Seal points of MLflow's wire. Short series that are not in order, have a point twice or a NaN are left out.

    Args:
        points: of each series, one at least.
    """
    most = MOST_SHARED if len(points) >= LEAST_SHARED else MOST_OF_FEW
    sealed = {series: seal(_to_plain([each])) for series, each in points.items() if len(each) > most}
    short = {series: each for series, each in points.items() if series not in sealed}
    if short:
        counts = np.array([len(each) for each in short.values()])
        whole = _to_plain(short.values())
        regular = _find_regular(whole, counts, twice=False)
        if not regular.all():
            whole = chunks.select(whole, np.flatnonzero(np.repeat(regular, counts)))
            counts = counts[regular]
        made = iter(_pack_all(whole, counts, plain=True) if len(counts) else [])
        sealed |= {series: next(made) for series, good in zip(short, regular.tolist(), strict=True) if good}
    return sealed


def _to_plain(parts: Collection[PointList]) -> Columns:
    """Return points of MLflow's wire as columns."""
    total = sum(map(len, parts))
    numbers = chain.from_iterable(chain.from_iterable(parts))
    time, step, code = np.fromiter(numbers, "<i8", 3 * total).reshape(-1, 3).T.copy()
    return Columns(time, step, code, np.ones(total, bool))


def seal(columns: Columns) -> Sealed:
    """Seal points of one series, in any order, one at least."""
    ordered = chunks.order(columns)
    return Sealed(summarise_columns(ordered), len(ordered.time), chunks.split(ordered, trim=fit_pages))


def _to_rows(columns: Columns, parts: Sequence[tuple[Columns, Numbers]]) -> RecordList:
    """Return the points of all pieces, which `columns` holds, with their record numbers."""
    time, step, code, _ = columns
    n = np.concatenate([numbers for _, numbers in parts])
    return list(zip(time.tolist(), step.tolist(), code.tolist(), n.tolist(), strict=True))


def _seal_together(parts: Sequence[Columns]) -> list[Sealed | None]:
    """Seal series of few points each, but two at least; return None for those that need more care."""
    whole = chunks.join(parts)
    counts = np.array([len(part.time) for part in parts])
    regular = _find_regular(whole, counts)
    if not regular.all():
        whole = chunks.select(whole, np.repeat(regular, counts))
        counts = counts[regular]
    made = iter(_pack_all(whole, counts) if len(counts) else [])
    return [next(made) if each else None for each in regular.tolist()]


def _find_regular(whole: Columns, counts: Numbers, *, twice: bool = True) -> Array:
    """Return which segments are in order, also by step, and have no NaN.

    Args:
        whole: the points of all segments.
        counts: how many each has.
        twice: whether equal points may stand in one.
    """
    time, step, code, _ = whole
    firsts = np.cumsum(counts) - counts
    odd = chunks.is_nan(code)
    behind = (time[1:] < time[:-1]) | (step[1:] < step[:-1])
    same = (time[1:] == time[:-1]) & (step[1:] == step[:-1])
    if same.any():
        behind |= same & ((code[1:] < code[:-1]) if twice else (code[1:] <= code[:-1]))
    behind[firsts[1:] - 1] = False  # of another series
    odd[1:] |= behind
    return ~np.logical_or.reduceat(odd, firsts)


def _pack_all(whole: Columns, counts: Numbers, *, plain: bool = False) -> list[Sealed]:
    """Return regular segments as chunks, with their states; all points are plain, or none."""
    time, step, code, _ = whole
    firsts = np.cumsum(counts) - counts
    sizes = -(-counts // BLOCK_POINTS)
    ends = np.cumsum(sizes)
    blocks = _measure_blocks(whole, firsts, sizes, plain=plain)
    bounds = _measure(whole, firsts, counts, blocks, ends - sizes)
    flags = np.where(bounds["min_code"] < 0, chunks.RAW | chunks.NEGATIVES, chunks.RAW)
    if plain:
        bounds["plain"] = counts
        flags |= chunks.ALL_PLAIN
    names = ("last_code", "last_step", "last_time", "first_code", "first_step", "first_time")
    held = [bounds[name].tolist() for name in (*names, "min_code", "max_code", "count", "nans")]
    raw_bounds, width = bounds.tobytes(), BOUNDS.itemsize
    made = zip(
        zip(*held, strict=True),
        (raw_bounds[start : start + width] for start in range(0, len(raw_bounds), width)),
        _pack_blocks(blocks, counts, ends - sizes, ends),
        _pack_points(time, step, code, firsts, counts, flags),
        strict=True,
    )
    return [Sealed(state, state[8], [Chunk(*blobs)]) for state, *blobs in made]


def _measure_blocks(whole: Columns, firsts: Numbers, sizes: Numbers, *, plain: bool) -> dict[str, Array]:
    """Return the fields of the blocks of all segments."""
    time, step, code, _ = whole
    inner = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    starts = np.repeat(firsts, sizes) + BLOCK_POINTS * inner
    lasts = np.append(starts[1:], len(time)) - 1
    nothing = np.zeros(len(starts), "<i8")
    with np.errstate(invalid="ignore", over="ignore"):
        sums = np.add.reduceat(chunks.values_of(code), starts)
    return {
        "nans": nothing,
        "plain": lasts - starts + 1 if plain else nothing,
        "min_code": np.minimum.reduceat(code, starts),
        "max_code": np.maximum.reduceat(code, starts),
        "sum": sums,
        "min_step": step[starts],
        "max_step": step[lasts],
        "min_time": time[starts],
        "max_time": time[lasts],
    }


def _measure(
    whole: Columns, firsts: Numbers, counts: Numbers, blocks: Mapping[str, Array], first_blocks: Numbers
) -> Array:
    """Return the bounds of segments."""
    found = np.zeros(len(counts), BOUNDS)
    found["format"], found["flags"] = FORMAT, chunks.RAW
    found["count"] = counts
    found["min_code"] = np.minimum.reduceat(blocks["min_code"], first_blocks)
    found["max_code"] = np.maximum.reduceat(blocks["max_code"], first_blocks)
    with np.errstate(invalid="ignore", over="ignore"):
        found["sum"] = np.add.reduceat(blocks["sum"], first_blocks)
    lasts = firsts + counts - 1
    for name, column in zip(("time", "step", "code"), whole[:3], strict=True):
        found[f"first_{name}"], found[f"last_{name}"] = column[firsts], column[lasts]
    for name in ("time", "step"):
        found[f"min_{name}"], found[f"max_{name}"] = found[f"first_{name}"], found[f"last_{name}"]
    return found


def _pack_blocks(blocks: Mapping[str, Array], counts: Numbers, starts: Numbers, ends: Numbers) -> list[bytes]:
    """Return the blocks blob of each segment."""
    words = np.stack([blocks[name].view("<i8") for name in BLOCK_FIELDS], dtype="<i8")
    rows = dict(zip(BLOCK_FIELDS, words, strict=True))
    for low, high in (("min_step", "max_step"), ("min_time", "max_time")):
        rows[high] -= rows[low]
        differences = np.diff(rows[low], prepend=0)
        differences[starts] = rows[low][starts]
        rows[low][:] = differences
    shuffled = np.ascontiguousarray(words.view("u1").reshape(*words.shape, 8).transpose(0, 2, 1))
    compress, head = chunks.get_compressor().compress, chunks.BLOCK_HEAD
    return [
        head.pack(FORMAT, count) + compress(shuffled[:, :, start:end].tobytes())
        for count, start, end in zip(counts.tolist(), starts.tolist(), ends.tolist(), strict=True)
    ]


def _pack_points(
    time: Array, step: Array, code: Array, firsts: Numbers, counts: Numbers, flags: Array
) -> list[bytes]:
    """Return the points blob of each segment."""
    time_bases, times = _differ(time, firsts, counts)
    step_bases, steps = _differ(step, firsts, counts)
    words = chunks.regroup(code)
    templates = words[firsts]
    masks = (
        _mask(times, firsts),
        _mask(steps, firsts),
        _mask(words ^ np.repeat(templates, counts), firsts),
    )
    planes = [
        plane.tobytes() for column in (times, steps, words) for plane in column.view("u1").reshape(-1, 8).T
    ]
    heads = zip(
        *(flags.tolist(), counts.tolist(), time[firsts].tolist(), time_bases.tolist()),
        *(step[firsts].tolist(), step_bases.tolist(), templates.tolist()),
        *(mask.tolist() for mask in masks),
        strict=True,
    )
    places, pack = chunks.PLANES_OF, chunks.HEAD.pack
    time_planes, step_planes, value_planes = planes[:8], planes[8:16], planes[16:]
    found = []
    start = 0
    for head in heads:
        end = start + head[1]
        parts = [pack(FORMAT, *head)]
        parts += [time_planes[place][start:end] for place in places[head[7]]]
        parts += [step_planes[place][start:end] for place in places[head[8]]]
        parts += [value_planes[place][start:end] for place in places[head[9]]]
        found.append(b"".join(parts))
        start = end
    return found


def _differ(column: Array, firsts: Numbers, counts: Numbers) -> tuple[Array, Array]:
    """Return the least difference of neighbours of each segment, and what exceeds it at each point (uint64)."""
    differences = np.diff(column, prepend=column[:1])
    differences[firsts] = _MOST
    bases = np.minimum.reduceat(differences, firsts)
    differences -= np.repeat(bases, counts)
    differences[firsts] = 0
    return bases, differences.astype("<i8", copy=False).view("<u8")


def _mask(words: Array, firsts: Numbers) -> Array:
    """Return for each segment the bytes in which any of its words is not zero, as bits."""
    used = np.bitwise_or.reduceat(words, firsts).astype("<u8", copy=False).view("u1").reshape(-1, 8) != 0
    return np.packbits(used, axis=1, bitorder="little")[:, 0]
