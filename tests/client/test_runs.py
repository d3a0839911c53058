"""Runs, their metrics and inputs through the client, over HTTP and in this process."""

import math
import time

import pytest

from headrace.api.experiments import ViewType
from headrace.api.inputs import Dataset, DatasetInput, ModelInput, ModelOutput
from headrace.api.metrics import Metric
from headrace.api.runs import Run, RunStatus
from headrace.base.errors import InvalidParameter, NotFound
from headrace.base.ids import new_run_id
from headrace.client import Client


@pytest.fixture
def experiment_id(client: Client) -> str:
    return client.experiments.create(new_run_id())


@pytest.fixture
def run_id(client: Client, experiment_id: str) -> str:
    return client.runs.create(experiment_id).info.run_id


def _data(run: Run) -> tuple[dict[str, float], dict[str, str], dict[str, str]]:
    return (
        {metric.key: metric.value for metric in run.data.metrics or ()},
        {param.key: param.value for param in run.data.params or ()},
        {tag.key: tag.value for tag in run.data.tags or ()},
    )


def test_a_run_begins_now_by_the_clock_of_the_client(client: Client, experiment_id: str) -> None:
    before = time.time_ns() // 1_000_000
    run = client.runs.create(experiment_id, name="first", tags={"k": 1}, user_id="ann")
    assert before <= run.info.start_time <= time.time_ns() // 1_000_000
    assert (run.info.run_name, run.info.status, run.info.user_id) == ("first", RunStatus.RUNNING, "ann")
    assert _data(run)[2] == {"k": "1", "mlflow.runName": "first"}
    assert client.runs.create(experiment_id, start_time=0).info.start_time == 0


def test_a_run_needs_an_experiment(client: Client) -> None:
    with pytest.raises(NotFound):
        client.runs.create("987654321")
    with pytest.raises(InvalidParameter):
        client.runs.create("")


def test_an_unknown_run_is_not_found(client: Client) -> None:
    absent = new_run_id()
    for call in (client.runs.get, client.runs.delete, client.runs.restore, client.runs.finish):
        with pytest.raises(NotFound, match=absent):
            call(absent)
    with pytest.raises(InvalidParameter):
        client.runs.get("../x")


def test_finish_ends_a_run_with_status_and_time(client: Client, run_id: str) -> None:
    info = client.runs.finish(run_id, RunStatus.FAILED)
    assert info.status == RunStatus.FAILED
    assert info.end_time
    assert info.end_time >= info.start_time


def test_update_leaves_what_is_not_given(client: Client, run_id: str) -> None:
    client.runs.update(run_id, name="renamed")
    client.runs.update(run_id, end_time=17)
    info = client.runs.get(run_id).info
    assert (info.run_name, info.status, info.end_time) == ("renamed", RunStatus.RUNNING, 17)


def test_a_deleted_run_takes_nothing_until_it_is_restored(client: Client, run_id: str) -> None:
    client.runs.delete(run_id)
    client.runs.delete(run_id)
    with pytest.raises(InvalidParameter, match="deleted"):
        client.runs.log_metric(run_id, "m", 1)
    with pytest.raises(InvalidParameter, match="deleted"):
        client.runs.log_batch(run_id, params={"a": 1})
    client.runs.restore(run_id)
    client.runs.log_metric(run_id, "m", 1)
    assert _data(client.runs.get(run_id))[0] == {"m": 1.0}


def test_search_goes_through_all_pages_in_order(client: Client, experiment_id: str) -> None:
    for number in range(7):
        run_id = client.runs.create(experiment_id).info.run_id
        client.runs.log_metric(run_id, "loss", number % 4)
        client.runs.log_param(run_id, "number", number)
    found = client.runs.search([experiment_id], "metrics.loss < 3", ["metrics.loss DESC"], page_size=2)
    assert [_data(run)[0]["loss"] for run in found] == [2.0, 2.0, 1.0, 1.0, 0.0, 0.0]
    assert list(client.runs.search([])) == []
    deleted = next(client.runs.search([experiment_id], "params.number = '3'")).info.run_id
    client.runs.delete(deleted)
    only = client.runs.search([experiment_id], view=ViewType.DELETED_ONLY)
    assert [run.info.run_id for run in only] == [deleted]


