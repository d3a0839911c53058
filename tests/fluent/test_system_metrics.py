"""System metrics of real runs, looked at through a client that knows nothing of them."""

import time

import pytest

import headrace as hr

LOAD = "system/cpu_utilization_percentage"


def steps_of(run_id: str, key: str = LOAD) -> list[int]:
    return [metric.step for metric in hr.MlflowClient().get_metric_history(run_id, key)]


def test_a_run_that_asks_for_them_has_them(uri: str) -> None:
    hr.set_system_metrics_sampling_interval(0.1)
    with hr.start_run(log_system_metrics=True) as run:
        time.sleep(0.5)
    steps = steps_of(run.info.run_id)
    assert len(steps) >= 2
    assert steps == list(range(len(steps)))
    assert hr.get_run(run.info.run_id).data.metrics["system/disk_available_megabytes"] > 0


def test_the_switch_holds_for_all_runs_unless_one_says_otherwise(uri: str) -> None:
    hr.enable_system_metrics_logging()
    with hr.start_run() as run:
        pass
    with hr.start_run(log_system_metrics=False) as other:
        pass
    assert steps_of(run.info.run_id) == [0]
    assert steps_of(other.info.run_id) == []


def test_without_a_switch_there_are_none(uri: str) -> None:
    with hr.start_run() as run:
        pass
    assert not [key for key in hr.get_run(run.info.run_id).data.metrics if key.startswith("system/")]


def test_steps_continue_behind_the_last_one(uri: str) -> None:
    with hr.start_run() as run:
        hr.log_metric("system/gpu_0_power_usage_watts", 100.0, step=17)
        hr.log_metric("loss", 1.0, step=99)
    hr.flush_async_logging()
    with hr.start_run(run_id=run.info.run_id, log_system_metrics=True):
        pass
    assert steps_of(run.info.run_id) == [18]


def test_a_run_that_goes_on_without_any_begins_with_zero(uri: str) -> None:
    with hr.start_run() as run:
        hr.log_metric("loss", 1.0, step=99)
    with hr.start_run(run_id=run.info.run_id, log_system_metrics=True):
        pass
    assert steps_of(run.info.run_id) == [0]


def test_a_run_of_a_node_that_is_named_has_the_name_in_its_keys(uri: str) -> None:
    hr.set_system_metrics_node_id("left")
    with hr.start_run(log_system_metrics=True) as run:
        pass
    assert steps_of(run.info.run_id, "system/left/cpu_utilization_percentage") == [0]


@pytest.mark.parametrize("interval", [0, "often"])
def test_an_interval_that_makes_no_sense_is_refused_at_once(interval: float) -> None:
    with pytest.raises(hr.exceptions.MlflowException, match="number of seconds above 0"):
        hr.set_system_metrics_sampling_interval(interval)
