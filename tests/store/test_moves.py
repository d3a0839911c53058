"""Moving runs: every row by which a search finds a run goes along, with its models and datasets, and nothing else does."""

from collections.abc import Callable
from typing import Any

import pytest

from headrace.api.endpoint import Tag
from headrace.api.inputs import Dataset, DatasetInput
from headrace.store import annotations, inputs, models, moves, runs, series
from headrace.store.contexts import intern_context
from headrace.store.engine import Store
from headrace.store.keys import intern_keys
from headrace.store.models import NewModel
from headrace.store.transaction import Kind, RunRef, Transaction

MakeRun = Callable[..., RunRef]
OLD, NEW = 3, 8


def _log(tx: Transaction, run: RunRef, number: int = 1) -> None:
    annotations.insert_params(tx, run, {f"p{number}": "0.1"})
    annotations.set_tags(tx, run, [Tag(key=f"t{number}", value="red")])
    key = intern_keys(tx, [f"loss{number}"])[f"loss{number}"]
    series.add_points(tx, run, key, 0, [(1, 1, 1)])
    series.add_points(tx, run, key, intern_context(tx, ("m-1", "", "")), [(2, 2, 2)])


def _move(store: Store, *runs_to_move: RunRef, target: int = NEW) -> None:
    store.writer.call(lambda tx: moves.move_runs(tx, runs_to_move, target))


def _rows(store: Store, sql: str, *params: Any) -> list[Any]:
    with store.read() as conn:
        return conn.rows(sql, params)


def _scopes(store: Store, run: RunRef) -> dict[str, set[int | None]]:
    return {
        table: {row[0] for row in _rows(store, f"SELECT scope FROM {table} WHERE {column} = ?", run.id)}
        for table, column in (("hr_run", "id"), ("hr_param", "run"), ("hr_tag", "run"), ("hr_series", "run"))
    }


def _expected(scope: int) -> dict[str, set[int | None]]:
    return {"hr_run": {scope}, "hr_param": {scope}, "hr_tag": {scope}, "hr_series": {scope, None}}


def test_a_run_takes_its_rows_along_and_its_neighbour_stays(store: Store, make_run: MakeRun) -> None:
    run, neighbour = make_run(store, "r1", OLD), make_run(store, "r2", OLD)
    for each in (run, neighbour):
        store.writer.call(lambda tx, each=each: _log(tx, each))
    _move(store, run)
    assert _scopes(store, run) == _expected(2 * NEW)
    assert _scopes(store, neighbour) == _expected(2 * OLD)
    with store.read() as conn:
        moved = runs.get_run(conn, "r1")
    assert (moved.experiment, moved.scope) == (NEW, 2 * NEW)
    assert moved == run._replace(experiment=NEW, scope=2 * NEW)


@pytest.mark.parametrize("goes_on", [False, True])
def test_what_was_logged_earlier_in_the_same_transaction_goes_along(
    store: Store, make_run: MakeRun, goes_on: bool
) -> None:
    run = make_run(store, "r1", OLD)

    def work(tx: Transaction) -> None:
        _log(tx, run)
        moves.move_runs(tx, [run], NEW)
        if goes_on:
            _log(tx, runs.get_run(tx, "r1"), 2)

    store.writer.call(work)
    assert _scopes(store, run) == _expected(2 * NEW)
    found = _rows(store, "SELECT COUNT(*), SUM(points) FROM hr_series WHERE scope = ?", 2 * NEW)
    assert found == [(2, 4) if goes_on else (1, 2)]


def test_followers_of_both_experiments_hear_of_a_move_even_if_the_run_was_written_to_before(
    store: Store, make_run: MakeRun
) -> None:
    run = make_run(store, "r1", OLD)

    def work(tx: Transaction) -> None:
        annotations.set_tags(tx, run, [Tag(key="t", value="v")])
        moves.move_runs(tx, [run], NEW)

    store.writer.call(work)
    changes = _rows(
        store, "SELECT kind, subject, experiment FROM hr_change WHERE clock = 2 ORDER BY experiment"
    )
    assert changes == [(Kind.RUN, run.id, OLD), (Kind.RUN, run.id, NEW)]


def _make_model(store: Store, model_id: str, experiment: int, run_id: str) -> models.ModelRef:
    new = NewModel(model_id, experiment, "model", "", run_id, "mlflow-artifacts:/m", 5)
    made: models.ModelRef = store.writer.call(lambda tx: models.insert_model(tx, new))
    return made


