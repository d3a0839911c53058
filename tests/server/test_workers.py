"""Several processes behind one address: one that dies is replaced, all can be replaced under load, and all end together."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from headrace.server.workers import divide_memory
from serving import COMMAND, start_server

WORKERS = 3
SCRIPT = Path(__file__).with_name("serve_workers.py")
WAIT_S = 60

on_sqlite = pytest.mark.databases(
    "sqlite", reason="it is about processes; which database they have in common is no matter"
)


class Group:
    """A supervisor and its workers.

    Args:
        process: the supervisor.
        line: what it said when all were ready.
        errors: holds its standard error.
    """

    def __init__(
        self, process: "subprocess.Popen[str] | subprocess.Popen[bytes]", line: str, errors: Path
    ) -> None:
        self.process = process
        self.line = line
        self.errors = errors
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        assert found, line
        self.port = int(found[1])

    @property
    def log(self) -> str:
        return self.errors.read_text("utf-8")

    def workers(self) -> set[int]:
        """Return the ids of the processes that serve, or are about to."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        children = {int(pid) for task in tasks for pid in task.read_text().split()}
        return {pid for pid in children if _is_worker(pid)}

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Make a call on a connection of its own."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)) as connection:
            return _ask(connection, method, path, body)

    def make_run(self) -> str:
        _, body = self.ask("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": "0"})
        run_id: str = json.loads(body)["run"]["info"]["run_id"]
        return run_id

    def read_steps(self, run_id: str) -> list[int]:
        """Return the steps of the metric ``m``, in order."""
        steps, token = list[int](), ""
        while True:
            path = (
                f"/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key=m&max_results=25000{token}"
            )
            page = json.loads(self.ask("GET", path)[1])
            steps += [int(each["step"]) for each in page.get("metrics", ())]
            if not page.get("next_page_token"):
                return sorted(steps)
            token = f"&page_token={page['next_page_token']}"

    def read_metrics(self) -> dict[str, float]:
        lines = self.ask("GET", "/metrics")[1].decode().splitlines()
        return {
            name: float(value)
            for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        }


def _is_worker(pid: int) -> bool:
    try:
        return b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any = None
) -> tuple[int, bytes]:
    data = None if body is None else json.dumps(body)
    connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
    answer = connection.getresponse()
    return answer.status, answer.read()


def _wait_for(condition: Callable[[], object], limit_s: float = WAIT_S) -> None:
    until = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < until, "it has not come"
        time.sleep(0.02)


@contextmanager
def _starting(url: str, folder: Path, workers: int = WORKERS, **environ: str) -> Iterator[Group]:
    errors = folder / "errors.txt"
    command = [sys.executable, str(SCRIPT), url, str(folder / "artifacts"), str(workers)]
    with errors.open("w") as file:
        process = subprocess.Popen(
            command, env=os.environ | environ, stdout=subprocess.PIPE, stderr=file, text=True
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, errors.read_text("utf-8")
        yield Group(process, line.rstrip("\n"), errors)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(WAIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stdout.close()


@pytest.fixture
def start(make_database: Callable[..., str], tmp_path: Path) -> Iterator[Callable[..., Group]]:
    """A function that starts workers on the test's database."""
    url = make_database()
    with ExitStack() as stack:
        yield lambda **more: stack.enter_context(_starting(url, tmp_path, **more))


class Load:
    """Clients that log one point after the other, each on a connection that it keeps.

    Args:
        group: the server.
        count: how many.
    """

    def __init__(self, group: Group, count: int = 8) -> None:
        self.run_id = group.make_run()
        self.answered: list[int] = []
        self.errors: list[BaseException] = []
        self._group = group
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._log, args=(first, count)) for first in range(count)]
        for thread in self._threads:
            thread.start()

    def _log(self, first: int, stride: int) -> None:
        step = first
        with closing(http.client.HTTPConnection("127.0.0.1", self._group.port, timeout=WAIT_S)) as connection:
            while not self._done.is_set():
                point = {"run_id": self.run_id, "key": "m", "value": step, "step": step, "timestamp": 1}
                try:
                    status, body = _ask(connection, "POST", "/api/2.0/mlflow/runs/log-metric", point)
                    assert status == http.HTTPStatus.OK, body
                except (OSError, http.client.HTTPException, AssertionError) as error:
                    self.errors.append(error)
                    connection.close()
                    self._done.wait(0.05)
                    continue
                self.answered.append(step)
                step += stride

    def wait_for(self, more: int) -> None:
        """Wait until so many more points are answered."""
        until = len(self.answered) + more
        _wait_for(lambda: len(self.answered) >= until)

    def stop(self) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join(2 * WAIT_S)
            assert not thread.is_alive()


