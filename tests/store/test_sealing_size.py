"""Bytes per point that the database file grows by, and chunks whose rows fill pages."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.store import chunks, page_fill, sealing, segments
from headrace.store.chunks import Columns
from headrace.store.engine import Store
from store.sealing_model import World, line

COUNT = 200_000
Values = npt.NDArray[np.float64]


def _noise(rng: np.random.Generator) -> Values:
    return rng.standard_normal(COUNT)


def _loss(rng: np.random.Generator) -> Values:
    loss = 2 / (1 + np.arange(COUNT) / 5_000) + 0.05 * rng.standard_normal(COUNT)
    return loss.astype(np.float32).astype(np.float64)


def _constant(rng: np.random.Generator) -> Values:
    return np.full(COUNT, 0.001)


def _count_bytes(store: Store) -> int:
    """The pages that are in use."""
    with store.read() as conn:
        pages, free = (conn.rows(f"PRAGMA {name}")[0][0] for name in ("page_count", "freelist_count"))
    return 4096 * (pages - free)


@pytest.mark.databases("sqlite", reason="counts the pages of its file")
@pytest.mark.parametrize(("values", "most"), [(_noise, 8.0), (_loss, 4.0), (_constant, 0.6)])
def test_bytes_per_point_of_the_file(
    store: Store, values: Callable[[np.random.Generator], Values], most: float
) -> None:
    rng = np.random.default_rng(7)
    world = World(store, "r")
    world.log(line([0]))
    (number,) = world.series()
    times = 1_700_000_000_000 + 50 * np.arange(COUNT) + rng.integers(-3, 4, COUNT)
    columns = Columns(times, np.arange(COUNT), chunks.codes_of(values(rng)), np.zeros(COUNT, bool))
    before = _count_bytes(store)
    made = [(number, chunk) for chunk in segments.seal(columns).chunks]
    store.writer.call(lambda tx: sealing.insert_chunks(tx, made))
    size = (_count_bytes(store) - before) / COUNT
    print(f"{values.__name__}: {size:.2f} bytes per point")
    assert size < most


@given(st.integers(50, 60_000), st.integers(3072, 4096))
def test_a_chunk_is_shortened_by_a_quarter_at_most_and_only_if_that_saves_bytes(
    size: int, count: int
) -> None:
    best = page_fill.fit_pages(size, count)
    assert 3072 <= best <= chunks.MAX_POINTS

    def per_point(points: int) -> float:
        """What SQLite's file format says: whole pages, and a share of a page for what is left."""
        row = size * points // count + 12
        left = row if row <= 4061 else 489 + (row - 489) % 4092
        left = left if left <= 4061 else 489
        return ((row - left) / 4092 * 4096 + 4096 / (4088 // (left + 12))) / points

    if best < count:
        assert per_point(best) < per_point(count)
    assert per_point(best) <= 1.03 * per_point(chunks.MAX_POINTS)
