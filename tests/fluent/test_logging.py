"""Metrics, params and tags: what is taken, what comes back, what becomes of what the server refuses."""

import math
import os
import time
from typing import Any

import numpy as np
import pytest

from headrace.base.errors import HeadraceWarning, InvalidParameter, NotFound, NotStored
from headrace.client import Client
from headrace.client.entities import Dataset, LoggedModelOutput
from headrace.fluent import plans
from headrace.fluent.inputs import log_outputs
from headrace.fluent.ledger import get_ledger
from headrace.fluent.logging import (
    delete_tag,
    flush_async_logging,
    log_metric,
    log_metrics,
    log_param,
    log_params,
    set_tag,
    set_tags,
)
from headrace.fluent.operations import RunOperations
from headrace.fluent.runs import end_run, get_run, start_run
from headrace.fluent.state import flush_all

BAD_KEY = "a\\b"


def history(client: Client, run_id: str, key: str) -> list[tuple[int, float]]:
    assert flush_all(20)
    return [(point.step, float(point.value)) for point in client.metrics.history(run_id, key)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0),
        (True, 1.0),
        ("2.5", 2.5),
        (np.float32(0.5), 0.5),
        (np.array(3), 3.0),
        (math.inf, math.inf),
        (-math.inf, -math.inf),
        (1e-320, 1e-320),
    ],
)
def test_a_value_may_be_any_number(client: Client, value: Any, expected: float) -> None:
    with start_run() as run:
        log_metric("m", value, step=np.int64(2))  # type: ignore[arg-type]
    assert history(client, run.run_id, "m") == [(2, expected)]


def test_nan_is_kept(client: Client) -> None:
    with start_run() as run:
        log_metric("m", math.nan)
    assert math.isnan(history(client, run.run_id, "m")[0][1])


@pytest.mark.parametrize("value", [None, "many", [1.0], object()])
def test_what_is_no_number_is_refused_at_once(client: Client, value: Any) -> None:
    with start_run() as run:
        with pytest.raises(InvalidParameter, match="is no number"):
            log_metric("m", value)
        with pytest.raises(InvalidParameter, match="is no number"):
            log_metrics({"good": 1.0, "m": value})
    assert flush_all(20)
    assert not client.runs.get(run.run_id).data.metrics


@pytest.mark.parametrize("key", [None, 3])
def test_a_key_that_is_no_text_is_refused_at_once(uri: str, key: Any) -> None:
    with start_run():
        with pytest.raises(InvalidParameter):
            log_params({key: 1})
        with pytest.raises(InvalidParameter):
            set_tags({key: 1})
        with pytest.raises(InvalidParameter):
            log_metrics({key: 1})
        with pytest.raises(InvalidParameter):
            log_metric(key, 1.0)


@pytest.mark.parametrize("step", [1.5, "2"])
def test_a_step_that_is_no_integer_is_refused(uri: str, step: Any) -> None:
    with start_run(), pytest.raises(InvalidParameter, match="step"):
        log_metric("m", 1.0, step=step)


def test_equal_points_are_all_kept(client: Client) -> None:
    with start_run() as run:
        for _ in range(2500):
            log_metric("m", 1.0)
    assert flush_all(20)
    counts = get_ledger(run.run_id).writers
    assert sum(each.stored for each in counts) >= 2500
    assert len(history(client, run.run_id, "m")) == 2500


def test_points_have_the_time_that_is_given_or_now(client: Client) -> None:
    before = time.time_ns() // 1_000_000
    with start_run() as run:
        log_metric("m", 1.0, timestamp=1234)
        log_metrics({"a": 1.0, "b": 2}, step=4, timestamp=99)
        log_metric("now", 1.0)
    assert flush_all(20)
    metrics = {each.key: each for each in client.runs.get(run.run_id).data.metrics or ()}
    assert (metrics["m"].timestamp, metrics["a"].timestamp, metrics["b"].step) == (1234, 99, 4)
    assert before <= metrics["now"].timestamp <= time.time_ns() // 1_000_000


