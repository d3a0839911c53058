"""Sealing and merging keep exactly the points that were logged, whatever comes in between, and leave chunks that are full and apart."""

import math
import random
from collections.abc import Callable
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import EXAMPLES
from headrace.store import chunks, sealing
from headrace.store.codes import encode
from headrace.store.engine import Store
from headrace.store.sealing import Plan
from store.sealing_model import MODEL, NONE, Point, World, line, read_held

NAMES = count()
CODES = [encode(value) for value in (0.0, -0.0, 1.5, math.inf, math.nan)]

Batch = tuple[int, int, int, int]
batches = st.tuples(
    st.integers(0, 2**32),  # what the points are drawn from
    st.sampled_from([1, 3, 40, 200, 700]),  # how many
    st.sampled_from([0, 1_000, 5_000]),  # from when
    st.sampled_from([1, 50, 3_000, 2**62]),  # over how long
)


def _draw(batch: Batch) -> list[Point]:
    seed, size, start, span = batch
    chance = random.Random(seed)
    return [
        (start + chance.randrange(span), chance.choice([0, 1, chance.randrange(2**40)]), chance.choice(CODES))
        for _ in range(size)
    ]


def _apply(store: Store, plan: Plan) -> bool:
    done: bool = store.writer.call(lambda tx: sealing.apply(tx, plan))
    return done


def _seal(store: Store, number: int, least: int = 1) -> int:
    """Seal all that there is to seal; return in how many transactions."""
    for done in count():
        with store.read() as conn:
            plan = sealing.plan_tail(conn, number, least) or sealing.plan_repeated(conn, number)
        if plan is None:
            return done
        assert _apply(store, plan)
    raise AssertionError


def _merge(store: Store, number: int) -> int:
    for done in count():
        with store.read() as conn:
            plan = sealing.plan_merge(conn, number)
        if plan is None:
            return done
        assert _apply(store, plan)
    raise AssertionError


class _Session:
    """Two processes that log, seal and merge in the same two series."""

    def __init__(self, stores: tuple[Store, Store]) -> None:
        self.stores = stores
        self.world = World(stores[0], f"run{next(NAMES)}")
        self.sent: dict[tuple[str, str, str], list[list[Point]]] = {NONE: [], MODEL: []}

    def log(self, store: Store, context: tuple[str, str, str], batch: Batch) -> None:
        points = _draw(batch)
        self.sent[context].append(points)
        self.world.log(points, context)

    def log_again(self, store: Store, context: tuple[str, str, str], which: int) -> None:
        if self.sent[context]:
            self.world.log(self.sent[context][which % len(self.sent[context])], context)

    def write(self, store: Store, context: tuple[str, str, str], batch: Batch) -> None:
        self.world.write(_draw(batch), context)

    def write_arrays(self, store: Store, context: tuple[str, str, str], batch: Batch) -> None:
        self.world.write(_draw(batch), context, arrays=True)

    def write_often(self, store: Store, context: tuple[str, str, str], batch: Batch) -> None:
        seed, _, start, span = batch
        for place in range(8):
            self.world.write(_draw((seed + place, 128, start, span)), context, arrays=True)

    def seal(self, store: Store, context: tuple[str, str, str], least: int) -> None:
        number = self.world.find(context)
        if number is not None:
            _seal(store, number, least)

    def merge(self, store: Store, context: tuple[str, str, str], _: int) -> None:
        number = self.world.find(context)
        if number is not None:
            _merge(store, number)

    def apply_stale_plans(self, store: Store, context: tuple[str, str, str], batch: Batch) -> None:
        """Plan, let more points and another sealing come, then apply: a plan that is stale must change nothing."""
        number = self.world.find(context)
        if number is None:
            return
        with store.read() as conn:
            plans = [
                sealing.plan_tail(conn, number, 1),
                sealing.plan_repeated(conn, number),
                sealing.plan_merge(conn, number),
            ]
        self.log(store, context, batch)
        if batch[0] % 2:
            _seal(self.stores[0], number)
            self.log_again(store, context, batch[0])
        for plan in plans:
            if plan is not None:
                _apply(store, plan)


actions = st.one_of(
    st.tuples(st.just(_Session.log), batches),
    st.tuples(st.just(_Session.log_again), st.integers(0, 20)),
    st.tuples(st.just(_Session.write), batches),
    st.tuples(st.just(_Session.write_arrays), batches),
    st.tuples(st.just(_Session.write_often), batches),
    st.tuples(st.just(_Session.seal), st.sampled_from([1, 1, 30, 128])),
    st.tuples(st.just(_Session.merge), st.just(0)),
    st.tuples(st.just(_Session.apply_stale_plans), batches),
)


