"""Processes that are really killed, clients and servers; and what the stores hold afterwards: every call that returned, once."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.client import Client, connect
from headrace.spool.recover import find_spools
from proxy import Proxy
from serving import start_server

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are killed by signals here")
CHILD = Path(__file__).with_name("child.py")
PROGRAM = [sys.executable, "-m", "headrace"]
_WAIT_S = 120


class Child:
    """A process that logs.

    Args:
        uri: where to.
        root: the folder of spools.
        run_id: to which run.
        count: how many points.
        more: further arguments.
    """

    def __init__(self, uri: str, root: Path, run_id: str, count: int, *more: str) -> None:
        self.run_id = run_id
        self._output = root.parent / f"output-{run_id}"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, CHILD, uri, root, run_id, str(count), *more], stdout=output, cwd=root.parent
            )

    def kill_at(self, calls: int) -> int:
        """Kill it when so many calls have returned; return how many had by then."""
        until = time.monotonic() + _WAIT_S
        while self._read_count() < calls:
            assert self.process.poll() is None, "it ended before"
            assert time.monotonic() < until, f"only {self._read_count()} calls returned in {_WAIT_S} s"
            time.sleep(0.02)
        self.process.send_signal(signal.SIGKILL)
        return self.count()

    def count(self) -> int:
        """Wait for its end; return how many calls had returned."""
        self.process.wait(_WAIT_S)
        return self._read_count()

    def _read_count(self) -> int:
        lines = self._output.read_text("ascii").split("\n")
        return len([line for line in lines[:-1] if line.isdecimal()])


def sync(root: Path) -> subprocess.CompletedProcess[str]:
    """Run ``headrace sync``."""
    return subprocess.run(
        [*PROGRAM, "sync"], env=os.environ | {"HEADRACE_SPOOL_DIR": str(root)}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def check(client: Client, child: Child, returned: int) -> None:
    """Check that a run holds all calls that had returned, none twice, and nothing that nobody logged."""
    history = client.metrics.history(child.run_id, "loss")
    points = [(point.step, point.value, point.timestamp) for point in history]
    assert points == [(step, step / 2, step) for step in range(len(points))]
    assert returned <= len(points) <= returned + 1
    params = {param.key for param in client.runs.get(child.run_id).data.params or []}
    assert {f"p{step}" for step in range(0, returned, 100)} <= params
    files = {file.path for file in client.artifacts.list(child.run_id, "files")}
    assert {f"files/{step}.txt" for step in range(0, returned, 100)} <= files


@pytest.fixture(params=["http", "local"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "local":
        yield f"sqlite:///{(tmp_path / 'store.db').as_posix()}"
        return
    with start_server(tmp_path / "server") as server:
        yield server.url


@pytest.mark.slow
def test_what_killed_processes_have_logged_is_all_there_after_a_sync(uri: str, tmp_path: Path) -> None:
    root = tmp_path / "spools"
    root.mkdir()
    chance = random.Random(5)
    killed = []
    for number in range(4):
        child = Child(uri, root, f"{number:032x}", 10**6)
        killed.append((child, child.kill_at(chance.randrange(100, 3000))))
    ran = sync(root)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert find_spools(root) == []
    with connect(uri) as client:
        for child, returned in killed:
            check(client, child, returned)


def test_a_process_that_is_killed_while_the_server_is_down_loses_nothing_and_the_next_process_sends_it(
    uri: str, tmp_path: Path
) -> None:
    root = tmp_path / "spools"
    root.mkdir()
    first = Child(uri, root, "a" * 32, 10**6, "down")
    returned = first.kill_at(1000)
    (left,) = find_spools(root)
    assert not left.in_use
    assert left.records >= returned
    second = Child(uri, root, "b" * 32, 20_000)
    count = second.count()
    assert count == 20_000
    assert find_spools(root) == []
    with connect(uri) as client:
        check(client, first, returned)
        check(client, second, count)


@pytest.mark.slow
def test_a_server_that_is_killed_again_and_again_costs_nothing(tmp_path: Path) -> None:
    root = tmp_path / "spools"
    root.mkdir()
    server = start_server(tmp_path / "server")
    child = Child(server.url, root, "c" * 32, 150_000)
    for _ in range(3):
        time.sleep(0.7)
        server.kill()
        time.sleep(0.2)
        server = start_server(tmp_path / "server", port=server.port)
    try:
        returned = child.count()
        assert returned == 150_000
        if find_spools(root):
            sync(root)
        with connect(server.url) as client:
            check(client, child, returned)
            assert client.runs.get(child.run_id).info.status == "FINISHED"
    finally:
        server.stop()


@pytest.mark.slow
def test_connections_that_are_cut_in_the_middle_cost_nothing(tmp_path: Path) -> None:
    root = tmp_path / "spools"
    root.mkdir()
    with start_server(tmp_path / "server") as server, Proxy(server.port) as proxy:
        child = Child(f"http://127.0.0.1:{proxy.port}", root, "d" * 32, 100_000)
        for _ in range(60):
            time.sleep(0.05)
            proxy.cut()
        returned = child.count()
        if find_spools(root):
            sync(root)
        with connect(server.url) as client:
            check(client, child, returned)


@pytest.mark.slow
def test_two_processes_that_take_over_at_once_send_everything_once(tmp_path: Path) -> None:
    root = tmp_path / "spools"
    root.mkdir()
    uri = f"sqlite:///{(tmp_path / 'store.db').as_posix()}"
    children = [Child(uri, root, f"{number:032x}", 10**6, "down") for number in range(3)]
    counts = [child.kill_at(200) for child in children]
    environment = os.environ | {"HEADRACE_SPOOL_DIR": str(root)}
    syncs = [
        subprocess.Popen([*PROGRAM, "sync"], env=environment, stdout=subprocess.DEVNULL) for _ in range(3)
    ]
    for each in syncs:
        each.wait(120)
    sync(root)
    assert find_spools(root) == []
    with connect(uri) as client:
        for child, returned in zip(children, counts, strict=True):
            check(client, child, returned)
