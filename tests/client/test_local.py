"""The transport without a server: stores shared within a process, closed at its end, and parted by forks."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from headrace.base.errors import InvalidParameter, StoreError
from headrace.client import Client, connect
from serving import start_server


@pytest.fixture
def uri(make_database: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database; the artifacts of one that is no file are in the working folder."""
    monkeypatch.chdir(tmp_path)
    return make_database()


def _count_writers() -> int:
    return sum(thread.name == "headrace-writer" for thread in threading.enumerate())


def _fork(work: Callable[[], None]) -> int:
    """Run `work` in a forked child; its process id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def _wait(child: int) -> int:
    """Return the exit status of a child; one that hangs is killed and has -9."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return -9


def _steps(client: Client, run_id: str) -> list[int]:
    return sorted(point.step for point in client.metrics.history(run_id, "m"))


@pytest.mark.databases("sqlite", reason="looks at its files")
def test_nothing_is_opened_before_the_first_call(uri: str, tmp_path: Path) -> None:
    with connect(uri) as client:
        assert list(tmp_path.iterdir()) == []
        client.experiments.get("0")
    assert (tmp_path / "store.db").is_file()


def test_clients_of_one_store_share_it(uri: str) -> None:
    before = _count_writers()
    with connect(uri) as first, connect(uri) as second:
        run_id = first.runs.create("0").info.run_id
        second.runs.log_metric(run_id, "m", 1)
        assert _count_writers() == before + 1
        first.close()
        assert second.runs.get(run_id).data.metrics
        assert _count_writers() == before + 1
    assert _count_writers() == before


def test_threads_that_come_first_open_one_store(uri: str) -> None:
    before = _count_writers()
    barrier = threading.Barrier(16)

    def work(client: Client) -> str:
        barrier.wait()
        return client.runs.create("0").info.run_id

    clients = [connect(uri) for _ in range(16)]
    with ThreadPoolExecutor(16) as threads:
        run_ids = set(threads.map(work, clients))
    assert _count_writers() == before + 1
    assert {run.info.run_id for run in clients[0].runs.search(["0"])} == run_ids
    for client in clients:
        client.close()


def test_a_relative_path_counts_from_where_connect_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    with connect("sqlite:///store.db") as client:
        monkeypatch.chdir(tmp_path / "other")
        run_id = client.runs.create("0").info.run_id
        (tmp_path / "a.txt").write_text("x")
        client.artifacts.upload(run_id, tmp_path / "a.txt")
    assert (tmp_path / "headrace-artifacts" / "0" / run_id / "artifacts" / "a.txt").read_text() == "x"
    assert list((tmp_path / "other").iterdir()) == []


def test_the_default_is_a_store_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with connect() as client:
        client.experiments.get("0")
    assert (tmp_path / "headrace.db").is_file()


def test_artifacts_go_where_they_are_told(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("x")
    for number, variable in enumerate([None, "HEADRACE_ARTIFACTS_DESTINATION"]):
        place = tmp_path / f"place{number}"
        if variable:
            monkeypatch.setenv(variable, str(place))
        with connect(uri, artifacts_destination=None if variable else str(place)) as client:
            run_id = client.runs.create("0").info.run_id
            client.artifacts.upload(run_id, tmp_path / "a.txt")
        assert (place / "0" / run_id / "artifacts" / "a.txt").is_file()


@pytest.mark.parametrize("path", ["", ":memory:", "file:x.db?mode=ro"])
def test_a_store_without_a_file_is_refused(path: str) -> None:
    with pytest.raises(InvalidParameter, match="names no file"):
        connect(f"sqlite:///{path}")


def test_a_store_in_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="does not exist"):
        connect(f"sqlite:///{tmp_path / 'missing' / 'store.db'}")


@pytest.mark.databases("sqlite", reason="a file")
def test_a_file_that_is_no_database_stays_as_it_is(uri: str, tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"important notes\n" * 1000)
    with connect(uri) as client:
        with pytest.raises(StoreError):
            client.experiments.get("0")
        assert not client.server.health()
    assert (tmp_path / "store.db").read_bytes() == b"important notes\n" * 1000