@settings(max_examples=40 * EXAMPLES, deadline=None)
@given(
    st.lists(st.tuples(actions, st.integers(0, 1), st.sampled_from([NONE, MODEL])), min_size=4, max_size=25)
)
def test_nothing_is_lost_and_nothing_doubled(
    stores: tuple[Store, Store],
    plan: list[tuple[tuple[Callable[..., None], object], int, tuple[str, str, str]]],
) -> None:
    session = _Session(stores)
    for (action, argument), which, context in plan:
        action(session, stores[which], context, argument)
        session.world.check()
    for number in session.world.series():
        _seal(stores[1], number)
        _merge(stores[1], number)
    session.world.check()
    session.world.check_counts()


def _bounds(store: Store, number: int) -> chunks.Array:
    with store.read() as conn:
        rows = conn.rows("SELECT bounds FROM hr_chunk WHERE series = ? ORDER BY id", (number,))
    return chunks.read_bounds([row[0] for row in rows])


@pytest.mark.usefixtures("tails")
def test_rows_go_into_chunks_that_are_full(store: Store) -> None:
    world = World(store, "full")
    world.log(line(range(10_000)))
    (number,) = world.series()
    assert _seal(store, number, 4096) == 2
    assert _bounds(store, number)["count"].tolist() == [4096, 4096]
    assert _seal(store, number, 128) == 1
    with store.read() as conn:
        held = read_held(conn, number)
    assert (held.tail, held.sealed_said, held.points_said) == (set(), 10_000, 10_000)


def test_few_rows_stay_rows(store: Store) -> None:
    world = World(store, "few")
    world.log(line(range(127)))
    (number,) = world.series()
    assert _seal(store, number, 128) == 0
    world.log(line([127]))
    assert _seal(store, number, 128) == 1


def test_few_late_rows_do_not_make_a_chunk_that_reaches_over_all_others(store: Store) -> None:
    world = World(store, "late")
    world.log(line(range(1_000, 6_000)))
    (number,) = world.series()
    _seal(store, number, 128)
    world.log(line([3, *range(6_000, 6_500)]))
    _seal(store, number, 128)
    assert _bounds(store, number)["min_time"].tolist() == [1_000, 5_096, 6_000]
    with store.read() as conn:
        assert read_held(conn, number).tail == {(3, 3, 5)}


def test_points_that_were_sent_again_are_removed_even_if_few_and_counted_back(store: Store) -> None:
    world = World(store, "again")
    nan = encode(math.nan)
    for context in (NONE, MODEL):
        world.log([*line(range(0, 500, 2)), (600, 1, nan)], context)
        _seal(store, world.find(context) or 0)
        world.log([*line([20, 22, 23, 400, 401]), (600, 1, nan)], context)
    number = world.find(MODEL)
    assert number is not None
    with store.read() as conn:
        held = read_held(conn, number)
        assert (held.points_said, held.nans_said) == (257, 2)
    for each in world.series():
        assert _seal(store, each, 128) == 3, "23 and 401 stand between three stretches"
    with store.read() as conn:
        assert read_held(conn, number).tail == {(23, 23, 5), (401, 401, 5)}
    world.check()
    world.check_counts()


def test_a_writers_points_never_collapse(store: Store) -> None:
    world = World(store, "writer")
    for arrays in (True, False, True):
        world.write(line([7] * 300), arrays=arrays)
    world.log(line([7] * 300))
    (number,) = world.series()
    for least in (128, 1):
        _seal(store, number, least)
        _merge(store, number)
        world.check()
    world.check_counts()
    with store.read() as conn:
        assert read_held(conn, number).written == {(7, 7, 5): 900}


@pytest.mark.usefixtures("tails")
def test_a_point_that_comes_into_the_range_stops_the_plan(store: Store) -> None:
    world = World(store, "race")
    world.log(line(range(0, 2_000, 2)))
    (number,) = world.series()
    with store.read() as conn:
        plan = sealing.plan_tail(conn, number, 128)
    assert plan is not None
    world.log(line([101]))
    assert not _apply(store, plan)
    world.check()
    with store.read() as conn:
        assert read_held(conn, number).chunks == 0
    _seal(store, number)
    world.check()


@pytest.mark.usefixtures("tails")
def test_a_point_behind_the_range_does_not_stop_the_plan(store: Store) -> None:
    world = World(store, "behind")
    world.log(line(range(1_000)))
    (number,) = world.series()
    with store.read() as conn:
        plan = sealing.plan_tail(conn, number, 128)
    assert plan is not None
    world.log(line([1_000]))
    assert _apply(store, plan)
    world.check()