def test_a_run_takes_its_models_along_deleted_ones_too_but_not_those_that_lie_elsewhere(
    store: Store, make_run: MakeRun
) -> None:
    run = make_run(store, "r1", OLD)
    make_run(store, "r2", OLD)
    _make_model(store, "m-own", OLD, "r1")
    deleted = _make_model(store, "m-deleted", OLD, "r1")
    _make_model(store, "m-elsewhere", 5, "r1")
    _make_model(store, "m-other", OLD, "r2")
    store.writer.call(lambda tx: models.update_deleted(tx, deleted, 9))
    _move(store, run)
    found = dict(
        _rows(store, "SELECT model_id, scope FROM hr_model WHERE 2 * experiment IN (scope, scope - 1)")
    )
    assert found == {
        "m-own": 2 * NEW,
        "m-deleted": 2 * NEW + 1,
        "m-elsewhere": 10,
        "m-other": 2 * OLD,
    }
    heard = _rows(store, "SELECT experiment FROM hr_change WHERE kind = ? AND clock = 8", int(Kind.MODEL))
    assert sorted(heard) == [(OLD,), (OLD,), (NEW,), (NEW,)]


def _use(store: Store, run: RunRef, *names: str) -> None:
    used = [
        DatasetInput(
            dataset=Dataset(name=name, digest="d", source_type="local", source="s", schema="{}"),
            tags=[Tag(key="mlflow.data.context", value=name.upper())],
        )
        for name in names
    ]
    store.writer.call(lambda tx: inputs.insert_datasets(tx, run, used))


def test_datasets_are_those_of_the_new_experiment_and_look_as_before(store: Store, make_run: MakeRun) -> None:
    run, stays, there = make_run(store, "r1", OLD), make_run(store, "r2", OLD), make_run(store, "r3", NEW)
    _use(store, there, "train")
    _use(store, run, "train", "test")
    _use(store, stays, "test")
    with store.read() as conn:
        before = inputs.run_inputs(conn, [run.id, stays.id, there.id])
    _move(store, run)
    with store.read() as conn:
        assert inputs.run_inputs(conn, [run.id, stays.id, there.id]) == before
        new, old = (
            [(s.name, s.context) for s in inputs.search_datasets(conn, [each])] for each in (NEW, OLD)
        )
    assert new == [("test", "TEST"), ("train", "TRAIN")]
    assert old == [("test", "TEST")]
    assert _rows(store, "SELECT COUNT(*) FROM hr_dataset WHERE experiment = ?", NEW) == [(2,)]


def test_a_run_that_goes_and_comes_back_is_as_it_was(store: Store, make_run: MakeRun) -> None:
    run = make_run(store, "r1", OLD)
    store.writer.call(lambda tx: _log(tx, run))
    _use(store, run, "train")
    with store.read() as conn:
        before = runs.build_runs(conn, [run.id], 0)
    _move(store, run)
    with store.read() as conn:
        moved = runs.get_run(conn, "r1")
    _move(store, moved, target=OLD)
    with store.read() as conn:
        assert runs.build_runs(conn, [run.id], 0) == before
    assert _scopes(store, run) == _expected(2 * OLD)
    assert _rows(store, "SELECT COUNT(*) FROM hr_dataset WHERE experiment = ?", OLD) == [(1,)]


def _nest(store: Store, child: RunRef, parent: str) -> None:
    store.writer.call(lambda tx: annotations.set_tags(tx, child, [Tag(key=moves.PARENT_TAG, value=parent)]))


def test_descendants_are_found_on_all_levels_in_all_experiments_and_once(
    store: Store, make_run: MakeRun
) -> None:
    made = {name: make_run(store, name, place) for place, name in enumerate("abcdex", start=1)}
    for child, parent in (("b", "a"), ("c", "b"), ("d", "b"), ("e", "d"), ("a", "e"), ("x", "nobody")):
        _nest(store, made[child], parent)

    def find(*names: str) -> list[int]:
        with store.read() as conn:
            return moves.add_descendants(conn, [made[name].id for name in names])

    assert sorted(find("b")) == sorted(made[name].id for name in "abcde")
    assert find("x") == [made["x"].id]
    assert sorted(find("x", "d", "d")) == sorted(made[name].id for name in "abcdex")


def test_without_nested_runs_there_are_no_descendants(store: Store, make_run: MakeRun) -> None:
    run = make_run(store, "a", 1)
    with store.read() as conn:
        assert moves.add_descendants(conn, [run.id, run.id]) == [run.id]


def test_experiments_below_a_path_are_not_those_that_only_begin_like_it(store: Store) -> None:
    rows = ["a", "a/b", "a/b/c", "a-b", "a0", "ab", "a.b", "A/b", "b/a"]
    store.writer.call(
        lambda tx: tx.change_many(
            "INSERT INTO hr_experiment (name, artifact_location, deleted, created_at, updated_at) VALUES (?, '', 0, 0, 0)",
            [(name,) for name in rows],
        )
    )
    with store.read() as conn:
        assert [name for _, name in moves.experiments_below(conn, "a")] == ["a", "a/b", "a/b/c"]
        assert [name for _, name in moves.experiments_below(conn, "a/b")] == ["a/b", "a/b/c"]
        assert moves.experiments_below(conn, "a%") == []