def test_a_server_and_a_local_client_share_a_store(uri: str, tmp_path: Path) -> None:
    with (
        start_server(tmp_path, backend_store_uri=uri) as server,
        connect(server.url) as remote,
        connect(uri, artifacts_destination=str(tmp_path / "artifacts")) as local,
    ):
        run_id = remote.runs.create("0").info.run_id
        for step in range(20):
            (remote if step % 2 else local).runs.log_metric(run_id, "m", step, step=step)
        assert _steps(local, run_id) == _steps(remote, run_id) == list(range(20))
        (tmp_path / "a.txt").write_text("x")
        local.artifacts.upload(run_id, tmp_path / "a.txt")
        assert remote.artifacts.download(run_id, "a.txt", tmp_path / "out").read_text() == "x"


def test_a_process_may_end_without_closing(uri: str) -> None:
    program = f"""
from headrace.client import connect
client = connect({uri!r})
run_id = client.runs.create("0").info.run_id
client.runs.log_metric(run_id, "m", 0.5)
print(run_id)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stderr == ""
    with connect(uri) as client:
        assert [metric.value for metric in client.runs.get(ran.stdout.strip()).data.metrics or ()] == [0.5]


def test_parent_and_child_write_after_a_fork(uri: str) -> None:
    with connect(uri) as client:
        run_id = client.runs.create("0").info.run_id
        client.runs.log_metric(run_id, "m", 0, step=0)
        child = _fork(lambda: client.runs.log_metric(run_id, "m", 1, step=1))
        client.runs.log_metric(run_id, "m", 2, step=2)
        assert _wait(child) == 0
        assert _steps(client, run_id) == [0, 1, 2]


def test_many_children_write_at_once(uri: str) -> None:
    with connect(uri) as client:
        run_id = client.runs.create("0").info.run_id

        def work(first: int) -> None:
            for step in range(first, first + 25):
                client.runs.log_metric(run_id, "m", step, step=step)

        children = [_fork(lambda first=25 * number: work(first)) for number in range(8)]  # type: ignore[misc]
        assert [_wait(child) for child in children] == [0] * 8
        assert _steps(client, run_id) == list(range(200))


def test_a_fork_in_the_middle_of_calls_harms_neither_side(uri: str) -> None:
    with connect(uri) as client:
        run_id = client.runs.create("0").info.run_id
        stop = threading.Event()
        logged: list[int] = []

        def log() -> None:
            step = 0
            while not stop.is_set():
                client.runs.log_metric(run_id, "m", step, step=step)
                logged.append(step)
                step += 1

        thread = threading.Thread(target=log)
        thread.start()
        children = []
        for number in range(10):
            time.sleep(0.02)
            children.append(
                _fork(lambda step=10**6 + number: client.runs.log_metric(run_id, "m", 1, step=step))
            )  # type: ignore[misc]
        statuses = [_wait(child) for child in children]
        stop.set()
        thread.join()
        assert statuses == [0] * 10
        assert _steps(client, run_id) == [*logged, *range(10**6, 10**6 + 10)]


def test_a_child_of_an_http_client_has_its_own_connections(tmp_path: Path) -> None:
    with start_server(tmp_path) as server, connect(server.url) as client:
        run_id = client.runs.create("0").info.run_id

        def work(first: int) -> None:
            for step in range(first, first + 50):
                client.runs.log_metric(run_id, "m", step, step=step)

        children = [_fork(lambda first=50 * number: work(first)) for number in range(1, 4)]  # type: ignore[misc]
        work(0)
        assert [_wait(child) for child in children] == [0] * 3
        assert _steps(client, run_id) == list(range(200))


def test_children_of_a_process_whose_threads_are_calling_call_as_well(tmp_path: Path) -> None:
    with start_server(tmp_path) as server, connect(server.url) as client:
        run_id = client.runs.create("0").info.run_id
        done = threading.Event()

        def call() -> None:
            while not done.is_set():
                client.runs.get(run_id)

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        children = [
            _fork(lambda step=step: client.runs.log_metric(run_id, "m", 1, step=step))  # type: ignore[misc]
            for step in range(20)
        ]
        assert [_wait(child) for child in children] == [0] * 20
        done.set()
        for thread in threads:
            thread.join()
        assert _steps(client, run_id) == list(range(20))
