"""A fluent API that begins anew for each test, places to log to, and scripts that run as processes of their own."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields

from headrace.client import Client, connect
from headrace.fluent.state import CURRENT, NO_RUN, STATE, State
from serving import Server, clean_environment, start_server

SCRIPT_S = 120
Script = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_server(tmp_path_factory.mktemp("fluent-server")) as started:
        yield started


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let each test have a process's state of its own, a spool of its own, and no variables of the machine."""
    (tmp_path / "work").mkdir()
    with clean_environment():
        monkeypatch.chdir(tmp_path / "work")
        monkeypatch.setenv("HEADRACE_SPOOL_DIR", str(tmp_path / "spool"))
        monkeypatch.setenv("HEADRACE_PROVENANCE", "false")
        try:
            yield
        finally:
            forget_everything()


def forget_everything() -> None:
    """End what a test has left open, and begin anew as a new process does; but for the hooks, which are there once."""
    for run in reversed(list(STATE.open_runs.values())):
        run.ended = True
    for spool in STATE.spools.values():
        spool.close(5)
    for client in STATE.clients.values():
        client.close()
    fresh = State()
    for field in fields(State):
        if field.name not in {"hooks", "is_first_to_fork"}:
            setattr(STATE, field.name, getattr(fresh, field.name))
    CURRENT.set(NO_RUN)


@pytest.fixture(params=["server", "sqlite"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A tracking URI, set: of a server, and of a database in this process."""
    place = (
        request.getfixturevalue("server").url
        if request.param == "server"
        else f"sqlite:///{(tmp_path / 'local.db').as_posix()}"
    )
    os.environ["MLFLOW_TRACKING_URI"] = place
    return place


@pytest.fixture
def server_uri(server: Server) -> str:
    """The tracking URI of a server, set."""
    os.environ["MLFLOW_TRACKING_URI"] = server.url
    return server.url


@pytest.fixture
def client(uri: str) -> Iterator[Client]:
    """A client that knows nothing of the fluent API."""
    with connect(uri) as opened:
        yield opened


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Runs a program as a user does: ``script(code, *arguments, **environment)``."""

    def run(code: str, *arguments: object, **environment: Any) -> subprocess.CompletedProcess[str]:
        with start_script(tmp_path, code, *arguments, **environment) as process:
            try:
                out, errors = process.communicate(timeout=SCRIPT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors)

    return run


@pytest.fixture
def begin_script(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Begins a program that the test ends; killed at the end of the test."""
    begun: list[subprocess.Popen[str]] = []

    def begin(code: str, *arguments: object, **environment: Any) -> subprocess.Popen[str]:
        process = start_script(tmp_path, code, *arguments, **environment)
        begun.append(process)
        return process

    yield begin
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=SCRIPT_S)


def start_script(tmp_path: Path, code: str, *arguments: object, **environment: Any) -> subprocess.Popen[str]:
    file = tmp_path / "work" / f"script-{len(list((tmp_path / 'work').iterdir()))}.py"
    file.write_text(textwrap.dedent(code), "utf-8")
    return subprocess.Popen(
        [sys.executable, str(file), *map(str, arguments)],
        cwd=tmp_path / "work",
        env=os.environ | {name: str(value) for name, value in environment.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
