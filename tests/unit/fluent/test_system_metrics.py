"""Sampling: when it happens, what it gives, how it is switched."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil
import pytest

from headrace.base.errors import InvalidParameter, Unavailable
from headrace.fluent import system_metrics as metrics
from headrace.fluent.system_metrics.sampler import FindStep, Sampler, average

BASE = {
    "cpu_utilization_percentage",
    "system_memory_usage_megabytes",
    "system_memory_usage_percentage",
    "disk_usage_percentage",
    "disk_usage_megabytes",
    "disk_available_megabytes",
    "network_receive_megabytes",
    "network_transmit_megabytes",
}


@dataclass
class Log:
    """Keeps what is logged."""

    run_id: str = "r"
    points: list[tuple[str, float, int, int]] = field(default_factory=list)
    refuses: bool = False

    def log_point(self, key: str, value: float, step: int, time_ms: int) -> None:
        if self.refuses:
            raise Unavailable("The process is at its end.")
        self.points.append((key, value, step, time_ms))

    @property
    def steps(self) -> list[int]:
        return sorted({step for _, _, step, _ in self.points})

    @property
    def keys(self) -> set[str]:
        return {key for key, *_ in self.points}


@dataclass
class Run:
    """A run that keeps what is logged."""

    log: Log = field(default_factory=Log)


@pytest.fixture(autouse=True)
def _no_settings() -> Iterator[None]:
    before = dict(os.environ)
    variables = {name for setting in metrics.SETTINGS.values() for name in setting.names}
    for name in variables | {"LOCAL_RANK", "GROUP_RANK", "GROUP_WORLD_SIZE", "SLURM_NODEID", "SLURM_NNODES"}:
        os.environ.pop(name, None)
    yield
    os.environ.clear()
    os.environ.update(before)
    assert not [thread for thread in threading.enumerate() if isinstance(thread, Sampler)]


def sample(duration_s: float = 0.0, *, enabled: bool | None = True, find_step: FindStep | None = None) -> Log:
    run = Run()
    metrics.begin(run, enabled, find_step=find_step)
    time.sleep(duration_s)
    metrics.end(run)
    return run.log


def test_a_short_run_has_one_sample_of_everything() -> None:
    before = time.time() * 1000
    log = sample()
    assert log.keys == {"system/" + name for name in BASE}
    assert log.steps == [0]
    assert len(log.points) == len(BASE)
    assert all(before - 1000 <= at <= time.time() * 1000 for *_, at in log.points)


def test_values_are_those_that_the_system_tells() -> None:
    values = {key.removeprefix("system/"): value for key, value, *_ in sample(0.3).points}
    memory, disk = psutil.virtual_memory(), psutil.disk_usage("/")
    assert values["system_memory_usage_megabytes"] == pytest.approx(memory.used / 1e6, rel=0.2)
    assert values["system_memory_usage_percentage"] == pytest.approx(
        memory.used / memory.total * 100, rel=0.2
    )
    assert values["disk_available_megabytes"] == pytest.approx(disk.free / 1e6, rel=0.2)
    assert 0 <= values["cpu_utilization_percentage"] <= 100
    assert 0 <= values["network_receive_megabytes"] < 10_000


def test_load_is_measured_over_the_interval() -> None:
    run = Run()
    metrics.begin(run, enabled=True)
    end = time.monotonic() + 0.7
    while time.monotonic() < end:
        sum(range(10_000))
    metrics.end(run)
    (load,) = [value for key, value, *_ in run.log.points if key.endswith("cpu_utilization_percentage")]
    assert load > 100 / (os.cpu_count() or 1) / 4


def test_steps_count_the_samples() -> None:
    metrics.set_system_metrics_sampling_interval(0.05)
    log = sample(0.6)
    assert len(log.steps) >= 3
    assert log.steps == list(range(len(log.steps)))
    assert len(log.points) == len(BASE) * len(log.steps)


def test_the_mean_of_several_samples_is_logged_and_the_rest_at_the_end() -> None:
    metrics.set_system_metrics_sampling_interval(0.02)
    metrics.set_system_metrics_samples_before_logging(1000)
    assert sample(0.3).steps == [0]


def test_a_mean_leaves_out_what_was_not_told_and_counts_stay_whole() -> None:
    samples = [{"a": 1.0, "network_b": 1.23456}, {"a": 2.26, "gpu_0_c": 5.0, "network_b": 2.34567}]
    assert average(samples) == {"a": 1.6, "network_b": 2.34567, "gpu_0_c": 5.0}


def test_a_run_that_goes_on_continues_its_steps() -> None:
    asked: list[str] = []

    def find(prefix: str) -> int:
        asked.append(prefix)
        return 41

    assert sample(find_step=find).steps == [42]
    assert asked == ["system/"]


def test_a_run_that_goes_on_without_system_metrics_begins_with_zero() -> None:
    assert sample(find_step=lambda _: None).steps == [0]


def test_samples_wait_while_the_last_step_is_not_known() -> None:
    answers: list[int | None] = [None, None, 6]

    def find(_: str) -> int:
        answer = answers.pop(0)
        if answer is None:
            raise Unavailable("no server")
        return answer

    metrics.set_system_metrics_sampling_interval(0.05)
    log = sample(0.6, find_step=find)
    assert not answers
    assert log.steps == list(range(7, 7 + len(log.steps)))
    assert len({at for *_, at in log.points}) == len(log.steps) >= 3


def test_at_the_end_samples_wait_no_longer() -> None:
    def find(_: str) -> int:
        raise Unavailable("no server")

    assert sample(find_step=find).steps == [0]


def test_a_log_that_refuses_ends_the_sampling_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    run = Run(Log(refuses=True))
    with caplog.at_level(logging.WARNING, "headrace"):
        metrics.begin(run, enabled=True)
        metrics.end(run)
    assert "The system metrics of run r stop: The process is at its end." in caplog.text


def test_nothing_is_sampled_unless_it_is_asked_for() -> None:
    assert sample(enabled=None).points == []
    metrics.enable_system_metrics_logging()
    assert sample(enabled=None).points
    assert sample(enabled=False).points == []
    metrics.disable_system_metrics_logging()
    assert sample(enabled=None).points == []
    assert sample(enabled=True).points


@pytest.mark.parametrize("prefix", ["HEADRACE_", "MLFLOW_"])
def test_both_names_of_the_variable_switch_it_on(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setenv(prefix + "ENABLE_SYSTEM_METRICS_LOGGING", "true")
    assert sample(enabled=None).points


def test_switches_reach_processes_that_are_started_later_and_mlflow() -> None:
    metrics.enable_system_metrics_logging()
    metrics.set_system_metrics_sampling_interval(3)
    metrics.set_system_metrics_samples_before_logging(2)
    metrics.set_system_metrics_node_id("a")
    code = "import os; print(*[os.environ['MLFLOW_' + n] for n in ('ENABLE_SYSTEM_METRICS_LOGGING', 'SYSTEM_METRICS_SAMPLING_INTERVAL', 'SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING', 'SYSTEM_METRICS_NODE_ID')])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "true 3 2 a\n"
    metrics.set_system_metrics_sampling_interval(None)
    metrics.set_system_metrics_samples_before_logging(None)
    metrics.set_system_metrics_node_id(None)
    assert not [name for name in os.environ if "_SYSTEM_METRICS_S" in name or name.endswith("_NODE_ID")]


def test_a_node_has_its_name_in_the_keys() -> None:
    metrics.set_system_metrics_node_id("node_7")
    assert sample().keys == {"system/node_7/" + name for name in BASE}


def test_a_launcher_on_several_machines_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUP_RANK", "1")
    monkeypatch.setenv("GROUP_WORLD_SIZE", "2")
    assert "system/node_1/cpu_utilization_percentage" in sample().keys
    monkeypatch.setenv("GROUP_WORLD_SIZE", "1")
    assert "system/cpu_utilization_percentage" in sample().keys


def test_of_the_processes_of_a_machine_only_the_first_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert sample().points == []
    metrics.set_system_metrics_node_id("mine")
    assert sample().points
    metrics.set_system_metrics_node_id(None)
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert sample().points


@pytest.mark.parametrize("interval", [0, -1, float("nan"), float("inf"), "soon"])
def test_an_interval_that_makes_no_sense_is_refused(interval: float) -> None:
    with pytest.raises(InvalidParameter, match=r"SYSTEM_METRICS_SAMPLING_INTERVAL is .*above 0"):
        metrics.set_system_metrics_sampling_interval(interval)
    assert sample().points, "what was set before still holds"


@pytest.mark.parametrize("samples", [0, -1, 1.5])
def test_a_number_of_samples_that_makes_no_sense_is_refused(samples: int) -> None:
    with pytest.raises(InvalidParameter, match=r"SAMPLES_BEFORE_LOGGING is .*above 0"):
        metrics.set_system_metrics_samples_before_logging(samples)


def test_the_caller_waits_for_nothing() -> None:
    code = (
        "import sys, threading; from headrace.fluent import system_metrics as m\n"
        "begun = threading.Event()\n"
        "class Finder:\n"
        " @staticmethod\n"
        " def find_spec(name, path=None, target=None):\n"
        "  if name == 'psutil': print('held until begun:', begun.wait(20))\n"
        "sys.meta_path.insert(0, Finder)\n"
        "class Log:\n run_id = 'r'\n log_point = staticmethod(lambda *a: None)\n"
        "class Run: log = Log()\n"
        "m.begin(Run, True); begun.set(); m.end(Run)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "held until begun: True\n"


def test_without_psutil_a_warning_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['psutil'] = None\nfrom headrace.fluent import system_metrics as m\n"
        "class Log: run_id = 'r'\nclass Run: log = Log()\nm.begin(Run, True); m.end(Run)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "pip install 'headrace[system]'" in done.stderr
    assert "Traceback" not in done.stderr
