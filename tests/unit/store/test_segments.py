"""Series that are sealed together are sealed as each would be by itself."""

import random
import threading
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.base.errors import StoreError
from headrace.store import chunk_points, chunks, segments
from headrace.store.chunks import Columns
from headrace.store.codes import HIGHEST, LOWEST
from headrace.store.summaries import summarise

LOW, HIGH = -(2**63), 2**63 - 1
integers = st.one_of(st.integers(-300, 300), st.integers(LOW, HIGH))
codes = st.one_of(st.integers(LOWEST, HIGHEST), st.sampled_from([0, -1, LOWEST, HIGHEST, LOW, HIGH]))


@st.composite
def series(draw: st.DrawFn) -> Columns:
    """Return points of which a third or so of the series are out of order somewhere."""
    count = draw(st.one_of(st.integers(1, 70), st.integers(60, 300), st.integers(1_000, 1_050)))
    few = draw(st.lists(st.tuples(integers, integers, codes), min_size=1, max_size=12))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    time, step, code = (np.array([row[place] for row in few], "<i8") for place in range(3))
    picked = rng.integers(0, len(few), count)
    tidy = draw(st.sampled_from(["time and step", "time", "nothing"]))
    times, steps = time[picked], step[picked]
    if tidy != "nothing":
        times.sort()
    if tidy == "time and step":
        steps.sort()
    columns = Columns(times, steps, code[picked], np.zeros(count, bool))
    return chunks.order(columns) if tidy != "nothing" else columns


def _take(parts: Sequence[Columns]) -> segments.Taken:
    arrays = {
        (1, place, 0, 0): [(part, np.arange(1, len(part.time) + 1))] for place, part in enumerate(parts)
    }
    return segments.take_arrays(arrays)


def _rows(columns: Columns) -> list[tuple[int, int, int]]:
    time, step, code, _ = columns
    return list(zip(time.tolist(), step.tolist(), code.tolist(), strict=True))


@settings(max_examples=150, deadline=None)
@given(st.lists(series(), min_size=1, max_size=9))
def test_series_sealed_together_are_what_each_is_by_itself(parts: list[Columns]) -> None:
    taken = _take(parts)
    shared = [part for part in parts if segments.LEAST_SEALED <= len(part.time) <= segments.MOST_SHARED]
    least = segments.LEAST_SEALED if len(shared) >= segments.LEAST_SHARED else chunks.LEAST_POINTS
    for place, part in enumerate(parts):
        key = (1, place, 0, 0)
        if len(part.time) < least:
            assert [row[:3] for row in taken.rows[key]] == _rows(part)
            assert key not in taken.sealed
            continue
        assert key not in taken.rows
        found, alone = taken.sealed[key], segments.seal(part)
        assert found.state == alone.state == summarise(_rows(part))
        assert found.points == len(part.time) == found.state[8]
        columns = chunk_points.decode_joined([each.points for each in found.chunks])
        assert _rows(columns) == sorted(_rows(part))
        assert not columns.plain.any()
        _check_equal(*(chunks.read_bounds([each.bounds for each in made.chunks]) for made in (found, alone)))
        _check_equal(
            *(chunks.decode_blocks([each.blocks for each in made.chunks]) for made in (found, alone))
        )


@settings(max_examples=150, deadline=None)
@given(st.lists(series(), min_size=4, max_size=9), st.randoms(use_true_random=False))
def test_chunks_decoded_together_are_what_each_is_by_itself(
    parts: list[Columns], chance: random.Random
) -> None:
    """Chunks of shared and of single series, and of both kinds of points, in any order."""
    blobs = [each.points for sealed in _take(parts).sealed.values() for each in sealed.chunks]
    blobs += [each.points for part in parts for each in segments.seal(part).chunks]
    plain = {(1, place, 0, 0): _rows(part) for place, part in enumerate(parts)}
    blobs += [each.points for sealed in segments.take_plain(plain).values() for each in sealed.chunks]
    chance.shuffle(blobs)
    joined = chunk_points.decode_joined(blobs)
    alone = chunks.join([chunk_points.decode(blob) for blob in blobs])
    for mine, other in zip(joined, alone, strict=True):
        np.testing.assert_array_equal(mine, other)


