"""The spool and the real thing: a server, and a database in this process. What was logged is what is read."""

import math
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from headrace.api.ingest import AttemptRecord, EnvironmentRecord, StartRecord
from headrace.api.inputs import Dataset, DatasetInput, ModelOutput
from headrace.api.runs import RunStatus
from headrace.client import Client, connect
from headrace.fluent.destination import open_destination
from headrace.spool.contract import SpoolSettings
from headrace.spool.writer import Spool, open_spool
from serving import start_server
from spool.conftest import RUN, wait_until

START = StartRecord(experiment_name="experiment", run_name="name", user_id="me", start_time=5)


@pytest.fixture(params=["http", "local"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "local":
        yield f"sqlite:///{(tmp_path / 'store.db').as_posix()}"
        return
    with start_server(tmp_path / "server") as server:
        yield server.url


@pytest.fixture
def spool(uri: str, quick: SpoolSettings) -> Iterator[Spool]:
    opened = open_spool(
        uri, lambda: open_destination(uri, lambda _: None), replace(quick, segment_bytes=2**16)
    )
    yield opened
    opened.close(10)


@pytest.fixture
def client(uri: str) -> Iterator[Client]:
    with connect(uri) as connected:
        yield connected


def _bits(value: float) -> bytes:
    return struct.pack("<d", value)


def test_everything_that_is_logged_is_read_as_it_was(spool: Spool, client: Client) -> None:
    run = spool.open_run(RUN, START, lease_ms=30_000)
    values = [0.1, -0.0, 1e308, 5e-324, math.inf, -math.inf, math.nan, 1 / 3]
    for step, value in enumerate(values):
        run.log_point("special", value, step, 1000 + step)
    for _ in range(300):
        run.log_point("same", 1.0, 0, 7)
    for step in range(20_000):
        run.log_points([(f"m{each}", step / (each + 1), step) for each in range(3)], step)
    run.log_params([("p", "1"), ("q", "x" * 6000)])
    run.set_tags([("t", "first"), ("t", "second"), ("mlflow.runName", "renamed")])
    run.log_inputs([DatasetInput(dataset=Dataset(name="d", digest="e", source_type="local", source="{}"))])
    run.log_outputs([ModelOutput(model_id="m-1", step=1)])
    run.log_environment(EnvironmentRecord(python="3.11", packages={"numpy": "2"}))
    run.add_bytes(b"\0\1", "a/b.bin")
    run.set_status(RunStatus.FAILED, 99)
    assert spool.flush(60)
    assert run.take_rejections() == []
    held = client.runs.get(RUN)
    assert (held.info.status, held.info.end_time, held.info.start_time) == (RunStatus.FAILED, 99, 5)
    assert (held.info.run_name, held.info.user_id) == ("renamed", "me")
    assert held.info.experiment_id == run.experiment_id
    assert {param.key: param.value for param in held.data.params or []} == {"p": "1", "q": "x" * 6000}
    assert {tag.key: tag.value for tag in held.data.tags or []}["t"] == "second"
    special = [(point.step, _bits(point.value)) for point in client.metrics.history(RUN, "special")]
    assert special == [(step, _bits(value)) for step, value in enumerate(values)]
    assert len(list(client.metrics.history(RUN, "same"))) == 300
    for each in range(3):
        found = [
            (point.step, point.value, point.timestamp) for point in client.metrics.history(RUN, f"m{each}")
        ]
        assert found == [(step, step / (each + 1), step) for step in range(20_000)]
    assert [file.path for file in client.artifacts.list(RUN, "a")] == ["a/b.bin"]
    counts = spool.counts
    assert counts.sent == counts.stored + counts.collapsed + counts.repeated
    ledger = client.ingest.ledger(RUN)
    assert sum(writer.stored for writer in ledger.writers) == counts.stored


def test_what_happens_to_a_run_in_turn_happens_in_turn_though_it_is_sent_at_once(
    spool: Spool, client: Client
) -> None:
    first = spool.open_run(RUN, START, AttemptRecord(name="job-1"), lease_ms=None)
    first.log_point("loss", 1.0, 1, 1)
    first.log_environment(EnvironmentRecord(python="3.11"))
    first.set_status(RunStatus.KILLED, 10)
    second = spool.open_run(RUN, START, AttemptRecord(name="job-2"), lease_ms=None)
    second.log_params([("p", "2")])
    second.log_point("loss", 2.0, 2, 2)
    second.log_environment(EnvironmentRecord(python="3.12"))
    assert spool.flush(30)
    assert client.runs.get(RUN).info.status == RunStatus.RUNNING
    assert second.attempt_number == 1
    assert [point.value for point in client.metrics.history(RUN, "loss")] == [1.0, 2.0]
    second.set_status(RunStatus.FAILED, 20)
    second.set_status(RunStatus.FINISHED, 30)
    assert spool.flush(30)
    held = client.runs.get(RUN).info
    assert (held.status, held.end_time) == (RunStatus.FINISHED, 30)


def test_many_runs_of_one_process_go_in_few_batches(spool: Spool, client: Client) -> None:
    ids = [f"{number:032x}" for number in range(700)]
    for number, run_id in enumerate(ids):
        run = spool.open_run(run_id, START, lease_ms=None)
        run.log_point("loss", float(number), 0, 1)
        run.set_status(RunStatus.FINISHED, 1)
    assert spool.flush(60)
    for number in (0, 350, 699):
        assert [point.value for point in client.metrics.history(ids[number], "loss")] == [float(number)]
        assert client.runs.get(ids[number]).info.status == RunStatus.FINISHED
    assert spool.counts.stored == 700 * 4


def test_a_param_that_cannot_change_is_refused_and_told(spool: Spool, client: Client) -> None:
    run = spool.open_run(RUN, START, lease_ms=None)
    run.log_params([("p", "1")])
    run.log_params([("p", "2"), ("q", "3")])
    assert spool.flush(30)
    (told,) = run.take_rejections()
    assert "'p'" in told.what
    assert "cannot be changed" in told.reason
    assert {param.key: param.value for param in client.runs.get(RUN).data.params or []} == {
        "p": "1",
        "q": "3",
    }


def test_a_stop_that_is_asked_for_arrives_with_the_next_heartbeat(spool: Spool, client: Client) -> None:
    run = spool.open_run(RUN, START, lease_ms=300)
    assert spool.flush(30)
    client.control.request_stop(RUN, "enough")
    wait_until(lambda: run.stop is not None)
    assert run.stop is not None
    assert run.stop.reason == "enough"
    run.acknowledge_stop()
    run.log_point("a", 1, 1, 1)
    assert spool.flush(30)
    assert run.stop is None
