"""Points read back equal what went in, and the summaries equal what plain Python says of them."""

import math
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from examples import EXAMPLES
from headrace.store import attempts, runs, series
from headrace.store.codes import decode, encode, encode_many
from headrace.store.connection import Connection
from headrace.store.contexts import intern_context
from headrace.store.engine import Store
from headrace.store.keys import intern_keys
from headrace.store.points import History, Points, parts_of, sample_points
from headrace.store.transaction import RunRef, Transaction
from store.points_model import Point, PointsModel, sample

NAN_WITH_PAYLOAD = decode(encode(math.nan) + 5)
VALUES = [0.0, -0.0, 1.0, -1.0, 5e-324, 1e308, math.inf, -math.inf, math.nan, NAN_WITH_PAYLOAD, -math.nan]
KEYS = ("loss", "val/acc")
CONTEXTS = (("", "", ""), ("m-1", "", ""), ("m-1", "data", "d1"))

small = st.integers(-2, 2)
whole = st.integers(-(2**63), 2**63 - 1)
values = st.sampled_from(VALUES) | st.floats()
points = st.tuples(small | st.sampled_from([0, 2**63 - 1]), small | whole, values.map(encode))
batches = st.tuples(
    st.sampled_from(KEYS), st.sampled_from(CONTEXTS), st.lists(points, min_size=1, max_size=12)
)
transactions = st.lists(
    st.tuples(st.booleans(), st.lists(batches, min_size=1, max_size=4)), min_size=1, max_size=5
)


def _new_run(store: Store) -> RunRef:
    def insert(tx: Transaction) -> RunRef:
        number = tx.row("SELECT count(*) FROM hr_run")
        assert number is not None
        return runs.insert_run(tx, (f"run{number[0]}", 7, "n", "u", 1_000, "a"))

    ref: RunRef = store.writer.call(insert)
    return ref


def _log(
    tx: Transaction, run: RunRef, key: str, context: tuple[str, str, str], batch: list[Point]
) -> tuple[int, int]:
    number = intern_context(tx, context) if any(context) else series.NO_CONTEXT
    key_id = intern_keys(tx, [key])[key]
    series.add_points(tx, run, key_id, number, batch)
    return key_id, number


def _stored_rows(store: Store, run: RunRef) -> dict[tuple[int, int], tuple[Any, ...]]:
    columns = "is_nan, latest_code, latest_step, latest_time, first_code, first_step, first_time, min_code, max_code, points, nans"
    with store.read() as conn:
        rows = conn.rows(
            f"SELECT key_id, context, {columns} FROM hr_series WHERE run = ? AND attempt = ?",
            (run.id, run.attempt),
        )
    return {(row[0], row[1]): row[2:] for row in rows}


def _listed(found: Points) -> list[Point]:
    return list(zip(found.times, found.steps, encode_many(found.values), strict=True))


def _read_all(conn: Connection, run: RunRef, key: int) -> list[Point]:
    history, found = History(conn, parts_of(conn, run.id, key)), []
    while history.more:
        found += _listed(history.take(1_000_000))
    return found


@settings(max_examples=50 * EXAMPLES, deadline=None)
@given(transactions)
def test_points_and_summaries_equal_plain_python(
    stores: tuple[Store, Store], plan: list[tuple[bool, list[tuple[str, tuple[str, str, str], list[Point]]]]]
) -> None:
    run, model = _new_run(stores[0]), PointsModel()

    def write(
        tx: Transaction, part: list[tuple[str, tuple[str, str, str], list[Point]]]
    ) -> list[tuple[int, int]]:
        return [_log(tx, run, *batch) for batch in part]

    for which, part in plan:
        places = stores[which].writer.call(lambda tx, part=part: write(tx, part))
        for (key, context), (_, _, batch) in zip(places, part, strict=True):
            model.add(key, context, batch)

    assert _stored_rows(stores[0], run) == model.rows()
    with stores[1].read() as conn:
        for key in model.list_keys():
            assert _read_all(conn, run, key) == model.history(key)
        latest = {row[1]: row[2:] for row in series.ask_latest_points(conn, [run.id])()}
    assert latest == {
        key: (row[1], row[3], row[2]) for (key, context), row in model.rows().items() if context == 0
    }