def _check_equal(mine: chunks.Array, other: chunks.Array) -> None:
    assert mine.dtype == other.dtype
    for name in mine.dtype.names or ():
        if name not in {"sum", "flags"}:
            np.testing.assert_array_equal(mine[name], other[name], name)
    # The same numbers added in another order: each addition may be off by half a bit of the largest sum on the way, which may be infinite.
    numbers = np.abs(chunks.values_of(np.stack([mine["min_code"], mine["max_code"]])))
    with np.errstate(over="ignore", invalid="ignore"):
        reach = np.maximum(*numbers) * mine["count"]
        off = np.abs(mine["sum"] - other["sum"])
        near = off <= np.maximum(reach * mine["count"] * 2.0**-52, 5e-323)
    alike = (mine["sum"] == other["sum"]) | (np.isnan(mine["sum"]) & np.isnan(other["sum"]))
    assert np.all(alike | near | ~np.isfinite(reach))


def _noise(count: int, seed: int) -> Columns:
    rng = np.random.default_rng(seed)
    steps = np.arange(count)
    times = 1_700_000_000_000 + np.cumsum(rng.integers(8, 13, count))
    return Columns(times, steps, chunks.codes_of(rng.normal(size=count)), np.zeros(count, bool))


def test_pieces_of_a_series_are_sealed_as_one() -> None:
    numbered = [(_noise(40, seed), np.arange(40) + 100 * seed) for seed in range(4)]
    taken = segments.take_arrays(
        {(1, 1, 0, 0): numbered, (1, 2, 0, 0): numbered[:1], (1, 3, 0, 0): numbered[:3]}
    )
    assert taken.sealed[1, 1, 0, 0].points == 160
    rows = {place: [row[3] for row in taken.rows[1, place, 0, 0]] for place in (2, 3)}
    assert rows == {2: [*range(40)], 3: [*range(40), *range(100, 140), *range(200, 240)]}


def test_a_short_chunk_is_less_than_half_of_its_rows() -> None:
    taken = _take([_noise(segments.LEAST_SEALED, seed) for seed in range(10)])
    for sealed in taken.sealed.values():
        size = sum(len(blob) for chunk in sealed.chunks for blob in chunk)
        assert size < 16 * segments.LEAST_SEALED  # a row takes 37 bytes


def test_a_chunk_of_planes_as_they_are_says_so() -> None:
    few, many = (
        _take([_noise(1_000, seed) for seed in range(3)]),
        _take([_noise(1_000, seed) for seed in range(4)]),
    )
    for taken, flag in ((few, 0), (many, chunks.RAW)):
        for sealed in taken.sealed.values():
            (bounds,) = chunks.read_bounds([each.bounds for each in sealed.chunks])
            assert (bounds["count"], bounds["flags"]) == (1_000, flag)


def test_a_damaged_chunk_of_planes_as_they_are_is_refused() -> None:
    taken = _take([_noise(100, seed) for seed in range(10)])
    points = taken.sealed[1, 3, 0, 0].chunks[0].points
    for wrong in (points[:-1], points + b"\0"):
        with pytest.raises(StoreError, match="damaged"):
            chunk_points.decode(wrong)


def test_threads_that_seal_at_the_same_time_do_not_disturb_each_other() -> None:
    parts = [_noise(3000, seed) for seed in range(4)]
    wanted = [segments.seal(part) for part in parts]
    wrong: list[int] = []

    def work(place: int) -> None:
        wrong.extend(place for _ in range(40) if segments.seal(parts[place]) != wanted[place])

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(parts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
