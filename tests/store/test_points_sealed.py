"""Long sealed histories: the same points as before they were sealed, and no more chunks read than are needed."""

import math
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from headrace.store import sealing, series
from headrace.store.chunks import MAX_POINTS
from headrace.store.codes import encode, encode_many
from headrace.store.connection import Connection, Params, Row
from headrace.store.engine import Store
from headrace.store.keys import intern_keys
from headrace.store.points import History, Part, Place, Points, parts_of, read_columns, sample_points
from headrace.store.transaction import RunRef, Transaction
from store.points_model import Point, sample

LONG = 20 * MAX_POINTS
MakeRun = Callable[..., RunRef]


class CountingConnection(Connection):
    """A connection that counts the chunks whose points are read."""

    __slots__ = ("chunks",)

    def __init__(self, conn: Connection) -> None:
        super().__init__(conn.cursor, conn.dialect, conn.caches)
        self.chunks = 0

    def rows_in(self, sql: str, ids: Iterable[Any], before: Params = ()) -> list[Row]:
        """See `Connection`."""
        found = super().rows_in(sql, ids, before)
        if "hr_chunk_data" in sql:
            self.chunks += len(found)
        return found


def _log(store: Store, run: RunRef, points: list[Point]) -> None:
    def work(tx: Transaction) -> None:
        series.add_points(tx, run, intern_keys(tx, ["loss"])["loss"], 0, points)

    store.writer.call(work)


def _seal(store: Store, run: RunRef, least: int = 128) -> None:
    """Seal the tail of a run's only series."""
    while True:
        with store.read() as conn:
            (part,) = parts_of(conn, run.id, 1)
            plan = sealing.plan_tail(conn, part.series, least)
        if plan is None:
            return
        assert store.writer.call(lambda tx, plan=plan: sealing.apply(tx, plan))


def _make_line(count: int, start: int = 0) -> list[Point]:
    """A point every 10 ms, a step each."""
    rng = random.Random(start)
    codes = encode_many([rng.random() for _ in range(count)])
    return [(10 * step, step, code) for step, code in enumerate(codes, start)]


def _listed(found: Points) -> list[Point]:
    return list(zip(found.times, found.steps, encode_many(found.values), strict=True))


def _read_all(conn: Connection, parts: list[Part], piece: int = 10_000) -> list[Point]:
    history, found = History(conn, parts), list[Point]()
    while history.more:
        found += _listed(history.take(piece))
    return found


@pytest.fixture
def line(store: Store, make_run: MakeRun) -> tuple[RunRef, list[Point]]:
    """A run with a long sealed history and a short tail, and its points."""
    run, points = make_run(store), _make_line(LONG + 50)
    _log(store, run, points[:LONG])
    _seal(store, run)
    _log(store, run, points[LONG:])
    return run, points


def test_a_page_in_the_middle_reads_the_chunks_it_lies_in(
    store: Store, line: tuple[RunRef, list[Point]]
) -> None:
    run, points = line
    with store.read() as opened:
        conn = CountingConnection(opened)
        history = History(conn, parts_of(conn, run.id, 1), Place(*points[LONG // 2], 1), 1000)
        assert _listed(history.take(1000)) == points[LONG // 2 + 1 : LONG // 2 + 1001]
        assert history.more
        assert conn.chunks <= 2


def test_a_range_reads_the_chunks_it_touches(store: Store, line: tuple[RunRef, list[Point]]) -> None:
    run, points = line
    low, high = LONG // 2, LONG // 2 + 100
    for given in ({"steps": (low, high)}, {"times": (10 * low, 10 * high)}):
        with store.read() as opened:
            conn = CountingConnection(opened)
            found = read_columns(conn, parts_of(conn, run.id, 1), **given)
            assert (
                list(zip(*(column.tolist() for column in found[:3]), strict=True)) == points[low : high + 1]
            )
            assert conn.chunks <= 2


def test_a_small_sample_reads_as_many_chunks_as_it_has_points(
    store: Store, line: tuple[RunRef, list[Point]]
) -> None:
    run, points = line
    with store.read() as opened:
        conn = CountingConnection(opened)
        parts = parts_of(conn, run.id, 1)
        assert _listed(sample_points(conn, parts, None, 5)) == sample(points, 5)
        assert conn.chunks <= 5


def test_what_is_hidden_by_a_later_attempt_is_not_read(
    store: Store, line: tuple[RunRef, list[Point]]
) -> None:
    run, points = line
    with store.read() as opened:
        conn = CountingConnection(opened)
        (part,) = parts_of(conn, run.id, 1)
        assert _read_all(conn, [Part(part.series, 100)]) == points[:100]
        assert conn.chunks == 1


@pytest.mark.parametrize("limit", [1, 2, 7, 100, 2500, 30_000])
@pytest.mark.parametrize("steps", [None, (1000, 17_000), (4000, 4100)])
def test_sealing_changes_no_sample(
    store: Store, make_run: MakeRun, limit: int, steps: tuple[int, int] | None
) -> None:
    run = make_run(store)
    line = _make_line(5 * MAX_POINTS)
    late = [(time + 3, step, encode(math.nan)) for time, step, _ in line[6000:6010]]
    _log(store, run, line)
    _seal(store, run)
    _log(store, run, [*late, *line[3000:3050]])  # some of them once more
    inside = [point for point in {*line, *late} if steps is None or steps[0] <= point[1] <= steps[1]]
    with store.read() as conn:
        found = sample_points(conn, parts_of(conn, run.id, 1), steps, limit)
    assert _listed(found) == sample(inside, limit)


def test_points_out_of_order_come_in_order_from_overlapping_chunks(store: Store, make_run: MakeRun) -> None:
    run, line = make_run(store), _make_line(3 * MAX_POINTS)
    shuffled = random.Random(5).sample(line, len(line))
    for start in range(0, len(shuffled), 1000):
        _log(store, run, shuffled[start : start + 1000])
        _seal(store, run)
    _log(store, run, shuffled[:100])
    with store.read() as conn:
        parts = parts_of(conn, run.id, 1)
        assert _read_all(conn, parts) == line
        assert _read_all(conn, parts, 700) == line


def test_a_long_tail_of_several_series_comes_in_order(store: Store, make_run: MakeRun) -> None:
    first, second = make_run(store, "r1"), make_run(store, "r2")
    line = _make_line(60_000)
    _log(store, first, line[::2])
    _log(store, second, line[1::2] + line[:1000])
    with store.read() as conn:
        parts = [*parts_of(conn, first.id, 1), *parts_of(conn, second.id, 1)]
        assert _read_all(conn, parts) == line


@pytest.mark.usefixtures("tails")
def test_what_is_not_sealed_is_read_without_numpy(url: str, store: Store, make_run: MakeRun) -> None:
    run = make_run(store)
    _log(store, run, _make_line(300))
    program = (
        "import sys\n"
        "from headrace.store.engine import open_store\n"
        "from headrace.store.points import *\n"
        f"store = open_store({url!r})\n"
        "with store.read() as conn:\n"
        f"    parts = parts_of(conn, {run.id}, 1)\n"
        "    assert len(read_first(conn, parts, 1000).times) == 300\n"
        "    assert len(sample_points(conn, parts, None, 10).times) == 10\n"
        "    assert 'numpy' not in sys.modules\n"
        "    assert len(read_columns(conn, parts).time) == 300\n"
        "    assert 'numpy' in sys.modules\n"
        "store.close()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