@settings(max_examples=40 * EXAMPLES, deadline=None)
@given(st.lists(points, min_size=1, max_size=40, unique=True), st.integers(1, 45), st.integers(1, 10))
def test_pages_and_samples_equal_plain_python(
    stores: tuple[Store, Store], batch: list[Point], limit: int, page: int
) -> None:
    run = _new_run(stores[0])
    key, _ = stores[0].writer.call(lambda tx: _log(tx, run, "paged", CONTEXTS[0], batch))
    with stores[0].read() as conn:
        parts = parts_of(conn, run.id, key)
        found: list[Point] = []
        place = None
        while True:
            history = History(conn, parts, place, page)
            part = _listed(history.take(page))
            assert len(part) == min(page, len(batch) - len(found))
            found += part
            place = history.place
            if not history.more:
                break
        assert found == sorted(batch)
        assert _listed(sample_points(conn, parts, None, limit)) == sample(batch, limit)
        inside = [point for point in batch if -1 <= point[1] <= 1]
        assert _listed(sample_points(conn, parts, (-1, 1), limit)) == sample(inside, limit)


def test_a_resent_batch_changes_nothing(store: Store, make_run: Callable[..., RunRef]) -> None:
    run = make_run(store)
    batch = [(time, time % 3, encode(value)) for time, value in enumerate(VALUES)]
    for _ in range(3):
        store.writer.call(lambda tx: _log(tx, run, "loss", CONTEXTS[1], list(batch)))
    rows = _stored_rows(store, run)
    assert {context: row[-2:] for (_, context), row in rows.items()} == {0: (11, 3), 1: (11, 3)}


def test_a_large_batch_of_which_most_is_known_counts_what_is_new(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    run = make_run(store)
    batch = [(time, time, encode(math.nan if time % 4 == 0 else float(time))) for time in range(400)]
    store.writer.call(lambda tx: _log(tx, run, "loss", CONTEXTS[1], batch[:300]))
    store.writer.call(lambda tx: _log(tx, run, "loss", CONTEXTS[1], list(batch)))
    store.writer.call(lambda tx: _log(tx, run, "loss", CONTEXTS[1], list(batch)))
    rows = _stored_rows(store, run)
    assert {context: row[-2:] for (_, context), row in rows.items()} == {0: (400, 100), 1: (400, 100)}
    with store.read() as conn:
        rows, sealed = conn.rows(
            "SELECT (SELECT COUNT(*) FROM hr_point), (SELECT SUM(sealed) FROM hr_series)"
        )[0]
    assert rows + sealed == 400


def test_the_same_point_twice_in_one_batch_is_one_point(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    run = make_run(store)
    store.writer.call(lambda tx: _log(tx, run, "loss", CONTEXTS[0], [(1, 1, encode(2.0))] * 5))
    assert [row[-2:] for row in _stored_rows(store, run).values()] == [(1, 0)]


def test_a_batch_that_was_handed_over_is_not_changed(store: Store, make_run: Callable[..., RunRef]) -> None:
    run, batch = make_run(store), [(1, 1, encode(2.0))]

    def log_twice(tx: Transaction) -> None:
        _log(tx, run, "loss", CONTEXTS[0], batch)
        _log(tx, run, "loss", CONTEXTS[0], [(2, 2, encode(3.0))])

    store.writer.call(log_twice)
    assert batch == [(1, 1, encode(2.0))]


def test_attempts_of_a_run_are_series_of_their_own(store: Store, make_run: Callable[..., RunRef]) -> None:
    first = make_run(store)
    begun = [
        store.writer.call(lambda tx, name=name: attempts.begin_attempt(tx, first, name, None, 0))
        for name in ("a", "b")
    ]
    assert begun == [(0, True), (1, True)]
    second = first._replace(attempt=1)
    for run, value in ((first, 1.0), (second, 2.0)):
        store.writer.call(
            lambda tx, run=run, value=value: _log(tx, run, "loss", CONTEXTS[0], [(1, 1, encode(value))])
        )
    assert [decode(row[1]) for row in _stored_rows(store, first).values()] == [1.0]
    assert [decode(row[1]) for row in _stored_rows(store, second).values()] == [2.0]


def test_the_series_of_a_context_are_listed_by_context(store: Store, make_run: Callable[..., RunRef]) -> None:
    run = make_run(store)
    for context in CONTEXTS:
        store.writer.call(lambda tx, context=context: _log(tx, run, "loss", context, [(1, 1, encode(1.0))]))
    with store.read() as conn:
        listed = conn.rows("SELECT context, series FROM hr_context_series ORDER BY context")
        made = conn.rows("SELECT context, id FROM hr_series WHERE context <> 0 ORDER BY context")
    assert len(listed) == 2
    assert listed == made


def test_batch_after_batch_of_one_series_is_one_summary(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    run, count = make_run(store), 20_000
    for start in range(0, count, 1_000):
        batch = [(n, n, encode(float(n))) for n in range(start, start + 1_000)]
        store.writer.call(lambda tx, batch=batch: _log(tx, run, "loss", CONTEXTS[0], batch))
    (row,) = _stored_rows(store, run).values()
    assert row[2] == count - 1
    assert (decode(row[7]), decode(row[8]), row[9]) == (0.0, count - 1.0, count)
