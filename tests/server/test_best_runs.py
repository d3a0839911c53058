"""experiments/best: the run that speaks for an experiment, and whose experiment it is."""

from collections.abc import Callable
from typing import Any

import pytest

Call = Callable[..., Any]
API = "/api/2.0/mlflow/"


def _experiment(call: Call, name: str, **tags: str) -> str:
    body = {
        "name": name,
        "tags": [{"key": key.replace("_", "."), "value": value} for key, value in tags.items()],
    }
    found: str = call("POST", f"{API}experiments/create", body=body).json["experiment_id"]
    return found


def _run(
    call: Call, experiment_id: str, metrics: dict[str, list[Any]], user: str = "ann", start: int = 1000
) -> str:
    body = {
        "experiment_id": experiment_id,
        "start_time": start,
        "user_id": user,
        "run_name": f"run of {user}",
    }
    run_id: str = call("POST", f"{API}runs/create", body=body).json["run"]["info"]["run_id"]
    points = [
        {"key": key, "value": value, "step": step, "timestamp": step}
        for key, values in metrics.items()
        for step, value in enumerate(values)
    ]
    assert call("POST", f"{API}runs/log-batch", body={"run_id": run_id, "metrics": points}).status == 200
    return run_id


def _best(call: Call, *ids: str) -> list[dict[str, Any]]:
    answer = call("POST", "/api/headrace/v1/experiments/best", body={"experiment_ids": list(ids)})
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json["experiments"]
    return found


def test_the_best_value_of_all_runs_and_the_one_who_began(call: Call) -> None:
    number = _experiment(call, "a")
    _run(call, number, {"val/loss": [3.0, 0.5, 0.9], "lr": [0.1]}, "bea", 5000)
    best = _run(call, number, {"val/loss": [0.25, 0.75], "train/acc": [0.9]}, "ann", 3000)
    _run(call, number, {"val/loss": ["NaN", "-Infinity"]}, "cas", 7000)
    (found,) = _best(call, number)
    assert found["owner"] == "ann"
    assert {key: found["best"][key] for key in ("key", "statistic", "value", "run_id", "run_name")} == {
        "key": "val/loss",
        "statistic": "min",
        "value": 0.25,
        "run_id": best,
        "run_name": "run of ann",
    }


def test_more_is_better_of_what_is_no_loss_and_of_equal_runs_the_older_one_is_named(call: Call) -> None:
    number = _experiment(call, "a")
    runs = [_run(call, number, {"test_accuracy": [value]}) for value in (0.5, 0.75, 0.75)]
    (found,) = _best(call, number)
    assert (found["best"]["statistic"], found["best"]["value"], found["best"]["run_id"]) == (
        "max",
        0.75,
        runs[1],
    )


def test_tags_name_the_owner_and_the_metric(call: Call) -> None:
    number = _experiment(call, "a", owner="dora", headrace_metric="max(metrics.`val/loss`)")
    other = _experiment(call, "b", headrace_metric="'); nothing")
    for each in (number, other):
        _run(call, each, {"val/loss": [3.0, 0.5], "acc": [0.5]})
    first, second = _best(call, number, other)
    assert (first["owner"], first["best"]["statistic"], first["best"]["value"]) == ("dora", "max", 3.0)
    assert (second["owner"], second["best"]["value"]) == ("ann", 0.5)


def test_a_metric_of_few_runs_does_not_speak_for_all(call: Call) -> None:
    number = _experiment(call, "a")
    for _ in range(3):
        _run(call, number, {"score": [0.5]})
    _run(call, number, {"score": [0.5], "val/accuracy": [0.9]})
    assert _best(call, number)[0]["best"]["key"] == "score"


def test_where_nothing_can_be_told_nothing_is(call: Call) -> None:
    empty, machine = _experiment(call, "a"), _experiment(call, "b")
    _run(call, machine, {"system/gpu_0_utilization": [0.5], "epoch": [1.0]}, "")
    nan = _experiment(call, "c")
    _run(call, nan, {"loss": ["NaN"]})
    assert [("best" in each, each.get("owner", "")) for each in _best(call, empty, machine, nan)] == [
        (False, ""),
        (False, ""),
        (False, "ann"),
    ]


def test_trash_does_not_count(call: Call) -> None:
    number = _experiment(call, "a")
    good, _ = _run(call, number, {"loss": [0.1]}), _run(call, number, {"loss": [0.2]})
    call("POST", f"{API}runs/delete", body={"run_id": good})
    assert _best(call, number)[0]["best"]["value"] == 0.2


@pytest.mark.parametrize(("ids", "status"), [(["12345"], 404), (["x"], 400), (["0"] * 201, 400)])
def test_what_cannot_be_answered_is_refused(call: Call, ids: list[str], status: int) -> None:
    answer = call("POST", "/api/headrace/v1/experiments/best", body={"experiment_ids": ids})
    assert answer.status == status
