"""The demo: real training, logged over HTTP to a running server, read back to the last bit."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from headrace.cli.demo import TRIALS
from headrace.cli.demo_log import FIGURE, LoggedRun, find_differences
from headrace.client import connect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
RUNS = 27 + TRIALS
SEARCH = "search by Optuna"
# ``headrace`` with a demo that trains one model on each data set, and one that Optuna chooses: another test trains them all.
SHORT = """
import runpy
from headrace.cli import demo, demo_training
demo.TRIALS, demo_training.CANDIDATES = 1, demo_training.CANDIDATES[:1]
runpy.run_module("headrace", run_name="__main__")
"""


def test_it_logs_to_the_server_that_it_is_given_and_reads_all_of_it_back(
    start_server: Any, run_command: Any
) -> None:
    server = start_server()
    ran = run_command("demo", "--tracking-uri", server.url, "--json")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["runs"], told["differences"], told["tracking_uri"]) == (RUNS, [], server.url)
    found = server.post(
        "runs/search", experiment_ids=list(told["experiments"].values()), max_results=100
    ).json()
    assert len(found["runs"]) == RUNS + 1
    (search,) = [run for run in found["runs"] if run["info"]["run_name"] == SEARCH]
    trained = [run for run in found["runs"] if run is not search]
    below = [run for run in trained if _tags(run).get("mlflow.parentRunId") == search["info"]["run_id"]]
    assert len(below) == TRIALS
    assert [metric["step"] for metric in search["data"]["metrics"]] == [TRIALS - 1]
    for run in trained:
        assert run["info"]["status"] == "FINISHED"
        assert {metric["key"] for metric in run["data"]["metrics"]} == {
            "train_loss",
            "test_loss",
            "test_accuracy",
            "test_f1",
        }
        assert run["inputs"]["dataset_inputs"][0]["dataset"]["digest"]
        listed = server.ask("GET", f"/api/2.0/mlflow/artifacts/list?run_id={run['info']['run_id']}").json()
        assert FIGURE in {file["path"] for file in listed["files"]}
    points = sum(
        len(
            server.ask(
                "GET", f"/api/2.0/mlflow/metrics/get-history?run_id={run['info']['run_id']}&metric_key={key}"
            ).json()["metrics"]
        )
        for run in trained
        for key in ("train_loss", "test_loss", "test_accuracy", "test_f1")
    )
    assert points == told["points"]
    for leaders in told["leaders"].values():
        scores = [leader["test_accuracy"] for leader in leaders]
        assert scores == sorted(scores, reverse=True)
        assert scores[0] > 0.9


def _tags(run: dict[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in run["data"]["tags"]}


def test_it_starts_a_server_of_its_own_and_leaves_it_running_until_ctrl_c(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("HEADRACE_", "MLFLOW_"))}
    process = subprocess.Popen(
        [sys.executable, "-c", SHORT, "demo", "--folder", "here"],
        cwd=tmp_path,
        env=environment | {"HEADRACE_HOST": "0.0.0.0", "MLFLOW_BACKEND_STORE_URI": "sqlite:///not-mine.db"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    watchdog = threading.Timer(400, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        text = ""
        while "artifacts download" not in text:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            text += line
        url = text.partition("MLFLOW_TRACKING_URI=")[2].split()[0]
        assert url.startswith("http://127.0.0.1:")
        assert "to the last bit" in text
        with connect(url) as client:
            assert client.server.health()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes in the foreground
        process.communicate(timeout=120)
        assert process.returncode == 0
        with connect(url, retries=0) as client:
            assert not client.server.health()
    finally:
        watchdog.cancel()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert (tmp_path / "here" / "headrace.db").is_file()
    assert not (tmp_path / "not-mine.db").exists()


def test_a_difference_in_one_bit_is_found(start_server: Any) -> None:
    server = start_server()
    run_id = server.post("runs/create", experiment_id="0", start_time=1).json()["run"]["info"]["run_id"]
    server.post("runs/log-metric", run_id=run_id, key="m", value=0.1, step=1, timestamp=1)
    server.post("runs/update", run_id=run_id, status="FINISHED")
    with connect(server.url) as client:
        assert find_differences(client, LoggedRun(run_id, {}, ("", ""), {"m": [(1, 0.1)]})) == [
            f"run {run_id}: datasets: logged [('', '')], read []"
        ]
        wrong = find_differences(client, LoggedRun(run_id, {}, ("", ""), {"m": [(1, 0.10000000000000002)]}))
    assert [line.split(": ")[1] for line in wrong] == ["datasets", "latest metrics", "history of m"]