@pytest.mark.usefixtures("tails")
def test_a_plan_made_twice_is_carried_out_once(stores: tuple[Store, Store]) -> None:
    world = World(stores[0], "twice")
    world.log(line(range(1_000)))
    (number,) = world.series()
    plans = []
    for store in stores:
        with store.read() as conn:
            plans.append(sealing.plan_tail(conn, number, 128))
    assert [plan is not None and _apply(store, plan) for store, plan in zip(stores, plans, strict=True)] == [
        True,
        False,
    ]
    world.check()


def _fill_gaps(world: World, code: int, *, writer: bool = False) -> None:
    """Log 500 points that lie between the first and the last of the even moments below 1,000."""
    points = [*line(range(1, 999, 2), code=code), (2, 2, code + 100)]
    if writer:
        world.write(points)
    else:
        world.log(points)


@pytest.mark.usefixtures("tails")
def test_as_many_other_points_in_the_range_do_not_deceive_a_plan(stores: tuple[Store, Store]) -> None:
    world = World(stores[0], "deceive")
    world.log(line(range(0, 1_000, 2)))
    (number,) = world.series()
    with stores[0].read() as conn:
        stale = sealing.plan_tail(conn, number, 128)
    _seal(stores[1], number)
    _fill_gaps(world, 7)
    assert stale is not None
    assert not _apply(stores[0], stale)
    world.check()


@pytest.mark.usefixtures("tails")
def test_repeated_points_that_were_removed_in_between_do_not_deceive_a_plan(
    stores: tuple[Store, Store],
) -> None:
    world = World(stores[0], "deceive again")
    again = line(range(0, 1_000, 2))
    world.log(again)
    (number,) = world.series()
    _seal(stores[1], number)
    for start in range(0, len(again), 25):  # so few are not looked for when they come
        world.log(again[start : start + 25])
    with stores[0].read() as conn:
        stale = sealing.plan_tail(conn, number, 128)
    assert stale is not None
    assert stale.lost == 500
    _seal(stores[1], number)
    _fill_gaps(world, 7)
    assert not _apply(stores[0], stale)
    world.check()


def test_as_many_other_points_of_a_writer_do_not_deceive_a_plan(stores: tuple[Store, Store]) -> None:
    world = World(stores[0], "deceive writer")
    world.write(line(range(0, 1_000, 2)))
    (number,) = world.series()
    with stores[0].read() as conn:
        stale = sealing.plan_tail(conn, number, 128)
    assert stale is not None
    _seal(stores[1], number)
    _fill_gaps(world, 7, writer=True)
    assert not _apply(stores[0], stale)
    world.check()


def test_chunks_that_a_writer_adds_meanwhile_do_not_stop_rows_of_writers(store: Store) -> None:
    world = World(store, "busy")
    world.write(line(range(1_000)))
    (number,) = world.series()
    with store.read() as conn:
        plan = sealing.plan_tail(conn, number, 128)
    assert plan is not None
    world.write(line(range(500, 900)), arrays=True)
    assert _apply(store, plan)
    world.check()


@pytest.mark.usefixtures("tails")
def test_chunks_that_a_writer_adds_meanwhile_stop_rows_of_the_wire(store: Store) -> None:
    world = World(store, "mixed")
    world.log(line(range(1_000)))
    (number,) = world.series()
    with store.read() as conn:
        plan = sealing.plan_tail(conn, number, 128)
    assert plan is not None
    world.write(line(range(500, 900)), arrays=True)
    assert not _apply(store, plan)
    assert store.writer.call(lambda tx: sealing.apply_tail(tx, number, 128, few=False))
    world.check()


def test_a_merge_whose_chunks_are_gone_changes_nothing(stores: tuple[Store, Store]) -> None:
    world = World(stores[0], "gone")
    for start in range(0, 16 * 200, 200):
        world.write(line(range(start, start + 200)), arrays=True)
    (number,) = world.series()
    with stores[0].read() as conn:
        stale = sealing.plan_merge(conn, number)
    assert stale is not None
    assert _merge(stores[1], number) == 1
    before = _bounds(stores[0], number).tobytes()
    assert not _apply(stores[0], stale)
    assert _bounds(stores[0], number).tobytes() == before
    world.check()


def test_small_chunks_become_full_ones(store: Store) -> None:
    world = World(store, "small")
    for start in range(0, 40_000, 500):
        world.write(line(range(start, start + 500)), arrays=True)
    (number,) = world.series()
    assert len(_bounds(store, number)) == 80
    _merge(store, number)
    bounds = _bounds(store, number)
    assert (bounds["count"] >= sealing.SMALL).sum() >= len(bounds) - 1
    assert len(bounds) <= 11
    world.check()


def _write_shuffled(world: World, chunk_count: int) -> None:
    """Write full chunks each of which reaches over the whole time."""
    chance = np.random.default_rng(5)
    times = chance.permutation(chunk_count * chunks.MAX_POINTS)
    for part in np.split(times, chunk_count):
        world.write(line(part.tolist()), arrays=True)