@pytest.fixture
def load() -> Iterator[Callable[..., Load]]:
    """A function that begins a load, which ends with the test."""
    loads: list[Load] = []

    def begin(group: Group, **more: Any) -> Load:
        loads.append(Load(group, **more))
        return loads[-1]

    yield begin
    for each in loads:
        each.stop()


@on_sqlite
def test_one_line_is_said_when_all_are_ready_and_a_stop_ends_all_with_status_0(
    start: Callable[..., Group],
) -> None:
    group = start()
    assert re.fullmatch(
        r"headrace \S+ is ready at http://127\.0\.0\.1:\d+, store sqlite:\S+, artifacts \S+", group.line
    )
    workers = group.workers()
    assert len(workers) == WORKERS
    assert group.ask("GET", "/health") == (200, b"OK")
    group.process.terminate()
    assert group.process.wait(WAIT_S) == 0
    assert group.process.stdout is not None
    assert group.process.stdout.read() == ""
    assert group.log == ""
    assert not any(map(_is_alive, workers))


@on_sqlite
def test_connections_that_come_together_are_spread_over_the_workers(start: Callable[..., Group]) -> None:
    group = start()
    with ExitStack() as stack:
        for _ in range(30):
            connection = http.client.HTTPConnection("127.0.0.1", group.port, timeout=WAIT_S)
            stack.enter_context(closing(connection)).connect()
        _wait_for(lambda: sum(_count_sockets(pid) for pid in group.workers()) >= 30)
        shares = [_count_sockets(pid) for pid in group.workers()]
        assert min(shares) >= 4, shares
        assert max(shares) <= 18, shares


