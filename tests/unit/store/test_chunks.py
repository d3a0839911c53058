"""What goes into a chunk comes out bit for bit, and its bounds are those that plain Python finds."""

import math
import random
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.base.errors import StoreError
from headrace.store import chunk_points, chunks, codes
from headrace.store.chunks import Columns

INT64 = st.integers(-(2**63), 2**63 - 1)
ENDS = st.sampled_from([-(2**63), -(2**63) + 1, -1, 0, 1, 2**63 - 2, 2**63 - 1])
NUMBERS = st.integers(-3, 3) | ENDS | INT64
SPECIAL = [
    0x0000000000000000,  # 0.0
    0x8000000000000000,  # -0.0
    0x0000000000000001,  # the least subnormal
    0x800FFFFFFFFFFFFF,  # the greatest negative subnormal
    0x7FEFFFFFFFFFFFFF,  # the greatest number
    0x7FF0000000000000,  # inf
    0xFFF0000000000000,  # -inf
    0x7FF8000000000000,  # the usual NaN
    0xFFF8000000000000,  # and its negative
    0x7FF0000000000001,  # a signalling NaN
    0x7FFFFFFFFFFFFFFF,  # NaNs with payloads
    0xFFF800000000CAFE,
]
BITS = st.sampled_from(SPECIAL) | st.integers(0, 2**64 - 1)
POINTS = st.tuples(NUMBERS, NUMBERS, BITS, st.booleans())
Point = tuple[int, int, int, bool]


def _columns(points: Sequence[Point]) -> Columns:
    bits = np.array([point[2] for point in points], "<u8")
    return Columns(
        np.array([point[0] for point in points], "<i8"),
        np.array([point[1] for point in points], "<i8"),
        chunks.codes_of(bits.view("<f8")),
        np.array([point[3] for point in points], bool),
    )


def _rows(columns: Columns) -> list[tuple[Any, ...]]:
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    kept: list[tuple[Any, ...]] = []
    for row in sorted(rows, key=lambda row: (*row[:3], not row[3])):
        if not (kept and row == kept[-1] and row[3]):
            kept.append(row)
    return kept


def _describe(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    numbers = [row[2] for row in rows if codes.LOWEST <= row[2] <= codes.HIGHEST]
    by_step = [(row[1], row[0], row[2]) for row in rows]
    first, last = min(by_step), max(by_step)
    return {
        "count": len(rows),
        "nans": len(rows) - len(numbers),
        "plain": sum(row[3] for row in rows),
        "min_code": min(numbers, default=chunks.NO_MINIMUM),
        "max_code": max(numbers, default=chunks.NO_MAXIMUM),
        **dict(zip(("first_step", "first_time", "first_code"), first, strict=True)),
        **dict(zip(("last_step", "last_time", "last_code"), last, strict=True)),
        "min_step": min(row[1] for row in rows),
        "max_step": max(row[1] for row in rows),
        "min_time": min(row[0] for row in rows),
        "max_time": max(row[0] for row in rows),
    }


def _sum(rows: list[tuple[Any, ...]]) -> float:
    numbers = [value for value in codes.decode_many(row[2] for row in rows) if not math.isnan(value)]
    return sum(numbers)


def _assert_sum(found: float, rows: list[tuple[Any, ...]]) -> None:
    expected = _sum(rows)
    if math.isfinite(expected):
        scale = math.fsum(
            abs(value) for value in codes.decode_many(row[2] for row in rows) if not math.isnan(value)
        )
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-12 * scale)


@given(st.lists(BITS, min_size=1, max_size=50))
def test_codes_are_those_of_the_store_and_come_back_bit_for_bit(bits: list[int]) -> None:
    values = np.array(bits, "<u8").view("<f8")
    made = chunks.codes_of(values)
    assert made.tolist() == codes.encode_many(
        struct.unpack(f"<{len(bits)}d", struct.pack(f"<{len(bits)}Q", *bits))
    )
    assert chunks.values_of(made).view("<u8").tolist() == bits