def test_search_refuses_one_text_for_a_list_of_ids(client: Client) -> None:
    with pytest.raises(InvalidParameter, match=r"\['0'\]"):
        client.runs.search("0")


def test_values_of_other_kinds_become_floats(client: Client, run_id: str) -> None:
    class Scalar:
        def __float__(self) -> float:
            return 0.25

    class Step:
        def __index__(self) -> int:
            return 4

    client.runs.log_metric(run_id, "m", Scalar(), step=Step())  # type: ignore[arg-type]
    client.runs.log_metric(run_id, "m", True, step=1)
    client.runs.log_metric(run_id, "m", "2.5", step=2)
    client.runs.log_batch(run_id, [Metric(key="m", value=Scalar(), step=Step(), timestamp=Step())])  # type: ignore[arg-type]
    points = client.metrics.history(run_id, "m")
    assert sorted((point.step, point.value) for point in points) == [(1, 1.0), (2, 2.5), (4, 0.25), (4, 0.25)]


@pytest.mark.parametrize("value", [None, "much", [1], 10**400])
def test_what_is_no_number_is_no_metric(client: Client, run_id: str, value: object) -> None:
    with pytest.raises(InvalidParameter, match="'m' is no number"):
        client.runs.log_metric(run_id, "m", value)  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="'m' is no number"):
        client.runs.log_batch(run_id, [Metric(key="m", value=value, timestamp=0)])  # type: ignore[arg-type]
    assert _data(client.runs.get(run_id))[0] == {}


def test_a_step_is_a_64_bit_integer(client: Client, run_id: str) -> None:
    for step in (1.0, "1", None):
        with pytest.raises(InvalidParameter, match="step"):
            client.runs.log_metric(run_id, "m", 1, step=step)  # type: ignore[arg-type]
    for step in (2**63, -(2**63) - 1):
        with pytest.raises(InvalidParameter, match="step"):
            client.runs.log_metric(run_id, "m", 1, step=step)
    client.runs.log_metric(run_id, "m", 1, step=-(2**63))
    assert [point.step for point in client.metrics.history(run_id, "m")] == [-(2**63)]


def test_nan_and_infinities_are_kept(client: Client, run_id: str) -> None:
    client.runs.log_metric(run_id, "single", math.nan)
    values = [math.inf, -math.inf, math.nan]
    client.runs.log_batch(
        run_id, [Metric(key="batch", value=each, timestamp=0, step=n) for n, each in enumerate(values)]
    )
    assert math.isnan(_data(client.runs.get(run_id))[0]["single"])
    found = sorted(client.metrics.history(run_id, "batch"), key=lambda point: point.step)
    assert repr([float(point.value) for point in found]) == repr(values)


def test_a_param_keeps_its_value(client: Client, run_id: str) -> None:
    client.runs.log_param(run_id, "depth", 3)
    client.runs.log_param(run_id, "depth", "3")
    with pytest.raises(InvalidParameter, match="depth"):
        client.runs.log_param(run_id, "depth", 4)
    with pytest.raises(InvalidParameter, match="depth"):
        client.runs.log_params(run_id, {"depth": 4, "other": 1})
    assert _data(client.runs.get(run_id))[1] == {"depth": "3"}


def test_tags_are_set_and_deleted(client: Client, run_id: str) -> None:
    client.runs.set_tag(run_id, "a", None)
    assert _data(client.runs.get(run_id))[2]["a"] == "None"
    client.runs.delete_tag(run_id, "a")
    with pytest.raises(NotFound):
        client.runs.delete_tag(run_id, "a")


