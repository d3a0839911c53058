"""Charts of long sealed series: no value is lost, none is moved further than the module says, and little is read."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from headrace.store import keys, sealing, series
from headrace.store.buckets import Ladder
from headrace.store.charts import Drawing, draw
from headrace.store.chunks import Columns, codes_of
from headrace.store.connection import Connection
from headrace.store.engine import Store
from headrace.store.points import parts_of
from headrace.store.stretches import Axis, Line, Reader
from headrace.store.transaction import RunRef

MakeRun = Callable[..., RunRef]
COUNT = 60_000
LIMIT = 320


class Sealed:
    """Series of a run, as they were logged."""

    def __init__(self, store: Store, run: RunRef) -> None:
        self.store = store
        self.run = run
        self.key = store.writer.call(lambda tx: keys.intern_keys(tx, ["loss"])["loss"])
        self.columns: list[Columns] = []

    def add(self, time: Any, step: Any, value: Any, *, plain: bool = False) -> None:
        """Log points and seal them."""
        columns = Columns(
            np.asarray(time, np.int64),
            np.asarray(step, np.int64),
            codes_of(np.asarray(value, float)),
            np.full(len(time), plain),
        )
        self.columns.append(columns)

        def work(tx: Any) -> None:
            if plain:
                rows = list(zip(*(column.tolist() for column in columns[:3]), strict=True))
                series.add_points(tx, self.run, self.key, 0, rows)
            else:
                n = np.arange(len(columns.time)) + (len(self.columns) << 40) + 1
                series.add_columns(tx, self.run, self.key, 0, columns, n)

        def seal(tx: Any) -> None:
            for part in parts_of(tx, self.run.id, self.key):
                while sealing.apply_tail(tx, part.series, 1, few=False):
                    pass

        self.store.writer.call(work)
        self.store.writer.call(seal)

    def lines(self, conn: Connection) -> list[Line]:
        return [Line(parts_of(conn, self.run.id, self.key))]

    def draw(self, axis: Axis = "step", within: tuple[int, int] | None = None, limit: int = LIMIT) -> Drawing:
        with self.store.read() as conn:
            reader = Reader(conn, self.lines(conn), axis, within)
            return draw(reader, reader.read(), 1, limit)


@pytest.fixture
def sealed(store: Store, make_run: MakeRun) -> Sealed:
    return Sealed(store, make_run(store))


def _check(drawing: Drawing, x: Any, value: Any) -> None:
    """Every bucket holds what lies in it, but for points within a quarter of its width from an edge, which may count next door."""
    assert isinstance(drawing.grid, Ladder)
    cells, width = drawing.cells, drawing.grid.width
    assert cells.points.sum() == len(x)
    assert cells.nans.sum() == np.isnan(value).sum()
    assert np.nanmin(cells.low) == np.nanmin(value)
    assert np.nanmax(cells.high) == np.nanmax(value)
    sums = np.nansum(np.where(cells.points > cells.nans, cells.mean, 0) * (cells.points - cells.nans))
    assert sums == pytest.approx(np.nansum(value), abs=1e-6)
    order = np.argsort(x, kind="stable")
    x, value = x[order], value[order]
    starts = drawing.grid.start + cells.place * width
    for place, start in enumerate(starts.tolist()):
        inner = slice(*np.searchsorted(x, [start + width / 4, start + width * 3 / 4]))
        outer = slice(*np.searchsorted(x, [start - width / 4, start + width * 5 / 4]))
        assert inner.stop - inner.start <= cells.points[place] <= outer.stop - outer.start
        if np.isfinite(value[inner]).any():
            assert cells.low[place] <= np.nanmin(value[inner])
            assert cells.high[place] >= np.nanmax(value[inner])
        if np.isfinite(cells.low[place]):
            assert cells.low[place] >= np.nanmin(value[outer])
            assert cells.high[place] <= np.nanmax(value[outer])


def _noise(seed: int) -> tuple[Any, Any, Any]:
    """Steps and times with jumps, and values with spikes and NaNs."""
    random = np.random.default_rng(seed)
    step = np.cumsum(random.integers(1, 4, COUNT))
    time = np.cumsum(np.where(random.random(COUNT) < 0.001, 50_000, random.integers(0, 9, COUNT)))
    value = random.normal(size=COUNT)
    value[random.integers(0, COUNT, 50)] *= 1e6
    value[random.integers(0, COUNT, 500)] = np.nan
    return time, step, value


@pytest.mark.parametrize("axis", ["step", "time"])
@pytest.mark.parametrize("limit", [2, 37, LIMIT, 2000])
def test_no_spike_and_no_point_is_lost(sealed: Sealed, axis: Axis, limit: int) -> None:
    time, step, value = _noise(limit)
    sealed.add(time, step, value)
    drawing = sealed.draw(axis, limit=limit)
    x = step if axis == "step" else time
    _check(drawing, x, value)
    assert drawing.grid.size <= limit
    assert drawing.ends[0, [0, 2]].tolist() == [x[0], x[-1]]


@pytest.mark.parametrize("axis", ["step", "time"])
def test_points_out_of_order_are_where_they_belong(sealed: Sealed, axis: Axis) -> None:
    time, step, value = _noise(1)
    order = np.random.default_rng(2).permutation(COUNT)
    sealed.add(time, step[order], value)  # in order of time, any step
    late = slice(1000, 3000)
    sealed.add(time[late] + 1, step[late], value[late])  # and some that came late
    times, steps = np.concatenate((time, time[late] + 1)), np.concatenate((step[order], step[late]))
    values = np.concatenate((value, value[late]))
    x = steps if axis == "step" else times
    drawing = sealed.draw(axis)
    _check(drawing, x, values)
    by_place = np.lexsort((codes_of(values), steps, times, x))
    first, last = by_place[0], by_place[-1]
    np.testing.assert_array_equal(drawing.ends[0], [x[first], values[first], x[last], values[last]])


def test_every_single_spike_stands_in_its_bucket_or_at_its_edge(sealed: Sealed) -> None:
    step = np.arange(COUNT)
    value = np.zeros(COUNT)
    spikes = np.random.default_rng(3).choice(COUNT, 40, replace=False)
    value[spikes] = 1 + np.arange(40)
    sealed.add(step, step, value)
    drawing = sealed.draw()
    assert isinstance(drawing.grid, Ladder)
    width = drawing.grid.width
    seen = set()
    for place, high in zip(drawing.cells.place.tolist(), drawing.cells.high.tolist(), strict=True):
        if high:
            start = drawing.grid.start + place * width
            assert start - width / 4 <= spikes[int(high) - 1] < start + width * 5 / 4
            seen.add(int(high))
    shadowed = {
        small + 1
        for small in range(40)
        for great in range(small + 1, 40)
        if abs(spikes[great] - spikes[small]) < width * 1.5
    }
    assert set(range(1, 41)) - seen <= shadowed


def test_a_zoom_is_exact_where_few_points_lie(sealed: Sealed) -> None:
    time, step, value = _noise(4)
    sealed.add(time, step, value)
    within = (int(step[20_000]), int(step[20_200]))
    drawing = sealed.draw(within=within)
    assert not isinstance(drawing.grid, Ladder)
    assert drawing.grid.values.tolist() == step[20_000:20_201].tolist()
    np.testing.assert_array_equal(drawing.cells.low, value[20_000:20_201])


def test_a_zoom_counts_what_lies_in_the_range_and_nothing_else(sealed: Sealed) -> None:
    time, step, value = _noise(5)
    sealed.add(time, step, value)
    inside = (step >= 30_001) & (step <= 90_007)
    _check(sealed.draw(within=(30_001, 90_007)), step[inside], value[inside])


def test_few_values_of_x_are_a_grid_however_many_points_they_have(sealed: Sealed) -> None:
    value = np.random.default_rng(6).normal(size=COUNT)
    step = np.repeat(np.arange(30) * 1_000_000, COUNT // 30)
    sealed.add(np.arange(COUNT), step, value)
    drawing = sealed.draw()
    assert not isinstance(drawing.grid, Ladder)
    assert drawing.grid.values.tolist() == (np.arange(30) * 1_000_000).tolist()
    assert drawing.cells.points.tolist() == [COUNT // 30] * 30
    assert drawing.cells.high.tolist() == value.reshape(30, -1).max(axis=1).tolist()


def test_all_points_without_a_step_are_one_bucket(sealed: Sealed) -> None:
    value = np.random.default_rng(7).normal(size=COUNT)
    sealed.add(np.arange(COUNT), np.zeros(COUNT), value)
    drawing = sealed.draw()
    assert (drawing.cells.points.tolist(), drawing.cells.high.tolist()) == ([COUNT], [value.max()])
    assert drawing.ends.tolist() == [[0.0, value[0], 0.0, value[-1]]]


def test_points_of_mlflow_that_were_sealed_twice_count_once(sealed: Sealed) -> None:
    time, step, value = _noise(8)
    some = slice(0, 9_000)
    sealed.add(time[some], step[some], value[some], plain=True)
    sealed.add(time[some], step[some], value[some], plain=True)
    _check(sealed.draw(limit=50), step[some], value[some])


class Counting(Connection):
    """A connection that counts what is read of chunks."""

    def __init__(self, conn: Connection) -> None:
        super().__init__(conn.cursor, conn.dialect, conn.caches)
        self.statements: list[str] = []

    def rows(self, sql: str, params: Any = ()) -> Any:
        self.statements.append(sql)
        return super().rows(sql, params)


def test_a_chart_of_a_long_series_reads_bounds_and_no_points(sealed: Sealed) -> None:
    step = np.arange(300_000)
    sealed.add(step * 10, step, np.sin(step / 1000))
    with sealed.store.read() as conn:
        counting = Counting(conn)
        reader = Reader(counting, sealed.lines(conn), "step", None)
        draw(reader, reader.read(), 1, LIMIT)
    assert len(counting.statements) <= 5
    assert not [sql for sql in counting.statements if "points FROM hr_chunk_data" in sql]
