"""The database servers of the tests: shared by the processes of a session, and gone with it, whatever ends it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PROBE = """
import json, time
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range(4))
def test_it(databases, tmp_path, request, number):
    seen = {}
    for kind in ("postgresql", "mysql"):
        databases.make(kind, tmp_path, empty=True)
        server = databases.server(kind)
        seen[kind] = [str(server.folder), int((server.folder / "pid").read_text())]
    out = Path(__file__).with_name(f"seen-{number}.json")
    out.with_suffix(".new").write_text(json.dumps(seen))
    out.with_suffix(".new").rename(out)
    time.sleep(PAUSE)
"""

# Two database servers are made anew, on a machine that is busy with other tests.
START_S = 400


@pytest.fixture
def start(tmp_path: Path) -> Callable[[float], "subprocess.Popen[bytes]"]:
    """A function that starts a session of two processes, whose tests last so many seconds."""
    folder = tmp_path / "tests"
    (folder / "structure").mkdir(parents=True)
    for name in ("conftest.py", "databases.py", "database_servers.py", "structure/allowed_skips.txt"):
        shutil.copy(TESTS / name, folder / name)
    options = ["--rootdir=.", "--override-ini=pythonpath=tests", "-p", "no:cacheprovider", "-n2"]

    def begin(pause_s: float) -> "subprocess.Popen[bytes]":
        (folder / "test_probe.py").write_text(PROBE.replace("PAUSE", str(pause_s)), "utf-8")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        command = [sys.executable, "-m", "pytest", "-q", *options, "tests"]
        with (tmp_path / "output").open("wb") as output:
            return subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=output)

    return begin


def _read_servers(folder: Path, least: int) -> set[tuple[str, int]]:
    """Folder and process of the servers that the tests of a session saw, once so many tests have told."""
    until = time.monotonic() + START_S
    while len(told := list(folder.glob("seen-*.json"))) < least:
        assert time.monotonic() < until, "the tests do not begin"
        time.sleep(0.05)
    return {(place, pid) for path in told for place, pid in json.loads(path.read_text("utf-8")).values()}


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_until_gone(servers: set[tuple[str, int]]) -> None:
    until = time.monotonic() + 60
    while any(_is_there(pid) or Path(folder).exists() for folder, pid in servers):
        assert time.monotonic() < until, f"still there: {servers}"
        time.sleep(0.05)


@pytest.mark.timeout(2 * START_S)
def test_all_processes_of_a_session_share_one_server_of_each_kind_which_ends_with_it(
    start: Callable[[float], "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    session = start(0)
    assert session.wait(START_S) == 0, (tmp_path / "output").read_text("utf-8")
    servers = _read_servers(tmp_path / "tests", 4)
    assert len(servers) == 2
    assert not any(_is_there(pid) or Path(folder).exists() for folder, pid in servers)


@pytest.mark.timeout(2 * START_S)
def test_a_session_that_is_killed_leaves_no_server(
    start: Callable[[float], "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    session = start(600)
    try:
        servers = _read_servers(tmp_path / "tests", 2)
        assert all(_is_there(pid) for _, pid in servers)
    finally:
        session.send_signal(signal.SIGKILL)
        session.wait(60)
    _wait_until_gone(servers)