def test_overlapping_chunks_are_taken_apart_in_short_transactions(store: Store) -> None:
    world = World(store, "overlap")
    _write_shuffled(world, 64)
    (number,) = world.series()
    rewritten = 0
    while True:
        with store.read() as conn:
            plan = sealing.plan_merge(conn, number)
        if plan is None:
            break
        assert len(plan.old) <= sealing.FAN
        rewritten += len(plan.new)
        assert _apply(store, plan)
    bounds = _bounds(store, number)
    starts, ends = bounds["min_time"], bounds["max_time"]
    depth = max(int(((starts <= moment) & (ends > moment)).sum()) for moment in starts.tolist())
    assert depth <= 2 * (sealing.FAN - 1)
    assert rewritten <= 64 * 2 + 16, "log8 of 64 is 2: each point at most about twice"
    world.check()


def test_a_few_tiny_chunks_are_merged_when_a_series_is_quiet_and_only_then() -> None:
    bounds = np.zeros(5, chunks.BOUNDS)
    bounds["count"] = [100, 255, 64, 256, 200]
    bounds["min_time"] = bounds["max_time"] = np.arange(5)
    assert len(sealing.choose_merge(bounds)[0]) == 0
    assert sealing.choose_merge(bounds, final=True)[0].tolist() == [0, 1, 2, 4]
    assert len(sealing.choose_merge(bounds[1:], final=True)[0]) == 0


def test_small_chunks_that_are_not_compressed_are_when_a_series_is_quiet_and_only_then() -> None:
    bounds = np.zeros(3, chunks.BOUNDS)
    bounds["count"] = [300, 4_096, 1_000]
    bounds["min_time"] = bounds["max_time"] = np.arange(3)
    assert len(sealing.choose_merge(bounds, final=True)[0]) == 0
    bounds["flags"][2] = chunks.RAW
    assert len(sealing.choose_merge(bounds)[0]) == 0
    assert sealing.choose_merge(bounds, final=True)[0].tolist() == [0, 2]
    assert sealing.choose_merge(bounds[2:], final=True)[0].tolist() == [0]
    bounds["count"][2] = 255  # it may as well wait for others
    assert len(sealing.choose_merge(bounds, final=True)[0]) == 0


def test_no_chunk_is_merged_beyond_the_highest_level() -> None:
    bounds = np.zeros(40, chunks.BOUNDS)
    bounds["count"], bounds["min_time"], bounds["max_time"] = 4096, 0, 10
    bounds["level"] = sealing.MAX_LEVEL
    assert len(sealing.choose_merge(bounds)[0]) == 0
    bounds["level"] -= 1
    chosen, level = sealing.choose_merge(bounds)
    assert (chosen.tolist(), level) == (list(range(8)), sealing.MAX_LEVEL)


def test_chunks_in_order_are_never_merged() -> None:
    bounds = np.zeros(300, chunks.BOUNDS)
    bounds["count"] = 4096
    bounds["min_time"] = np.arange(300) * 100
    bounds["max_time"] = bounds["min_time"] + 100  # each begins in the millisecond in which the last ended
    assert len(sealing.choose_merge(bounds)[0]) == 0
    bounds["min_time"] = bounds["max_time"] = 5  # or all in one millisecond
    assert len(sealing.choose_merge(bounds)[0]) == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(128, 4096), min_size=1, max_size=200), st.integers(0, 2**32))
def test_points_are_rewritten_a_small_constant_number_of_times(sizes: list[int], seed: int) -> None:
    """Chunks come one by one at any place in time; after each, all merges are done, as the duty does."""
    chance = random.Random(seed)
    held = np.empty(0, chunks.BOUNDS)
    came, rewritten = 0, 0
    for size in sizes:
        new = np.zeros(1, chunks.BOUNDS)
        new["count"], new["min_time"] = size, chance.randrange(10**6)
        new["max_time"] = new["min_time"] + chance.choice([0, 10, 10**6])
        held = np.concatenate([held, new])
        came += size
        while True:
            chosen, level = sealing.choose_merge(held)
            if not len(chosen):
                break
            taken = held[chosen]
            total = int(taken["count"].sum())
            rewritten += total
            made = np.zeros(-(-total // chunks.MAX_POINTS), chunks.BOUNDS)
            made["count"], made["level"] = chunks.MAX_POINTS, level
            made["count"][-1] = total - (len(made) - 1) * chunks.MAX_POINTS
            edges = np.linspace(taken["min_time"].min(), taken["max_time"].max(), len(made) + 1).astype("<i8")
            made["min_time"], made["max_time"] = edges[:-1], edges[1:]
            held = np.concatenate([np.delete(held, chosen), made])
    assert rewritten <= 6 * came