@given(st.lists(POINTS, max_size=60))
def test_order_sorts_and_collapses_equal_points_of_the_wire_only(points: list[Point]) -> None:
    doubled = [*points, *points[::2]]
    assert _rows(chunks.order(_columns(doubled))) == _order(_rows(_columns(doubled)))


@settings(max_examples=300)
@given(st.lists(POINTS, min_size=1, max_size=200))
def test_every_bit_pattern_time_and_step_comes_back(points: list[Point]) -> None:
    columns = chunks.order(_columns(points))
    chunk = chunks.encode(columns)
    assert _rows(chunk_points.decode(chunk.points)) == _rows(columns)


@settings(max_examples=300)
@given(
    st.integers(2, 300),
    ENDS | INT64,
    st.integers(-5, 5) | st.integers(-(2**50), 2**50) | INT64,
    st.sampled_from([0, 1, 3, 100, 2**20, 2**44]),
    st.integers(0, 2**32),
)
def test_uneven_grids_anywhere_in_the_range_come_back(
    count: int, start: int, spacing: int, jitter: int, seed: int
) -> None:
    chance = random.Random(seed)
    grid = [start + spacing * place + chance.randint(-jitter, jitter) for place in range(count)]
    steps = np.array([(each + 2**63) % 2**64 - 2**63 for each in grid], "<i8")  # round and round
    times = np.sort(steps)
    columns = Columns(times, steps, np.zeros(count, "<i8"), np.zeros(count, bool))
    assert _rows(chunk_points.decode(chunks.encode(chunks.order(columns)).points)) == _rows(
        chunks.order(columns)
    )


@settings(max_examples=300)
@given(st.lists(POINTS, min_size=1, max_size=300), st.integers(0, 8))
def test_bounds_are_what_plain_python_finds(points: list[Point], level: int) -> None:
    columns = chunks.order(_columns(points))
    rows = _rows(columns)
    (bounds,) = chunks.read_bounds([chunks.encode(columns, level).bounds])
    assert {name: bounds[name].item() for name in _describe(rows)} == _describe(rows)
    assert bounds["level"] == level
    _assert_sum(bounds["sum"].item(), rows)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(POINTS, min_size=1, max_size=200), min_size=1, max_size=4))
def test_blocks_are_what_plain_python_finds_in_each_64_points(batches: list[list[Point]]) -> None:
    parts = [chunks.order(_columns(batch)) for batch in batches]
    found = chunks.decode_blocks([chunks.encode(part).blocks for part in parts])
    expected = [
        (place, rows[start : start + 64])
        for place, rows in enumerate(map(_rows, parts))
        for start in range(0, len(rows), 64)
    ]
    assert len(found) == len(expected)
    for block, (place, rows) in zip(found, expected, strict=True):
        described = _describe(rows)
        names = set(described) & set(chunks.BLOCK_BOUNDS.names or ())
        assert {name: block[name].item() for name in names} == {name: described[name] for name in names}
        assert block["chunk"] == place
        _assert_sum(block["sum"].item(), rows)


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (1, [1]),
        (4096, [4096]),
        (4097, [2048, 2049]),
        (4096 + 127, [2111, 2112]),
        (4096 + 128, [4096, 128]),
        (3 * 4096, [4096, 4096, 4096]),
        (2 * 4096 + 5, [4096, 2050, 2051]),
    ],
)
def test_many_points_become_full_chunks_and_none_is_tiny(count: int, sizes: list[int]) -> None:
    columns = Columns(*(np.arange(count) for _ in range(3)), np.zeros(count, bool))
    made = chunks.split(columns)
    assert chunks.read_bounds([each.bounds for each in made])["count"].tolist() == sizes
    blobs = [each.points for each in made]
    assert _rows(chunk_points.decode_joined(blobs)) == _rows(columns)
    assert _rows(chunks.join(chunk_points.decode_many(blobs))) == _rows(columns)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20_000), st.integers(300, 4096), st.integers(300, 4096))