def _count_sockets(pid: int) -> int:
    """Return how many connections of clients a worker holds, and some sockets of its own that all have."""
    names = [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").glob("*") if each.is_symlink()]
    inodes = {name.partition("[")[2].rstrip("]") for name in names if name.startswith("socket:")}
    established = [line.split() for line in Path("/proc/net/tcp").read_text("utf-8").splitlines()[1:]]
    return sum(row[9] in inodes and row[3] == "01" for row in established)


@pytest.mark.slow
def test_a_killed_worker_is_replaced_while_the_others_answer_and_nothing_answered_is_lost(
    start: Callable[..., Group], load: Callable[..., Load]
) -> None:
    group = start()
    clients = load(group)
    clients.wait_for(300)
    before = group.workers()
    victim = max(before)
    os.kill(victim, signal.SIGKILL)
    clients.wait_for(300)
    _wait_for(lambda: len(group.workers()) == WORKERS and victim not in group.workers())
    assert before - {victim} < group.workers()
    clients.wait_for(300)
    clients.stop()
    assert all(isinstance(each, (OSError, http.client.HTTPException)) for each in clients.errors)
    # Each client can have lost the connection that the killed worker had, and that once.
    assert len(clients.errors) <= 8
    stored = group.read_steps(clients.run_id)
    assert set(clients.answered) <= set(stored)
    assert len(stored) == len(set(stored))
    assert re.search(r"Worker \d has ended: it was killed by SIGKILL. Another one starts", group.log)


@pytest.mark.slow
@on_sqlite
def test_a_worker_that_dies_again_and_again_is_started_later_each_time(start: Callable[..., Group]) -> None:
    group = start(workers=2)
    for pause in ("1 s", "2 s", "4 s"):
        before = group.workers()
        os.kill(max(before), signal.SIGKILL)
        _wait_for(lambda: f"starts in {pause}." in group.log)  # noqa: B023 - used at once
        assert group.ask("GET", "/health") == (200, b"OK")
        _wait_for(lambda: len(group.workers() - before) == 1)  # noqa: B023


@pytest.mark.slow
def test_all_workers_are_replaced_under_load_without_an_error(
    start: Callable[..., Group], load: Callable[..., Load]
) -> None:
    group = start(workers=2)
    clients = load(group)
    clients.wait_for(300)
    before = group.workers()
    group.process.send_signal(signal.SIGHUP)
    _wait_for(lambda: len(group.workers()) == 2 and not group.workers() & before)
    clients.wait_for(100)
    clients.stop()
    assert clients.errors == []
    assert group.read_steps(clients.run_id) == sorted(clients.answered)


@on_sqlite
def test_workers_go_on_if_those_that_are_to_replace_them_cannot_start(
    start: Callable[..., Group], tmp_path: Path
) -> None:
    group = start(workers=2)
    before = group.workers()
    artifacts = tmp_path / "artifacts"
    artifacts.rename(tmp_path / "away")
    artifacts.write_text("no folder")
    group.process.send_signal(signal.SIGHUP)
    _wait_for(lambda: "The workers are not replaced, for a new one did not start: " in group.log)
    _wait_for(lambda: group.workers() == before)
    assert group.ask("GET", "/health") == (200, b"OK")


@on_sqlite
def test_a_request_under_way_is_answered_and_kept_when_all_are_told_to_stop(
    start: Callable[..., Group], load: Callable[..., Load]
) -> None:
    group = start()
    clients = load(group)
    clients.wait_for(200)
    body = json.dumps({"name": "half-sent"}).encode()
    head = (
        f"POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", group.port), timeout=WAIT_S) as connection:
        connection.sendall(head.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 100")
        group.process.terminate()
        _wait_for(lambda: len(group.workers()) == 1)  # the others have nothing more to do
        connection.sendall(body)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert b"connection: close" in answer
    assert group.process.wait(WAIT_S) == 0
    clients.stop()
    # No call was cut off: each was answered, or found nobody to take it.
    assert {type(each) for each in clients.errors} <= {ConnectionRefusedError}
    again = start()
    path = "/api/2.0/mlflow/experiments/get-by-name?experiment_name=half-sent"
    assert again.ask("GET", path)[0] == http.HTTPStatus.OK
    assert set(clients.answered) <= set(again.read_steps(clients.run_id))


def test_a_server_of_one_process_cuts_off_no_call_either(tmp_path: Path, load: Callable[..., Load]) -> None:
    with start_server(tmp_path) as server:
        clients = load(Group(server.process, server.url, tmp_path / "server.log"))
        clients.wait_for(200)
        assert server.stop() == 0
        clients.stop()
    assert clients.errors
    assert {type(each) for each in clients.errors} == {ConnectionRefusedError}


@on_sqlite
def test_ctrl_c_of_a_terminal_ends_all_in_good_order_and_a_second_one_at_once(
    start: Callable[..., Group],
) -> None:
    group = start()
    workers = group.workers()
    with socket.create_connection(("127.0.0.1", group.port), timeout=WAIT_S) as connection:
        connection.sendall(
            b"POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 100")
        for pid in (group.process.pid, *workers):  # as a terminal does
            os.kill(pid, signal.SIGINT)
        _wait_for(lambda: len(group.workers()) == 1)
        time.sleep(0.5)
        assert group.process.poll() is None
        for pid in (group.process.pid, *group.workers()):
            os.kill(pid, signal.SIGINT)
        assert group.process.wait(10) == 130
    assert group.log == "Stopped at once; calls that were under way are not answered.\n"
    assert not any(map(_is_alive, workers))


@on_sqlite
def test_workers_end_when_their_supervisor_is_killed_and_the_address_is_free(
    start: Callable[..., Group],
) -> None:
    group = start()
    workers = group.workers()
    group.process.kill()
    group.process.wait(WAIT_S)
    _wait_for(lambda: not any(map(_is_alive, workers)))
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind(("127.0.0.1", group.port))


@on_sqlite
def test_metrics_are_the_sums_over_all_workers_those_that_have_ended_included(
    start: Callable[..., Group],
) -> None:
    group = start()
    name = 'headrace_http_requests_total{endpoint="experiments.search",method="GET",status="200"}'
    path = "/api/2.0/mlflow/experiments/search?max_results=1"
    calls = 30
    for _ in range(calls):
        assert group.ask("GET", path)[0] == http.HTTPStatus.OK
    _wait_for(lambda: group.read_metrics()[name] == calls)  # a call is counted when its answer is on the way
    for _ in range(10):  # whichever of them answers
        found = group.read_metrics()
        assert found[name] == calls
        assert found["headrace_workers"] == WORKERS
        assert found['headrace_http_request_duration_seconds_count{endpoint="experiments.search"}'] == calls
    # This one.
    _wait_for(lambda: group.read_metrics()["headrace_http_requests_in_progress"] == 1)
    victim = min(group.workers())
    os.kill(victim, signal.SIGKILL)
    _wait_for(lambda: "Another one starts" in group.log)
    until = time.monotonic() + WAIT_S
    while len(group.workers()) < WORKERS or found["headrace_workers"] < WORKERS:
        assert time.monotonic() < until
        found = group.read_metrics()
        assert found[name] == calls
        assert found["headrace_workers"] <= WORKERS  # the killed one does not count


@on_sqlite
def test_metrics_leave_no_files_behind(start: Callable[..., Group], tmp_path: Path) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    group = start(workers=2, TMPDIR=str(place))
    (folder,) = place.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    group.process.terminate()
    assert group.process.wait(WAIT_S) == 0
    assert list(place.iterdir()) == []


def test_what_keeps_workers_from_starting_is_said_once(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(SCRIPT),
        f"sqlite:///{tmp_path / 'store.db'}",
        str(tmp_path / "artifacts"),
        "3",
    ]
    ran = subprocess.run(
        command,
        env=os.environ | {"HEADRACE_MAX_BODY_BYTES": "many"},
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_S,
    )
    assert ran.returncode == 1
    assert ran.stdout == ""
    (line,) = ran.stderr.splitlines()
    assert line.startswith("Error: ")
    assert "HEADRACE_MAX_BODY_BYTES" in line


def test_a_store_that_is_none_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "none.db").write_bytes(b"this is no database at all" * 100)
    command = [
        sys.executable,
        str(SCRIPT),
        f"sqlite:///{tmp_path / 'none.db'}",
        str(tmp_path / "artifacts"),
        "2",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=WAIT_S)
    assert ran.returncode == 1
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stderr.startswith("Error: sqlite:///")
    assert "none.db: The database file is damaged, or is none" in ran.stderr


