"""Bytes per point of full chunks, for kinds of data that people log: they depend on the data alone, so that they can be promised."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from headrace.store import chunks
from headrace.store.chunks import Columns

COUNT = 16 * chunks.MAX_POINTS
Values = npt.NDArray[np.float64]


def _even(rng: np.random.Generator) -> npt.NDArray[np.int64]:
    return 1_700_000_000_000 + 10 * np.arange(COUNT)


def _uneven(rng: np.random.Generator) -> npt.NDArray[np.int64]:
    return 1_700_000_000_000 + np.cumsum(rng.integers(8, 13, COUNT))


def _noise(rng: np.random.Generator) -> Values:
    return rng.normal(size=COUNT)


def _float32(rng: np.random.Generator) -> Values:
    loss = np.exp(-np.arange(COUNT) / 2e4) + 0.02 * rng.normal(size=COUNT)
    return loss.astype(np.float32).astype(np.float64)


def _constant(rng: np.random.Generator) -> Values:
    return np.full(COUNT, 0.001)


def _counter(rng: np.random.Generator) -> Values:
    return np.arange(COUNT, dtype=np.float64)


@pytest.mark.parametrize(
    ("values", "times", "most"),
    [
        (_noise, _even, 7.5),
        (_noise, _uneven, 7.85),
        (_float32, _even, 3.4),
        (_float32, _uneven, 3.75),
        (_constant, _even, 0.1),
        (_constant, _uneven, 0.45),
        (_counter, _even, 0.35),
        (_counter, _uneven, 0.7),
    ],
)
def test_bytes_per_point(
    values: Callable[[np.random.Generator], Values],
    times: Callable[[np.random.Generator], npt.NDArray[np.int64]],
    most: float,
) -> None:
    rng = np.random.default_rng(7)
    columns = Columns(times(rng), np.arange(COUNT), chunks.codes_of(values(rng)), np.zeros(COUNT, bool))
    made = chunks.split(columns)
    size = sum(len(blob) for chunk in made for blob in chunk) / COUNT
    print(f"{values.__name__} {times.__name__}: {size:.2f} bytes per point")
    assert size < most


def test_a_chunk_of_the_fewest_points_is_smaller_than_its_rows() -> None:
    rng = np.random.default_rng(7)
    few = slice(0, chunks.LEAST_POINTS)
    columns = Columns(
        _uneven(rng)[few],
        np.arange(COUNT)[few],
        chunks.codes_of(_noise(rng))[few],
        np.ones(chunks.LEAST_POINTS, bool),
    )
    assert sum(map(len, chunks.encode(columns))) < 16 * chunks.LEAST_POINTS