def test_full_chunks_are_as_long_as_they_are_asked_to_be(count: int, first: int, then: int) -> None:
    columns = Columns(*(np.arange(count) for _ in range(3)), np.zeros(count, bool))
    made = chunks.split(columns, trim=lambda _, held: first if held == chunks.MAX_POINTS else then)
    sizes = chunks.read_bounds([each.bounds for each in made])["count"]
    assert sizes.max() <= chunks.MAX_POINTS
    assert count < chunks.LEAST_POINTS or sizes.min() >= chunks.LEAST_POINTS
    assert _rows(chunk_points.decode_joined([each.points for each in made])) == _rows(columns)
    chunk, held = chunks.encode_first(columns, lambda *_: first)
    assert held == (min(first, chunks.MAX_POINTS) if count >= chunks.MAX_POINTS else count)
    assert len(chunk_points.decode(chunk.points).time) == held


def test_nothing_decodes_to_nothing() -> None:
    assert chunk_points.decode_many([]) == []
    assert [len(column) for column in chunk_points.decode_joined([])] == [0, 0, 0, 0]
    assert [len(column) for column in chunks.join([])] == [0, 0, 0, 0]
    assert len(chunks.decode_blocks([])) == len(chunks.read_bounds([])) == 0


@pytest.mark.parametrize("count", [0, 4097])
def test_a_chunk_of_no_points_or_too_many_is_refused(count: int) -> None:
    columns = Columns(*(np.arange(count) for _ in range(3)), np.zeros(count, bool))
    with pytest.raises(ValueError, match=f"1 to 4096 points, not {count}"):
        chunks.encode(columns)


READERS: list[tuple[int, Callable[[list[bytes]], object]]] = [
    (0, chunks.read_bounds),
    (1, chunks.decode_blocks),
    (2, chunk_points.decode_joined),
]


@pytest.mark.parametrize(("blob", "read"), READERS)
def test_an_unknown_format_is_refused_and_named(blob: int, read: Callable[[list[bytes]], object]) -> None:
    chunk = chunks.encode(_columns([(1, 2, 3, True)]))
    read([chunk[blob]])
    with pytest.raises(StoreError, match=r"format 7 and .* reads format 1.*newer version"):
        read([chunk[blob], b"\x07" + chunk[blob][1:]])
    with pytest.raises(StoreError, match="empty"):
        read([b""])


@pytest.mark.parametrize(("blob", "read"), READERS)
def test_damaged_bytes_are_refused(blob: int, read: Callable[[list[bytes]], object]) -> None:
    values = np.random.default_rng(3).normal(size=500)
    columns = Columns(np.arange(500), np.arange(500), chunks.codes_of(values), np.zeros(500, bool))
    chunk = chunks.encode(columns)
    for end in (1, 3, 20, len(chunk[blob]) // 2, len(chunk[blob]) - 1):
        with pytest.raises(StoreError):
            read([chunk[blob][:end]])
    with pytest.raises(StoreError):
        read([chunk[blob][:60] + b"\xff" * (len(chunk[blob]) - 60)][:1] if blob else [chunk[blob] + b"x"])


def test_bytes_that_decompress_to_too_few_are_refused() -> None:
    few, many = (_columns([(1, 2, bits, True) for bits in range(count)]) for count in (70, 500))
    small, large = chunks.encode(few), chunks.encode(many)
    with pytest.raises(StoreError, match="too short"):
        chunks.decode_blocks([large.blocks[:4] + small.blocks[4:]])
    with pytest.raises(StoreError, match=r"damaged: .* bytes where"):
        chunk_points.decode(large.points[:47] + small.points[47:])


def test_times_that_are_rounded_from_an_even_spacing_need_no_bytes() -> None:
    places = np.arange(4096)
    columns = Columns(places * 7 // 2, places * 10 // 3, np.zeros(4096, "<i8"), np.zeros(4096, bool))
    points = chunks.encode(columns).points
    assert _rows(chunk_points.decode(points)) == _rows(columns)
    assert len(points) < 200
