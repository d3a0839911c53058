"""The difference of runs: packages, datasets, leases; many runs; and that a row differs exactly when two of its cells do."""

import json
import math
from collections.abc import Callable

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from examples import EXAMPLES
from headrace.api.endpoint import Tag
from headrace.api.inputs import Dataset, DatasetInput
from headrace.store import annotations, codes, environments, inputs, leases, runs, series
from headrace.store.engine import Store, open_store
from headrace.store.keys import intern_keys
from headrace.store.run_diff import TextRow, compare_metrics, compare_texts
from headrace.store.transaction import RunRef, Transaction

VALUES = (0.0, -0.0, 1.0, math.nan, math.inf)
NUMBERS = ("1", "1.0", "1e0", "2", "one", "nan", "NaN")


def compare(store: Store, made: list[RunRef], now: int = 0) -> dict[tuple[str, str], TextRow]:
    with store.read() as conn:
        return {(row.section, row.key): row for row in compare_texts(conn, [run.id for run in made], now)}


def test_packages_are_those_of_the_last_attempt(store: Store, make_run: Callable[..., RunRef]) -> None:
    made = [make_run(store, name) for name in "abc"]
    one = {"python": "3.11.7", "platform": "Linux", "packages": {"numpy": "2.0", "old": "1"}}
    two = {"python": "3.11.7", "platform": "Linux", "packages": {"numpy": "2.1"}}

    def write(tx: Transaction) -> None:
        environments.set_environment(tx, made[0], json.dumps(one))
        environments.set_environment(tx, made[1], json.dumps(one))
        environments.set_environment(tx, made[1]._replace(attempt=1), json.dumps(two))

    store.writer.call(write)
    found = compare(store, made)
    assert found["packages", "numpy"].texts == ["2.0", "2.1", None]
    assert found["packages", "old"].texts == ["1", None, None]
    assert found["packages", "python"].texts == ["3.11.7", "3.11.7", None]
    assert found["packages", "numpy"].differs
    assert not compare(store, made[:2])["packages", "python"].differs


def test_datasets_are_compared_by_name_and_context(store: Store, make_run: Callable[..., RunRef]) -> None:
    made = [make_run(store, name) for name in "ab"]

    def use(run: RunRef, name: str, digest: str, context: str) -> None:
        tags = [Tag(key="mlflow.data.context", value=context)] if context else []
        used = DatasetInput(tags=tags, dataset=Dataset(name=name, digest=digest))
        store.writer.call(lambda tx: inputs.insert_datasets(tx, run, [used]))

    use(made[0], "mnist", "d1", "training")
    use(made[1], "mnist", "d2", "training")
    use(made[0], "mnist", "d3", "eval")
    use(made[0], "wine", "d5", "")
    use(made[0], "wine", "d4", "")
    found = {key: row.texts for key, row in compare(store, made).items() if key[0] == "datasets"}
    assert found == {
        ("datasets", "mnist (eval)"): ["d3", None],
        ("datasets", "mnist (training)"): ["d1", "d2"],
        ("datasets", "wine"): ["d4, d5", None],
    }


def test_a_lost_run_differs_from_one_that_runs(store: Store, make_run: Callable[..., RunRef]) -> None:
    made = [make_run(store, name) for name in "ab"]
    store.writer.call(lambda tx: leases.renew(tx, made[1], 1_000, 1_000))
    assert compare(store, made, now=999)["attributes", "status"].texts == ["RUNNING", "RUNNING"]
    row = compare(store, made, now=1_001)["attributes", "status"]
    assert (row.texts, row.differs) == (["RUNNING", "LOST"], True)


def test_deleted_runs_can_be_compared(store: Store, make_run: Callable[..., RunRef]) -> None:
    made = [make_run(store, name) for name in "ab"]
    store.writer.call(lambda tx: runs.update_deleted(tx, [(made[0].id, 1)], deleted=True, now=1))
    assert compare(store, made)["attributes", "lifecycle_stage"].texts == ["deleted", "active"]


@settings(
    max_examples=10 * EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    params=st.lists(st.sampled_from([None, *NUMBERS]), min_size=2, max_size=5),
    values=st.lists(st.lists(st.sampled_from(VALUES), max_size=2), min_size=5, max_size=5),
)
def test_a_row_differs_exactly_when_two_cells_do(
    make_database: Callable[..., str], params: list[str | None], values: list[list[float]]
) -> None:
    store = open_store(make_database())
    try:
        made = [_make(store, number, value, values[number]) for number, value in enumerate(params)]
        found = compare(store, made).get(("params", "p"))
        with store.read() as conn:
            metrics = compare_metrics(conn, [run.id for run in made])
    finally:
        store.close()
    if found is not None:
        numbers = {"1": 1.0, "1.0": 1.0, "1e0": 1.0, "2": 2.0}
        same_number = (
            all(value in numbers for value in params) and len({numbers[str(v)] for v in params}) == 1
        )
        assert found.texts == params
        assert found.differs == (len(set(params)) > 1 and not same_number)
        assert found.respelled == (len(set(params)) > 1 and same_number)
    else:
        assert set(params) == {None}
    logged = values[: len(params)]
    if not any(logged):
        assert metrics == []
        return
    (row,) = metrics
    assert row.present.tolist() == [bool(each) for each in logged]
    for at, each in enumerate(logged):
        if each:
            numbers_of = [value for value in each if not math.isnan(value)]
            assert _same(row.latest[at], each[-1])
            assert _same(row.min[at], min(numbers_of, default=math.nan))
            assert _same(row.max[at], max(numbers_of, default=math.nan))
    columns = [row.latest.tolist(), row.min.tolist(), row.max.tolist()]
    same = row.present.all() and all(_same(value, column[0]) for column in columns for value in column)
    assert row.differs == (not same)


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _make(store: Store, number: int, param: str | None, values: list[float]) -> RunRef:
    def write(tx: Transaction) -> RunRef:
        run = runs.insert_run(tx, (f"r{number}", 1, "n", "u", 1, "mlflow-artifacts:/1"))
        annotations.insert_params(tx, run, {} if param is None else {"p": param})
        points = [(step, step, codes.encode(value)) for step, value in enumerate(values)]
        if points:
            series.add_points(tx, run, intern_keys(tx, ["m"])["m"], series.NO_CONTEXT, points)
        return run

    found: RunRef = store.writer.call(write)
    return found


def test_many_runs_stay_in_the_order_asked_for(store: Store, make_run: Callable[..., RunRef]) -> None:
    made = [make_run(store, f"r{number}") for number in range(300)]
    chosen = made[::-2]

    def write(tx: Transaction) -> None:
        key = intern_keys(tx, ["m"])["m"]
        for run in made:
            series.add_points(tx, run, key, series.NO_CONTEXT, [(1, 1, codes.encode(float(run.id)))])

    store.writer.call(write)
    with store.read() as conn:
        (row,) = compare_metrics(conn, [run.id for run in chosen])
    assert np.array_equal(row.latest, [float(run.id) for run in chosen])