def test_a_batch_of_any_size_arrives(client: Client, run_id: str) -> None:
    metrics = [Metric(key=f"m{n % 3}", value=n / 7, step=n, timestamp=n) for n in range(2345)]
    params = {f"p{n}": n for n in range(250)}
    tags = {f"t{n}": n for n in range(110)}
    client.runs.log_batch(run_id, metrics, params, tags)
    found = _data(client.runs.get(run_id))
    assert found[1] == {key: str(value) for key, value in params.items()}
    assert found[2].items() >= {key: str(value) for key, value in tags.items()}.items()
    history = [point for key in ("m0", "m1", "m2") for point in client.metrics.history(run_id, key, 500)]
    assert sorted((p.step, p.value, p.key) for p in history) == [(p.step, p.value, p.key) for p in metrics]


def test_an_empty_batch_still_needs_its_run(client: Client, run_id: str) -> None:
    client.runs.log_batch(run_id)
    with pytest.raises(NotFound):
        client.runs.log_batch(new_run_id())


def test_a_refused_batch_leaves_nothing_of_itself(client: Client, run_id: str) -> None:
    with pytest.raises(InvalidParameter, match=r"\.\./x"):
        client.runs.log_batch(run_id, [Metric(key="good", value=1, timestamp=0)], {"../x": 1})
    assert _data(client.runs.get(run_id))[:2] == ({}, {})


def test_histories_of_many_runs_come_together(client: Client, experiment_id: str) -> None:
    run_ids = [client.runs.create(experiment_id).info.run_id for _ in range(103)]
    for run_id in (run_ids[0], run_ids[-1]):
        client.runs.log_batch(run_id, [Metric(key="m", value=n, step=n, timestamp=n) for n in range(50)])
    bulk = client.metrics.history_bulk(run_ids, "m", 20)
    assert [(point.run_id, point.step) for point in bulk] == [
        (run_id, step) for run_id in (run_ids[0], run_ids[-1]) for step in range(20)
    ]
    sampled = client.metrics.sampled(run_ids, "m", max_points=5)
    assert {(point.run_id, point.step) for point in sampled} >= {
        (run_id, step) for run_id in (run_ids[0], run_ids[-1]) for step in (0, 49)
    }
    assert len(sampled) < 20
    ranged = client.metrics.sampled(run_ids[:1], "m", start_step=10, end_step=12)
    assert [point.step for point in ranged] == [10, 11, 12]


def test_histories_refuse_what_makes_no_sense(client: Client, run_id: str) -> None:
    with pytest.raises(InvalidParameter, match="go together"):
        client.metrics.sampled([run_id], "m", start_step=1)
    with pytest.raises(InvalidParameter, match="max_results"):
        list(client.metrics.history(run_id, "m", page_size=0))
    with pytest.raises(InvalidParameter, match="give a list"):
        client.metrics.history_bulk(run_id, "m")
    assert list(client.metrics.history(run_id, "no such metric")) == []
    assert client.metrics.history_bulk([], "m") == []


def test_inputs_and_outputs_are_noted(client: Client, experiment_id: str, run_id: str) -> None:
    model_id = client.models.create(experiment_id, source_run_id=run_id).info.model_id
    dataset = Dataset(name="iris", digest="0123abcd", source_type="local", source="{}")
    client.runs.log_inputs(run_id, [DatasetInput(dataset=dataset)], [ModelInput(model_id=model_id)])
    client.runs.log_outputs(run_id, [ModelOutput(model_id=model_id, step=3)])
    run = client.runs.get(run_id)
    assert [each.dataset for each in run.inputs.dataset_inputs or ()] == [dataset]
    assert run.inputs.model_inputs == [ModelInput(model_id=model_id)]
    assert run.outputs
    assert run.outputs.model_outputs == [ModelOutput(model_id=model_id, step=3)]
    ids = [experiment_id, *(str(10**9 + number) for number in range(24))]
    assert [(each.name, each.digest) for each in client.datasets.search(ids)] == [("iris", "0123abcd")]


def test_inputs_of_an_unknown_run_are_refused(client: Client) -> None:
    with pytest.raises(NotFound):
        client.runs.log_inputs(new_run_id(), [DatasetInput(dataset=Dataset(name="iris"))])
