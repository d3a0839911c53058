"""The arithmetic of charts: ladders stay as they are while they grow, and sums are exact."""

import math
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headrace.store.buckets import Ladder, Sums, Values, average, build_cells, build_ladder, fold, sum_points
from headrace.store.chunks import codes_of
from headrace.store.codes import encode

INT64 = st.integers(-(2**63), 2**63 - 1) | st.integers(-100, 100)
FLOATS = st.floats(-1e300, 1e300)
LIMITS = st.integers(2, 2000)


@given(INT64, INT64, LIMITS, st.data())
def test_a_ladder_holds_every_integer_between_its_ends_with_aligned_edges(
    one: int, two: int, limit: int, data: st.DataObject
) -> None:
    low, high = sorted((one, two))
    ladder = build_ladder(low, high, limit)
    assert 1 <= ladder.size <= limit
    inside = [low, high, *data.draw(st.lists(st.integers(low, high), max_size=5))]
    places = ladder.place(np.array(inside, np.int64)).tolist()
    width = 2**ladder.exponent
    assert places == [x // width - low // width for x in inside]
    assert places[:2] == [0, ladder.size - 1]
    if ladder.exponent:  # half the width would not have done
        assert high // (width // 2) - low // (width // 2) >= limit


@given(FLOATS, FLOATS, LIMITS, st.data())
def test_a_ladder_holds_every_float_between_its_ends_with_aligned_edges(
    one: float, two: float, limit: int, data: st.DataObject
) -> None:
    low, high = sorted((one, two))
    assume(low < high)
    ladder = build_ladder(low, high, limit)
    assert 1 <= ladder.size <= limit
    inside = [low, high, *data.draw(st.lists(st.floats(low, high), max_size=5))]
    width = Fraction(2) ** ladder.exponent
    exact = [int(Fraction(x) // width - Fraction(low) // width) for x in inside]
    assert ladder.place(np.array(inside)).tolist() == exact
    assert ladder.size == exact[1] + 1


@given(st.integers(0, 2**50), st.integers(1, 2**30), LIMITS)
def test_a_ladder_that_grows_keeps_its_edges_or_doubles_its_width(low: int, span: int, limit: int) -> None:
    before = build_ladder(low, low + span, limit)
    after = build_ladder(low, low + span + 1, limit)
    if after.exponent == before.exponent:
        assert after.origin == before.origin
        assert after.size >= before.size
    else:
        assert after.exponent == before.exponent + 1
        assert after.origin == before.origin // 2


KEYED = st.lists(
    st.tuples(st.integers(0, 5), st.floats() | st.sampled_from([math.nan, -0.0, 0.0])), max_size=40
)


@given(st.lists(KEYED, max_size=4))
def test_points_add_up_whatever_their_order_and_however_they_are_parted(
    parts: list[list[tuple[int, float]]],
) -> None:
    sums = fold(
        [
            sum_points(
                np.array([key for key, _ in part], np.int64),
                codes_of(np.array([value for _, value in part], float)),
            )
            for part in parts
        ]
    )
    held: dict[int, list[float]] = {}
    for key, value in (pair for part in parts for pair in part):
        held.setdefault(key, []).append(value)
    assert sums.key.tolist() == sorted(held)
    cells = build_cells(sums, 6)
    for place, key in enumerate(sorted(held)):
        numbers = [value for value in held[key] if not math.isnan(value)]
        assert sums.points[place] == len(held[key])
        assert sums.nans[place] == len(held[key]) - len(numbers)
        if numbers:
            assert sums.low[place] == min(map(encode, numbers))
            assert sums.high[place] == max(map(encode, numbers))
            mean = cells.mean[place]
            both = {math.inf, -math.inf} <= set(numbers)
            assert math.isnan(mean) if both else min(numbers) <= mean <= max(numbers)
        else:
            assert all(math.isnan(column[place]) for column in cells[4:])


def test_the_mean_of_equal_numbers_is_that_number() -> None:
    code = codes_of(np.full(10, 0.1))
    assert build_cells(sum_points(np.zeros(10, np.int64), code), 1).mean.tolist() == [0.1]


def test_a_sum_beyond_the_doubles_gives_a_mean_between_the_bounds() -> None:
    code = codes_of(np.array([sys.float_info.max, sys.float_info.max, 0.0]))
    mean = build_cells(sum_points(np.zeros(3, np.int64), code), 1).mean.tolist()[0]
    assert 0.0 < mean < sys.float_info.max


def test_the_mean_of_an_infinity_is_that_infinity_even_if_the_other_numbers_overflow() -> None:
    code = codes_of(np.array([1.7e308, 1.7e308, -math.inf]))
    assert build_cells(sum_points(np.zeros(3, np.int64), code), 1).mean.tolist() == [-math.inf]


def test_a_groups_mean_is_that_of_its_runs_and_not_of_their_points() -> None:
    # Two lines on a grid of three places: the first has two points at place 1, the second one there and one NaN at place 2.
    sums = sum_points(np.array([1, 1, 4, 5]), codes_of(np.array([1.0, 3.0, 8.0, math.nan])))
    cells = build_cells(sums, 3)
    found = average(cells, [[0, 1], [1], []], 3)
    assert list(zip(found.line.tolist(), found.place.tolist(), found.runs.tolist(), strict=True)) == [
        (0, 1, 2),
        (1, 1, 1),
    ]
    assert found.mean.tolist() == [5.0, 8.0]
    assert (found.low.tolist(), found.high.tolist()) == ([1.0, 8.0], [8.0, 8.0])
    assert found.std.tolist() == [3.0, 0.0]


def test_a_group_of_huge_means_does_not_overflow() -> None:
    sums = sum_points(np.array([0, 1]), codes_of(np.array([1.7e308, 1.5e308])))
    assert average(build_cells(sums, 1), [[0, 1]], 1).mean.tolist() == [pytest.approx(1.6e308)]


def test_values_as_a_grid_are_found_where_they_stand() -> None:
    grid = Values(np.array([-5, 0, 7]))
    assert grid.place(np.array([7, -5])).tolist() == [2, 0]
    assert grid.size == 3


def test_a_ladder_says_where_it_begins() -> None:
    assert (Ladder(3, -2, 5).start, Ladder(3, -2, 5).width) == (-16.0, 8.0)
    assert (Ladder(-2, 3.0, 5).start, Ladder(-2, 3.0, 5).width) == (0.75, 0.25)


def test_nothing_adds_up_to_nothing() -> None:
    assert isinstance(fold([]), Sums)
    assert len(build_cells(fold([]), 1).line) == 0
