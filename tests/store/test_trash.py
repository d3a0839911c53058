"""Deleting and restoring: every row by which a search finds a run follows it into the trash and back."""

from collections.abc import Callable
from functools import partial

from headrace.api.endpoint import Tag
from headrace.store import annotations, experiments, runs, series
from headrace.store.contexts import intern_context
from headrace.store.engine import Store
from headrace.store.keys import intern_keys
from headrace.store.transaction import Kind, RunRef, Transaction


def _fill(store: Store, run: RunRef) -> None:
    def work(tx: Transaction) -> None:
        annotations.insert_params(tx, run, {"lr": "0.1"})
        annotations.set_tags(tx, run, [Tag(key="team", value="red")])
        key = intern_keys(tx, ["loss"])["loss"]
        series.add_points(tx, run, key, 0, [(1, 1, 1)])
        series.add_points(tx, run, key, intern_context(tx, ("m-1", "", "")), [(2, 2, 2)])

    store.writer.call(work)


def _scopes(store: Store, run: RunRef) -> dict[str, set[int | None]]:
    with store.read() as conn:
        return {
            table: {row[0] for row in conn.rows(f"SELECT scope FROM {table} WHERE {column} = ?", (run.id,))}
            for table, column in (
                ("hr_run", "id"),
                ("hr_param", "run"),
                ("hr_tag", "run"),
                ("hr_series", "run"),
            )
        }


def _expected(scope: int) -> dict[str, set[int | None]]:
    return {"hr_run": {scope}, "hr_param": {scope}, "hr_tag": {scope}, "hr_series": {scope, None}}


def _move(store: Store, rows: list[tuple[int, int]], *, deleted: bool, now: int | None) -> None:
    store.writer.call(lambda tx: runs.update_deleted(tx, rows, deleted, now))


def test_a_run_takes_its_rows_along(store: Store, make_run: Callable[..., RunRef]) -> None:
    run, neighbour = make_run(store, "r1", 3), make_run(store, "r2", 3)
    for each in (run, neighbour):
        _fill(store, each)
    _move(store, [(run.id, 3)], deleted=True, now=77)
    assert _scopes(store, run) == _expected(7)
    assert _scopes(store, neighbour) == _expected(6)
    with store.read() as conn:
        found = runs.find_run(conn, "r1")
        assert found is not None
        assert found.deleted
    for deleted_at, there in ((None, [(neighbour.id, 3)]), (77, [(run.id, 3)]), (78, [])):
        assert (
            store.writer.call(partial(runs.lock_experiment_runs, experiment=3, deleted_at=deleted_at))
            == there
        )
    _move(store, [(run.id, 3)], deleted=False, now=None)
    assert _scopes(store, run) == _expected(6)
    with store.read() as conn:
        assert conn.row("SELECT deleted_at FROM hr_run WHERE id = ?", (run.id,)) == (None,)


def test_what_is_logged_to_a_run_in_the_trash_lies_there_too(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    run = make_run(store, "r1", 3)
    _move(store, [(run.id, 3)], deleted=True, now=1)
    with store.read() as conn:
        trashed = runs.get_run(conn, "r1")
    _fill(store, trashed)
    assert _scopes(store, run) == _expected(7)


def test_every_moved_run_is_a_change(store: Store, make_run: Callable[..., RunRef]) -> None:
    made = [make_run(store, f"r{number}", 3) for number in range(3)]
    _move(store, [(run.id, 3) for run in made], deleted=True, now=1)
    with store.read() as conn:
        changes = conn.rows(
            "SELECT kind, subject, experiment FROM hr_change WHERE clock = 4 ORDER BY subject"
        )
    assert changes == [(Kind.RUN, run.id, 3) for run in made]


def test_an_experiment_goes_and_comes_back(store: Store) -> None:
    number = store.writer.call(lambda tx: experiments.insert_experiment(tx, "e", "place", 5))
    for deleted in (True, False):
        store.writer.call(
            lambda tx, deleted=deleted: experiments.update_deleted(tx, number, deleted=deleted, now=9)
        )
        with store.read() as conn:
            assert experiments.get_row(conn, number) == (number, "e", "place", int(deleted), 5, 9)


def test_what_is_logged_in_the_transaction_that_deletes_goes_along(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    run = make_run(store, "r1", 3)

    def work(tx: Transaction) -> None:
        series.add_points(tx, run, intern_keys(tx, ["loss"])["loss"], 0, [(1, 1, 1)])
        runs.update_deleted(tx, [(run.id, 3)], deleted=True, now=77)

    store.writer.call(work)
    assert _scopes(store, run)["hr_series"] == {7}
