"""Steps of values: found wherever the points lie, of what is visible, and without reading chunks that cannot hold them."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from headrace.store import attempts, sealing, series
from headrace.store.chunks import MAX_POINTS
from headrace.store.codes import encode
from headrace.store.connection import Connection
from headrace.store.engine import Store
from headrace.store.keys import intern_keys
from headrace.store.points import parts_of
from headrace.store.step_columns import PARTS, find_steps
from headrace.store.transaction import RunRef, Transaction
from store.test_points_sealed import CountingConnection

MakeRun = Callable[..., RunRef]


def _log(store: Store, run: RunRef, values: dict[int, float], context: int = 0) -> None:
    points = [(step, step, encode(value)) for step, value in values.items()]

    def work(tx: Transaction) -> None:
        series.add_points(tx, run, intern_keys(tx, ["loss"])["loss"], context, points)

    store.writer.call(work)


def _seal(store: Store, run: RunRef) -> None:
    def work(tx: Transaction) -> None:
        for part in parts_of(tx, run.id, 1):
            while sealing.apply_tail(tx, part.series, 1, few=False):
                pass

    store.writer.call(work)


def _find(conn: Connection, *runs: RunRef) -> list[list[int | None]]:
    """Return the first step of the least, of the greatest, of a NaN, for each run."""
    ids = np.array([run.id for run in runs], np.int64)
    found = [find_steps(conn, ids, 1, part) for part in PARTS]
    by_part = [dict(zip(each.runs.tolist(), list(each.values), strict=True)) for each in found]
    return [[each.get(run.id) for each in by_part] for run in runs]


def _steps(store: Store, *runs: RunRef) -> list[list[int | None]]:
    with store.read() as conn:
        return _find(conn, *runs)


def test_of_equal_values_the_first_counts_sealed_or_not(store: Store, make_run: MakeRun) -> None:
    run = make_run(store)
    _log(store, run, {0: 1.0, 1: 0.5, 2: 0.5, 3: 2.0, 4: math.nan, 5: 2.0, 6: math.nan})
    assert _steps(store, run) == [[1, 3, 4]]
    _seal(store, run)
    assert _steps(store, run) == [[1, 3, 4]]
    _log(store, run, {7: 0.5, 8: 9.0, 9: math.nan})
    assert _steps(store, run) == [[1, 8, 4]]


def test_infinities_are_values_and_what_is_not_there_has_no_step(store: Store, make_run: MakeRun) -> None:
    runs = [make_run(store, f"r{at}") for at in range(4)]
    _log(store, runs[0], {3: math.inf, 4: 0.0, 5: -math.inf, 6: -math.inf})
    _log(store, runs[1], {3: math.nan, 4: math.nan})
    _log(store, runs[2], {7: 1.0})
    assert _steps(store, *runs) == [[5, 3, None], [None, None, 3], [7, 7, None], [None, None, None]]


def test_points_that_were_measured_on_a_model_count(store: Store, make_run: MakeRun) -> None:
    run = make_run(store)
    _log(store, run, {0: 1.0, 1: 2.0})

    def make_context(tx: Transaction) -> int:
        tx.change("INSERT INTO hr_context (model_id, dataset_name, dataset_digest) VALUES ('m-1', '', '')")
        row = tx.row("SELECT id FROM hr_context")
        assert row is not None
        return int(row[0])

    _log(store, run, {2: 0.5, 3: math.nan}, store.writer.call(make_context))
    assert _steps(store, run) == [[2, 1, 3]]
    _seal(store, run)
    assert _steps(store, run) == [[2, 1, 3]]


@pytest.mark.parametrize("sealed", [False, True])
def test_of_an_attempt_that_was_overtaken_only_what_is_visible_counts(
    store: Store, make_run: MakeRun, *, sealed: bool
) -> None:
    run, fork = make_run(store, "r1"), make_run(store, "r2")
    _log(store, run, {0: 5.0, 1: 4.0, 2: -9.0, 3: math.nan})
    if sealed:
        _seal(store, run)
    store.writer.call(lambda tx: attempts.begin_attempt(tx, run, "again", 2, 5))
    _log(store, run._replace(attempt=1), {2: 3.0, 3: 7.0})
    assert _steps(store, run) == [[2, 3, None]]
    assert store.writer.call(lambda tx: attempts.fork(tx, fork, run, 2))
    assert _steps(store, run, fork) == [[2, 3, None], [1, 0, None]]


def test_only_chunks_that_may_hold_the_value_are_read(store: Store, make_run: MakeRun) -> None:
    run = make_run(store)
    for start in range(0, 6 * MAX_POINTS, MAX_POINTS):
        _log(store, run, {step: float(step) for step in range(start, start + MAX_POINTS)})
        _seal(store, run)
    with store.read() as conn:
        counting = CountingConnection(conn)
        assert _find(counting, run) == [[0, 6 * MAX_POINTS - 1, None]]
        assert counting.chunks == 2
