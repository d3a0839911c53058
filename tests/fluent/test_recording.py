"""What runs record in the background, seen from their beginning and their end."""

import subprocess
import time
from collections.abc import Callable
from statistics import median

import pytest

from headrace.base.errors import InvalidParameter
from headrace.client import Client
from headrace.fluent.logging import log_metric
from headrace.fluent.runs import active_run, end_run, start_run
from headrace.fluent.state import flush_all

BEGIN_MS, END_MS = 50, 50

SCRIPT = """
import time
from headrace.fluent.runs import start_run, end_run
from headrace.fluent.logging import log_metric
with start_run() as run:
    log_metric('m', 1.0)
print(run.run_id, flush=True)
"""


def test_a_short_program_leaves_its_provenance(
    client: Client, script: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = script(SCRIPT, HEADRACE_PROVENANCE="true")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    run_id = done.stdout.strip()
    assert client.runs.get(run_id).info.status == "FINISHED"
    names = {each.path for each in client.artifacts.list(run_id, "provenance")}
    assert {"provenance/environment.json", "provenance/requirements.txt"} <= names


def test_a_part_that_nobody_knows_is_refused_and_no_run_begins(uri: str) -> None:
    with pytest.raises(InvalidParameter, match="weather"):
        start_run(provenance=["weather"])
    assert active_run() is None


def test_a_run_whose_recording_cannot_begin_has_failed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "-1")
    with pytest.raises(InvalidParameter):
        start_run(log_system_metrics=True)
    assert active_run() is None
    assert flush_all(20)
    (run,) = [*client.runs.search(["0"], order_by=["attributes.start_time DESC"])][:1]
    assert run.info.status == "FAILED"


def test_system_metrics_go_on_after_the_last_step(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.1")

    def steps(run_id: str) -> list[int]:
        assert flush_all(20)
        return [point.step for point in client.metrics.history(run_id, "system/cpu_utilization_percentage")]

    with start_run(log_system_metrics=True) as run:
        until = time.monotonic() + 20
        while len(steps(run.run_id)) < 3 and time.monotonic() < until:
            time.sleep(0.1)
    first = steps(run.run_id)
    with start_run(run_id=run.run_id, log_system_metrics=True):
        until = time.monotonic() + 20
        while len(steps(run.run_id)) < len(first) + 3 and time.monotonic() < until:
            time.sleep(0.1)
    assert sorted(steps(run.run_id)) == list(range(len(steps(run.run_id))))


def test_neither_start_nor_end_waits_for_what_is_recorded(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_PROVENANCE", "true")
    with start_run():
        log_metric("m", 1.0)
    assert flush_all(20)
    begins, ends = [], []
    for _ in range(100):
        before = time.perf_counter()
        start_run()
        begun = time.perf_counter()
        end_run()
        begins.append(1000 * (begun - before))
        ends.append(1000 * (time.perf_counter() - begun))
        # on a busy machine more of them, until half are what they are on an idle one
        if len(ends) >= 10 and median(begins) < BEGIN_MS and median(ends) < END_MS:
            break
    print(f"start_run {median(begins):.2f} ms, end_run {median(ends):.2f} ms")
    assert median(begins) < BEGIN_MS
    assert median(ends) < END_MS
