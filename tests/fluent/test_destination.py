"""The destination of a spool: batches and files over a transport, and who is told of news."""

import json
import time
from pathlib import Path

import pytest

from headrace.api.ingest import Application, RunBlock, StartRecord
from headrace.base.errors import InvalidParameter, NotFound, Unavailable
from headrace.base.ids import new_run_id
from headrace.client import Client
from headrace.fluent.destination import TransportDestination, open_destination
from scripted_server import Answer, ScriptedServer
from serving import find_free_port


def begin(destination: TransportDestination, run_id: str, experiment: str = "0") -> None:
    block = RunBlock(run_id=run_id, start=StartRecord(experiment_id=experiment))
    assert destination.send(new_run_id(), 1, [block]).applied == Application.NOW


def test_a_batch_is_applied_and_nobody_is_told_while_there_is_no_news(uri: str) -> None:
    told: list[str] = []
    destination = open_destination(uri, told.append)
    begin(destination, new_run_id())
    destination.close()
    assert told == []


def test_rejections_and_requests_to_stop_are_news(client: Client, uri: str) -> None:
    told: list[str] = []
    destination = open_destination(uri, told.append)
    refused, stopped = new_run_id(), new_run_id()
    begin(destination, refused)
    begin(destination, stopped)
    client.control.request_stop(stopped, "enough")
    answer = destination.send(
        new_run_id(),
        1,
        [RunBlock(run_id=refused, params=[("a\\b", "1")]), RunBlock(run_id=stopped, lease_ms=1000)],
    )
    destination.close()
    assert answer.rejected[0].run_id == refused
    assert sorted(told) == sorted([refused, stopped])


def test_a_file_is_stored_under_its_full_path_and_replaced(client: Client, uri: str, tmp_path: Path) -> None:
    destination = open_destination(uri, lambda _: None)
    run_id = new_run_id()
    begin(destination, run_id)
    file = tmp_path / "000017"
    for content in (b"first", b"second"):
        file.write_bytes(content)
        destination.upload(run_id, file, "a/b/model.bin")
    destination.close()
    assert client.artifacts.download(run_id, "a/b/model.bin", tmp_path / "down").read_bytes() == b"second"


def test_where_a_new_run_keeps_its_files_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    with ScriptedServer() as scripted:
        told = {"run_id": "a", "attempt": 0, "experiment_id": "0", "artifact_uri": "mlflow-artifacts:/x"}
        answer = {"seq": 1, "last_seq": 1, "applied": "NOW", "runs": [told]}
        scripted.script(Answer(body=json.dumps(answer).encode()))
        destination = open_destination(scripted.url, lambda _: None)
        begin(destination, "a")
        destination.upload("a", tmp_path / "f", "f")
        destination.close()
        assert [line.split()[0] for line in scripted.lines] == ["POST", "PUT"]


def test_a_file_of_an_experiment_with_a_folder_of_its_own_is_copied_there(
    client: Client, uri: str, tmp_path: Path
) -> None:
    root = tmp_path / "own place"
    number = client.experiments.create(f"own {new_run_id()}", artifact_location=root.as_uri())
    destination = open_destination(uri, lambda _: None)
    run_id = new_run_id()
    begin(destination, run_id, number)
    file = tmp_path / "000018"
    file.write_bytes(b"content")
    destination.upload(run_id, file, "a/model.bin")
    destination.close()
    assert (root / run_id / "artifacts" / "a" / "model.bin").read_bytes() == b"content"
    assert len(list((root / run_id / "artifacts" / "a").iterdir())) == 1


@pytest.mark.parametrize("path", ["../up", "/abs", "a/../b", ""])
def test_a_path_that_leads_elsewhere_is_refused_and_told_of(uri: str, tmp_path: Path, path: str) -> None:
    told: list[str] = []
    destination = open_destination(uri, told.append)
    run_id = new_run_id()
    begin(destination, run_id)
    file = tmp_path / "file"
    file.write_bytes(b"x")
    with pytest.raises(InvalidParameter):
        destination.upload(run_id, file, path)
    destination.close()
    assert told == [run_id]


def test_a_file_of_a_run_that_is_not_there_is_refused(uri: str, tmp_path: Path) -> None:
    destination = open_destination(uri, lambda _: None)
    file = tmp_path / "file"
    file.write_bytes(b"x")
    with pytest.raises(NotFound):
        destination.upload(new_run_id(), file, "a")
    destination.close()


def test_a_place_that_this_client_cannot_write_to_is_told_clearly(
    client: Client, uri: str, tmp_path: Path
) -> None:
    number = client.experiments.create(f"far {new_run_id()}", artifact_location="s3://bucket/far")
    destination = open_destination(uri, lambda _: None)
    run_id = new_run_id()
    begin(destination, run_id, number)
    file = tmp_path / "file"
    file.write_bytes(b"x")
    with pytest.raises(InvalidParameter, match="s3://bucket/far"):
        destination.upload(run_id, file, "a")
    destination.close()


def test_a_server_of_another_kind_keeps_the_batch_waiting() -> None:
    with ScriptedServer() as server:
        server.script(Answer(404, b'{"error_code": "ENDPOINT_NOT_FOUND", "message": "no"}'))
        destination = open_destination(server.url, lambda _: None)
        with pytest.raises(Unavailable, match="no headrace server"):
            destination.send("w", 1, [RunBlock(run_id=new_run_id())])
        destination.close()


def test_nothing_is_tried_twice_by_the_destination_itself() -> None:
    destination = open_destination(f"http://127.0.0.1:{find_free_port()}", lambda _: None)
    begun = time.monotonic()
    with pytest.raises(Unavailable):
        destination.send("w", 1, [RunBlock(run_id=new_run_id())])
    destination.close()
    assert time.monotonic() - begun < 10  # a client that tries again takes twice as long


def test_what_has_to_be_done_before_the_first_batch_is_done_until_it_succeeds(uri: str) -> None:
    tried: list[int] = []

    def prepare(destination: TransportDestination) -> None:
        tried.append(1)
        begin(destination, new_run_id())  # what it sends itself goes through
        if len(tried) == 1:
            raise Unavailable("not yet")

    destination = open_destination(uri, lambda _: None, prepare)
    with pytest.raises(Unavailable, match="not yet"):
        begin(destination, new_run_id())
    begin(destination, new_run_id())
    begin(destination, new_run_id())
    destination.close()
    assert len(tried) == 2
