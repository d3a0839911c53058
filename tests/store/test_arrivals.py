"""Batches of MLflow's wire, new, sent again, and overlapping: histories and counts are right, whether they become rows or chunks."""

import math
import random
from collections.abc import Callable

import pytest

from headrace.store import runs, series
from headrace.store.codes import HIGHEST, LOWEST, encode
from headrace.store.engine import Store
from headrace.store.keys import intern_keys
from headrace.store.points import History, parts_of
from headrace.store.transaction import RunRef, Transaction

Point = tuple[int, int, int]
Batch = dict[str, list[Point]]

KEYS = [f"k{number}" for number in range(8)]


def _log(store: Store, run: RunRef, *batches: Batch) -> None:
    """Log batches, all in one transaction."""

    def work(tx: Transaction) -> None:
        for batch in batches:
            held = runs.get_run(tx, run.run_id)
            keys = intern_keys(tx, batch)
            for name, points in batch.items():
                series.add_points(tx, held, keys[name], series.NO_CONTEXT, points)

    store.writer.call(work)


def _check(store: Store, run: RunRef, *batches: Batch) -> None:
    """Check histories and counts against sets of points."""
    with store.read() as conn:
        names = dict(conn.rows("SELECT id, name FROM hr_key"))
        rows = conn.rows("SELECT key_id, points, nans FROM hr_series WHERE run = ?", (run.id,))
        counts = {names[key]: (points, nans) for key, points, nans in rows}
        for key, name in names.items():
            points = sorted({point for batch in batches for point in batch.get(name, ())})
            history = History(conn, parts_of(conn, run.id, key))
            found: list[Point] = []
            while history.more:
                piece = history.take(10_000)
                found += zip(piece.times, piece.steps, map(encode, piece.values), strict=True)
            assert found == points, name
            nans = sum(not LOWEST <= code <= HIGHEST for _, _, code in points)
            assert counts.get(name, (0, 0)) == (len(points), nans), name


def _make(first: int, count: int, seed: int = 1) -> Batch:
    chance = random.Random(seed)
    return {
        key: [(1_000 + step, step, encode(chance.random())) for step in range(first, first + count)]
        for key in KEYS
    }


def test_a_batch_that_is_sent_again_at_once_changes_nothing(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    run = make_run(store)
    first, second = _make(0, 50), _make(50, 50)
    _log(store, run, first)
    _log(store, run, second)
    for again in (first, second):
        _log(store, run, again)
        _check(store, run, first, second)
    _log(store, run, second, first, second)
    _check(store, run, first, second)


def test_batches_that_overlap_are_counted_once_where_they_are_equal(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    run = make_run(store)
    whole = _make(0, 100)
    first = {key: points[:60] for key, points in whole.items()}
    second = {key: points[40:] for key, points in whole.items()}
    others = _make(0, 100, seed=2)
    _log(store, run, first)
    _log(store, run, second)
    _check(store, run, whole)
    _log(store, run, others)
    _check(store, run, whole, others)
    _log(store, run, whole, others)
    _check(store, run, whole, others)


@pytest.mark.parametrize("count", [50, 300, 1000])
def test_a_batch_with_doubles_nans_and_steps_in_any_order_is_stored_once(
    store: Store, make_run: Callable[..., RunRef], count: int
) -> None:
    run = make_run(store)
    batch = _make(0, count)
    batch["k0"] = batch["k0"][::-1]
    batch["k1"] = [*batch["k1"], *batch["k1"][:7]]
    batch["k2"] = [
        (time, step, encode(math.nan) if step % 9 == 4 else code) for time, step, code in batch["k2"]
    ]
    batch["k3"] = [(5_000 - time, step, code) for time, step, code in batch["k3"]]
    batch["k4"] = [(7, 3, encode(2.5))] * count
    for _ in range(3):
        _log(store, run, batch)
        _check(store, run, batch)


def test_points_one_by_one_before_and_after_batches_are_all_there(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    run = make_run(store)
    chance = random.Random(9)
    sent: list[Batch] = []
    step = 0
    for _ in range(25):
        match chance.randrange(4):
            case 0:
                batch = _make(step, 60, seed=step)
                step += 60
            case 1:
                batch = {chance.choice(KEYS): [(step, step, encode(0.5))]}
                step += 1
            case 2 if sent:
                batch = chance.choice(sent)
            case _:
                begin = chance.randrange(step + 1)
                batch = {chance.choice(KEYS): [(begin, begin, encode(chance.random()))]}
        sent.append(batch)
        _log(store, run, batch)
    _check(store, run, *sent)  # no single point equals one of a batch, so that all counts are exact


def test_a_series_longer_than_a_chunk_may_come_in_one_transaction(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    run = make_run(store)
    batches = [_make(first, 1000, seed=first) for first in range(0, 6000, 1000)]
    _log(store, run, *batches)
    _check(store, run, *batches)
    _log(store, run, batches[2])
    _check(store, run, *batches)


@pytest.mark.databases("postgresql", reason="elsewhere rows of the tail are cheap")
def test_a_batch_of_new_points_leaves_no_rows_in_the_tail(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    run = make_run(store)
    batch = _make(0, 50)
    for _ in range(2):
        _log(store, run, batch)
        with store.read() as conn:
            assert conn.rows("SELECT count(*) FROM hr_point") == [(0,)]
            assert conn.rows("SELECT DISTINCT points, sealed FROM hr_series") == [(50, 50)]