def test_values_of_params_and_tags_become_text(client: Client) -> None:
    with start_run() as run:
        assert log_param("none", None) is None
        assert log_param("list", [1, "a"]) == [1, "a"]
        log_params({"flag": True, "rate": 0.1})
        set_tags({"n": 5})
    found = get_run(run.run_id)
    assert found.data.params == {"none": "None", "list": "[1, 'a']", "flag": "True", "rate": "0.1"}
    assert found.data.tags["n"] == "5"


def test_a_param_that_changes_is_refused_at_once_and_none_of_its_call_is_logged(uri: str) -> None:
    with start_run() as run:
        log_params({"a": 1, "b": 2})
        log_param("a", 1)
        with pytest.raises(InvalidParameter, match=r"Param with key='a' was already logged with value='1'"):
            log_params({"c": 3, "a": 2})
    assert get_run(run.run_id).data.params == {"a": "1", "b": "2"}


def test_more_params_than_mlflow_takes_at_once_are_all_stored(uri: str) -> None:
    with start_run() as run:
        log_params({f"p{i}": i for i in range(250)})
        set_tags({f"t{i}": i for i in range(250)})
        log_metrics({f"m{i}": i for i in range(2500)})
    found = get_run(run.run_id)
    assert len(found.data.params) == 250
    assert sum(key.startswith("t") for key in found.data.tags) == 250
    assert len(found.data.metrics) == 2500


def test_a_tag_can_be_set_again_and_deleted(uri: str) -> None:
    with start_run() as run:
        set_tag("a", 1)
        set_tag("a", 2)
        assert get_run(run.run_id).data.tags["a"] == "2"
        delete_tag("a")
        assert "a" not in get_run(run.run_id).data.tags
        with pytest.raises(NotFound, match="a"):
            delete_tag("a")


def test_a_run_that_is_not_active_can_be_logged_to(client: Client) -> None:
    made = client.runs.create("0").info.run_id
    with start_run() as active:
        log_metric("m", 1.0, run_id=made)
        log_metrics({"n": 2.0}, run_id=made)
        log_params({"p": 3}, run_id=made)
    found = get_run(made)
    assert found.data.metrics == {"m": 1.0, "n": 2.0}
    assert found.data.params == {"p": "3"}
    assert found.info.status == "RUNNING"
    assert not get_run(active.run_id).data.metrics


def test_logging_to_a_run_that_nobody_knows_is_refused(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "APPEAR_S", 0.2)
    with pytest.raises(NotFound):
        log_metric("m", 1.0, run_id="f" * 32)


def test_logging_to_a_deleted_run_is_refused(client: Client) -> None:
    made = client.runs.create("0").info.run_id
    client.runs.delete(made)
    with pytest.raises(InvalidParameter, match="deleted"):
        log_metric("m", 1.0, run_id=made)


def test_metrics_of_a_model_and_a_dataset_belong_to_both(client: Client) -> None:
    dataset = Dataset("numbers", "0123abcd", "local", "{}")
    with start_run() as run:
        model = client.models.create("0", name="a", source_run_id="").info.model_id
        for step in range(3):
            log_metric("m", step, step=step, model_id=model, dataset=dataset)
    found = get_run(run.run_id)
    assert found.inputs is not None
    assert [each.dataset.name for each in found.inputs.dataset_inputs] == ["numbers"]
    assert [each.model_id for each in found.inputs.model_inputs or ()] == [model]
    (latest,) = client.models.get(model).data.metrics or ()
    assert (latest.key, latest.step, latest.dataset_name, latest.dataset_digest) == (
        "m",
        2,
        "numbers",
        "0123abcd",
    )


def test_metrics_at_the_step_of_an_output_belong_to_that_model(client: Client) -> None:
    model = client.models.create("0", name="a").info.model_id
    with start_run():
        log_outputs([LoggedModelOutput(model, 4)])
        log_metric("at", 1.0, step=4)
        log_metric("elsewhere", 1.0, step=5)
    assert flush_all(20)
    assert [each.key for each in client.models.get(model).data.metrics or ()] == ["at"]


def test_the_model_of_the_environment_is_what_metrics_belong_to(client: Client) -> None:
    os.environ["MLFLOW_ACTIVE_MODEL_ID"] = model = client.models.create("0", name="a").info.model_id
    with start_run():
        log_metric("m", 1.0)
        log_metrics({"n": 2.0})
    assert flush_all(20)
    assert sorted(each.key for each in client.models.get(model).data.metrics or ()) == ["m", "n"]


