"""The official clients work on headrace: each area script of ``clients/`` in each client's own environment, in a process of its own.

Set HEADRACE_CONTRACT_TARGET to an ``mlflow`` program to run the same scripts against the real server. What a client
does not offer stands in the table below; nothing is skipped.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from wire.servers import Server, serve_target

from databases import Databases

pytestmark = pytest.mark.peer

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "clients"

#: Client -> its areas -> the parts of each that the client does not have.
AREAS: Mapping[str, Mapping[str, list[str]]] = {
    "mlflow-3.17": {
        "artifacts": [],
        "async": [],
        "datasets": [],
        "errors": [],
        "experiments": [],
        "large": [],
        "logged_models": [],
        "media": [],
        "metrics": [],
        "runs": ["list_run_infos"],
        "search": [],
        "sklearn": [],
    },
    "mlflow-2.22": {
        "artifacts": [],
        "async": [],
        "datasets": ["metrics of a dataset"],
        "errors": [],
        "experiments": ["delete_experiment_tag"],
        "media": ["log_stream"],
        "metrics": [],
        "runs": ["list_run_infos"],
        "search": [],
        "sklearn": [],
    },
    "mlflow-1.30": {
        "artifacts": ["mlflow.artifacts"],
        "errors": [],
        "experiments": ["delete_experiment_tag"],
        "metrics": [],
        "runs": ["get_parent_run"],
        "search": ["all experiments"],
        "sklearn": ["the data of autolog"],
    },
    "mlflow-skinny-3.17": {
        "artifacts": [],
        "async": [],
        "datasets": ["frames and arrays"],
        "errors": [],
        "experiments": [],
        "logged_models": ["external models"],
        "metrics": [],
        "runs": ["list_run_infos"],
        "search": ["frames"],
    },
}
CASES = [(client, area) for client, areas in AREAS.items() for area in areas]


@dataclass(frozen=True)
class LoggedServer:
    """A running server, and the file of its output."""

    server: Server
    log: Path

    def read_log(self, start: int = 0) -> str:
        """Return what the server has written, from a byte on."""
        return self.log.read_bytes()[start:].decode("utf-8", "replace")


@pytest.fixture(scope="session")
def client_server(
    databases: Databases, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LoggedServer]:
    folder = tmp_path_factory.mktemp("clients")
    with databases.lend(database, folder) as store, serve_target(folder, store) as running:
        yield LoggedServer(running, folder / "server.log")


def find_python(client: str) -> Path:
    """Return the interpreter of a client's environment; without one the test fails, saying how to make it."""
    environment = ROOT / f".env-peer-{client}"
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        pytest.fail(f"there is no {python}; make it with: scripts/bootstrap peer-{client}")
    return python


def read_version(client: str) -> str:
    """Return the version that a client's environment is locked to."""
    wanted = (ROOT / "requirements" / f"peer-{client}.in").read_text("utf-8")
    found = re.search(r"^mlflow(?:-skinny)?==(\S+)", wanted, re.MULTILINE)
    assert found, wanted
    return found[1]


def make_environment(home: Path) -> dict[str, str]:
    """Return the variables of a client: nothing of the machine's own MLflow, proxies or Python, nothing sent abroad."""
    foreign = re.compile(r"_?MLFLOW_|HEADRACE_|PYTHON|VIRTUAL_ENV|COV|(?:HTTPS?|ALL|NO)_PROXY", re.IGNORECASE)
    kept = {name: value for name, value in os.environ.items() if not foreign.match(name)}
    return kept | {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "DO_NOT_TRACK": "true",
        "GIT_PYTHON_REFRESH": "quiet",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # a 500 fails at once, not after minutes
        "MPLBACKEND": "Agg",
        "PYTHONIOENCODING": "utf-8",
    }


class Client:
    """An official client: a process that has it imported, and forks for each script.

    Args:
        name: of its environment.
        home: its home folder.
        modules: of mlflow, which its scripts take long to import.
        variables: of its environment.
    """

    def __init__(self, name: str, home: Path, modules: Sequence[str] = (), **variables: str) -> None:
        self.name = name
        self._log = (home / f"{name}.log").open("ab")
        self._process = subprocess.Popen(
            [find_python(name), SCRIPTS / "forks.py", *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=make_environment(home) | variables,
            text=True,
        )

    def run_area(self, area: str, server: Server, folder: Path) -> dict[str, Any]:
        """Run one area's script and return its report."""
        report = folder / "report.json"
        self.run(SCRIPTS / f"area_{area}.py", [server.url, str(report)], folder)
        content: dict[str, Any] = json.loads(report.read_text("utf-8"))
        return content

    def run(self, script: Path | str, arguments: Sequence[str], folder: Path) -> None:
        """Run a script in a folder."""
        output = folder / "output"
        output.touch()
        job = {
            "script": str(script),
            "arguments": arguments,
            "folder": str(folder),
            "output": str(output),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        status = self._process.stdout.readline().strip()
        assert status == "0", (
            f"{self.name}, {script}: {status or 'ended'}\n{output.read_text('utf-8', 'replace')[-4000:]}"
        )

    def stop(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        finally:
            self._process.kill()
            self._log.close()


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Client]]:
    """A function that gives a client by name, started when it is first asked for."""
    started: dict[str, Client] = {}
    home = tmp_path_factory.mktemp("home")

    def find(name: str) -> Client:
        if name not in started:
            started[name] = Client(name, home)
        return started[name]

    yield find
    for client in started.values():
        client.stop()


@pytest.mark.parametrize(("client", "area"), CASES, ids=["-".join(case) for case in CASES])
def test_an_official_client_works(
    client_server: LoggedServer, clients: Callable[[str], Client], tmp_path: Path, client: str, area: str
) -> None:
    start = client_server.log.stat().st_size
    report = clients(client).run_area(area, client_server.server, tmp_path)
    assert report.pop("passed")
    assert report == {"area": area, "client": read_version(client), "left_out": AREAS[client][area]}
    if not client_server.server.is_mlflow:
        assert "Traceback" not in client_server.read_log(start)


def test_every_script_is_run_and_every_client_has_a_lock() -> None:
    scripts = {path.stem.removeprefix("area_") for path in SCRIPTS.glob("area_*.py")}
    assert {area for _, area in CASES} == scripts
    locks = {path.stem for path in (ROOT / "requirements").glob("peer-mlflow*.txt")}
    assert locks == {f"peer-{client}" for client in AREAS}