@pytest.mark.parametrize(
    ("whole_mib", "workers", "part_mib"), [(256, 4, 64), (100, 3, 33), (2, 4, 1), (0, 4, 0)]
)
def test_memory_for_tables_is_divided_and_none_stays_none(
    whole_mib: int, workers: int, part_mib: int
) -> None:
    assert divide_memory(whole_mib, workers) == part_mib


@pytest.mark.databases(
    "postgresql", "mysql", reason="on SQLite there is one process: tests/unit/cli/test_server.py"
)
def test_the_command_starts_as_many_processes_as_it_is_told(
    make_database: Callable[..., str], tmp_path: Path
) -> None:
    url = make_database()
    with start_server(tmp_path, backend_store_uri=url, workers=2) as server:
        _wait_for(lambda: server.log.endswith("\n"))
        assert server.log.startswith("headrace ")
        assert len(Group(server.process, server.url, tmp_path / "server.log").workers()) == 2
        taken = subprocess.run(
            [*COMMAND, "--port", str(server.port), "--backend-store-uri", url, "--workers", "2"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=WAIT_S,
        )
        assert (taken.returncode, taken.stdout) == (1, "")
        assert taken.stderr.startswith(f"Error: Cannot listen on 127.0.0.1:{server.port}")
        assert server.stop() == 0
    assert server.log.count("\n") == 1