def test_a_synchronous_call_waits_until_all_is_stored(client: Client) -> None:
    with start_run() as run:
        assert log_metric("m", 1.0, synchronous=True) is None
        assert [each.key for each in client.runs.get(run.run_id).data.metrics or ()] == ["m"]
        assert log_param("p", 1, synchronous=True) == 1
        assert [each.key for each in client.runs.get(run.run_id).data.params or ()] == ["p"]
        set_tag("t", 1, synchronous=True)


def test_a_synchronous_call_raises_what_the_server_refuses(uri: str) -> None:
    with start_run():
        with pytest.raises(InvalidParameter, match="Invalid metric name"):
            log_metric(BAD_KEY, 1.0, synchronous=True)
        with pytest.raises(InvalidParameter, match="Invalid tag name"):
            set_tag(BAD_KEY, 1, synchronous=True)


def test_an_operation_can_be_waited_for(client: Client) -> None:
    with start_run() as run:
        operations = log_metric("m", 1.0, synchronous=False)
        assert isinstance(operations, RunOperations)
        operations.wait()
        assert [each.key for each in client.runs.get(run.run_id).data.metrics or ()] == ["m"]
        for log in (log_param, set_tag):
            refused = log(BAD_KEY, 1, synchronous=False)
            with pytest.raises(InvalidParameter, match="Invalid"):
                refused.wait()


def test_the_environment_may_ask_for_operations(uri: str) -> None:
    os.environ["MLFLOW_ENABLE_ASYNC_LOGGING"] = "true"
    with start_run():
        assert isinstance(log_metric("m", 1.0), RunOperations)
        assert isinstance(log_param("p", 1), RunOperations)
        assert log_metric("m", 1.0, synchronous=True) is None


def test_what_the_server_refuses_is_a_warning_at_the_next_call(uri: str) -> None:
    with start_run():
        log_metric(BAD_KEY, 1.0)
        flush_async_logging()
        with pytest.warns(HeadraceWarning, match="Invalid metric name") as told:
            log_metric("m", 1.0)
        assert told[0].filename == __file__
        log_metric("m", 2.0)  # it is told once


def test_what_the_server_refuses_is_a_warning_at_the_end(uri: str) -> None:
    start_run()
    log_metric(BAD_KEY, 1.0)
    flush_async_logging()
    with pytest.warns(HeadraceWarning, match="Invalid metric name"):
        end_run()


def test_a_strict_run_raises_at_the_next_call(uri: str) -> None:
    with start_run(strict=True) as run:
        log_metric(BAD_KEY, 1.0)
        flush_async_logging()
        with pytest.raises(NotStored, match="Invalid metric name"):
            log_metric("m", 1.0)
        log_metric("m", 2.0)
    assert get_run(run.run_id).data.metrics == {"m": 2.0}


def test_a_strict_run_raises_at_its_end(uri: str) -> None:
    os.environ["HEADRACE_STRICT"] = "true"
    with pytest.raises(NotStored, match="Invalid metric name"), start_run() as run:
        log_metric(BAD_KEY, 1.0)
    assert get_run(run.run_id).info.status == "FINISHED"


def test_the_error_that_ends_a_strict_run_is_not_hidden(uri: str) -> None:
    def work() -> None:
        with start_run(strict=True):
            log_metric(BAD_KEY, 1.0)
            flush_async_logging()
            raise ZeroDivisionError

    with pytest.warns(HeadraceWarning, match="Invalid"), pytest.raises(ZeroDivisionError):
        work()


def test_the_ledger_tells_what_became_of_each_record(uri: str) -> None:
    with start_run() as run:
        log_metric("m", 1.0)
        log_metric(BAD_KEY, 1.0)
        log_param("p", 1)
        ledger = run.ledger()
        assert [(each.what, each.count) for each in ledger.rejections]
        assert sum(each.rejected for each in ledger.writers) == 1
        assert sum(each.stored for each in ledger.writers) >= 3
        with pytest.warns(HeadraceWarning, match="Invalid metric name"):
            log_metric("m", 1.0)
