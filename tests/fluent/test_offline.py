"""Without a server: a run begins, lives and ends, and is stored when a server comes; a server that goes away in the middle."""

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from headrace.base.errors import NotFound, NotStored, Unavailable
from headrace.client import connect
from headrace.fluent.experiments import set_experiment
from headrace.fluent.logging import log_metric, log_param
from headrace.fluent.runs import active_run, start_run
from headrace.fluent.state import flush_all, flush_reads, get_spool
from serving import find_free_port, start_server

Script = Callable[..., subprocess.CompletedProcess[str]]

OFFLINE = """
from headrace.fluent.runs import active_run, start_run
from headrace.fluent.experiments import set_experiment
from headrace.fluent.logging import log_metric, log_param
set_experiment('from far away')
with start_run(run_name='lonely', job_id='j1') as run:
    for step in range(1000):
        log_metric('m', step / 4, step=step)
    log_param('p', 1)
print(run.run_id, flush=True)
"""


def test_a_whole_run_without_a_server_is_stored_by_the_next_process_that_has_one(
    tmp_path: Path, script: Script
) -> None:
    port = find_free_port()
    os.environ["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{port}"
    begun = time.monotonic()
    done = script(OFFLINE)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begun < 20
    assert "headrace sync" in done.stderr
    run_id = done.stdout.strip()
    with start_server(tmp_path / "server", port=port) as server, connect(server.url) as client:
        with start_run():
            log_metric("m", 1.0)
        assert flush_all(30)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with suppress(NotFound):
                if client.runs.get(run_id).info.status == "FINISHED":
                    break
            time.sleep(0.1)
        found = client.runs.get(run_id)
        assert (found.info.run_name, str(found.info.status)) == ("lonely", "FINISHED")
        assert client.experiments.get(found.info.experiment_id).name == "from far away"
        assert sorted(point.step for point in client.metrics.history(run_id, "m")) == list(range(1000))


def test_a_whole_run_without_a_server_is_stored_by_headrace_sync(tmp_path: Path, script: Script) -> None:
    port = find_free_port()
    os.environ["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{port}"
    done = script(OFFLINE)
    assert done.returncode == 0, done.stderr
    with start_server(tmp_path / "server", port=port) as server, connect(server.url) as client:
        synced = script("from headrace.cli import main\nmain(['sync'])\n")
        assert synced.returncode == 0, synced.stdout + synced.stderr
        found = client.runs.get(done.stdout.strip())
        assert str(found.info.status) == "FINISHED"
        assert len([*client.metrics.history(found.info.run_id, "m")]) == 1000


def test_a_run_goes_on_while_its_server_is_away(tmp_path: Path) -> None:
    server = start_server(tmp_path / "server")
    os.environ["MLFLOW_TRACKING_URI"] = server.url
    with start_run() as run:
        log_metric("m", 1.0, step=0)
        assert flush_all(20)
        server.kill()
        for step in range(1, 500):
            log_metric("m", 1.0, step=step)
        assert not flush_all(1)
        with start_server(tmp_path / "server", port=server.port) as again:
            log_param("p", 2)
            assert flush_all(60)
            with connect(again.url) as client:
                assert sorted(p.step for p in client.metrics.history(run.run_id, "m")) == list(range(500))


def test_what_only_a_server_knows_fails_clearly_without_one() -> None:
    os.environ["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{find_free_port()}"
    experiment = set_experiment("somewhere")
    assert experiment.name == "somewhere"
    with start_run() as run:
        log_metric("m", 1.0)
        flush_reads(1)
        begun = time.monotonic()
        with pytest.raises(Unavailable, match="is not known before the server"):
            assert run.info.experiment_id
        assert time.monotonic() - begun < 10
        assert "run_id" in repr(run)
        with pytest.raises(Unavailable):
            log_metric("m", 1.0, synchronous=True)
    get_spool().close(0)


def test_a_strict_run_without_a_server_raises_at_its_end_and_is_kept(tmp_path: Path) -> None:
    port = find_free_port()
    os.environ["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{port}"
    with pytest.raises(NotStored, match="is kept on this machine"), start_run(strict=True) as run:
        log_metric("m", 1.0)
    with start_server(tmp_path / "server", port=port) as server, connect(server.url) as client:
        assert flush_all(60)
        assert client.runs.get(run.run_id).info.status == "FINISHED"


def test_a_run_that_must_go_on_by_its_name_needs_a_server() -> None:
    os.environ["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{find_free_port()}"
    with pytest.raises(Unavailable):
        start_run(run_name="somebody", resume="must")
    assert active_run() is None
    with start_run(run_name="somebody", resume="allow") as run:
        log_metric("m", 1.0)
    assert run.info.run_name == "somebody"
    get_spool().close(0)


def test_a_resumed_run_without_a_server_goes_on(tmp_path: Path) -> None:
    server = start_server(tmp_path / "server")
    os.environ["MLFLOW_TRACKING_URI"] = server.url
    with start_run() as run:
        log_metric("m", 1.0, step=0)
    assert flush_all(20)
    server.kill()
    with start_run(run_id=run.run_id):
        log_metric("m", 2.0, step=1)
    with start_server(tmp_path / "server", port=server.port) as again:
        assert flush_all(60)
        with connect(again.url) as client:
            assert sorted(float(p.value) for p in client.metrics.history(run.run_id, "m")) == [1.0, 2.0]
            assert client.runs.get(run.run_id).info.experiment_id == "0"
            assert client.runs.get(run.run_id).info.status == "FINISHED"
