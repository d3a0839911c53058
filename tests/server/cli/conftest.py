"""Servers as users start them, ``python -m headrace server``, each a process of its own on a free port of this machine."""

import http.client
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

STOP_SECONDS = 60
COMMAND_S = 280
PROGRAM = (sys.executable, "-m", "headrace")


def build_environment(more: dict[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what is set for headrace or MLflow."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("HEADRACE_", "MLFLOW_"))
    }
    return clean | {"COLUMNS": "80"} | (more or {})


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Running:
    """A server that has said that it is ready."""

    process: subprocess.Popen[str]
    line: str
    notes_file: Path
    port: int = field(init=False)

    def __post_init__(self) -> None:
        found = re.search(r"http://\S+?:(\d+)", self.line)
        assert found, self.line
        self.port = int(found[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def notes(self) -> list[str]:
        return self.notes_file.read_text("utf-8").splitlines()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        connection = self.connect()
        try:
            sent = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            kind = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, path, sent, kind | (headers or {}))
            answer = connection.getresponse()
            return Answer(
                answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
            )
        finally:
            connection.close()

    def post(self, call: str, **fields: Any) -> Answer:
        return self.ask("POST", f"/api/2.0/mlflow/{call}", fields)


StartServer = Callable[..., Running]
RunCommand = Callable[..., subprocess.CompletedProcess[str]]


@contextmanager
def _starting(
    folder: Path, *arguments: str, env: dict[str, str] | None = None, port: bool = True
) -> Iterator[Running]:
    notes = folder / f"notes-{secrets.token_hex(4)}.txt"
    where = ("--port", "0") if port else ()
    with notes.open("w") as errors:
        process = subprocess.Popen(
            [*PROGRAM, "server", *where, *arguments],
            cwd=folder,
            env=build_environment(env),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, notes.read_text("utf-8")
        yield Running(process, line.rstrip("\n"), notes)
    finally:
        process.kill()
        process.wait(STOP_SECONDS)
        process.stdout.close()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """A function that starts a server in the test's folder and waits for its line."""
    with ExitStack() as stack:

        def start(*arguments: str, env: dict[str, str] | None = None, port: bool = True) -> Running:
            return stack.enter_context(_starting(tmp_path, *arguments, env=env, port=port))

        yield start


@pytest.fixture(scope="module")
def common_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that the tests of a module share, which leave nothing there."""
    with _starting(tmp_path_factory.mktemp("common")) as running:
        yield running


@pytest.fixture
def run_command(tmp_path: Path) -> RunCommand:
    """A function that runs ``headrace ...`` in the test's folder to its end."""

    def run(
        *arguments: str, env: dict[str, str] | None = None, given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, *arguments],
            cwd=tmp_path,
            env=build_environment(env),
            check=False,
            capture_output=True,
            text=True,
            input=given or "",
            timeout=COMMAND_S,
        )

    return run


@pytest.fixture(scope="module")
def token_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with a token, shared by the tests of a module."""
    folder = tmp_path_factory.mktemp("token")
    path = folder / "t"
    path.write_text("vK3-9zXw_TqLm2Rb7Yp0\n")
    path.chmod(0o600)
    with _starting(folder, "--token-file", "t", "--expose-prometheus", "folder") as running:
        yield running
