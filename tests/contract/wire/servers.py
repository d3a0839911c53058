"""Starts a tracking server as a process of its own on a free loopback port, and stops it for sure.

It knows the commands of headrace and of the real MLflow, nothing of what they answer.
"""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from serving import find_free_port

#: Seconds that a server may take until it answers; the real MLflow needs about 10 on a small machine.
START_S = 90
STOP_S = 15
#: A path of an ``mlflow`` program: tests then run against that server, which proves the tests themselves.
TARGET_VARIABLE = "HEADRACE_CONTRACT_TARGET"


@dataclass(frozen=True)
class Server:
    """A running server: host, port, and whether it is the real MLflow."""

    host: str
    port: int
    is_mlflow: bool

    @property
    def url(self) -> str:
        """The address clients are given."""
        return f"http://{self.host}:{self.port}"


@contextlib.contextmanager
def serve_target(folder: Path, store: str = "") -> Iterator[Server]:
    """Run headrace on a store, or the MLflow that TARGET_VARIABLE names on its own, with its files in ``folder``."""
    mlflow = os.environ.get(TARGET_VARIABLE)
    with serve_mlflow(Path(mlflow), folder) if mlflow else serve_headrace(folder, store) as server:
        yield server


@contextlib.contextmanager
def serve_headrace(folder: Path, store: str = "") -> Iterator[Server]:
    """Run a headrace server with its files in ``folder``, by default the store as well."""
    port = find_free_port()
    command = [sys.executable, "-m", "headrace", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", store or f"sqlite:///{folder / 'store.db'}"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    with _running(command, folder, port, {}):
        yield Server("127.0.0.1", port, is_mlflow=False)


@contextlib.contextmanager
def serve_mlflow(program: Path, folder: Path) -> Iterator[Server]:
    """Run the real MLflow server on SQLite with its files in ``folder``."""
    port = find_free_port()
    command = [str(program.absolute()), "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'store.db'}"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    settings = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "PYTHONHASHSEED": "0",  # its messages list sets
    }
    with _running(command, folder, port, settings):
        yield Server("127.0.0.1", port, is_mlflow=True)


@contextlib.contextmanager
def _running(command: list[str], folder: Path, port: int, more: dict[str, str]) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "server.log"
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "HEADRACE_", "_MLFLOW"))
    } | more
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait(process, port, log)
        yield
    finally:
        _stop(process)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(
                f"the server ended with {process.returncode}:\n{log.read_text('utf-8', 'replace')}"
            )
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    return
            finally:
                connection.close()
        time.sleep(0.05)
    raise RuntimeError(f"no answer on port {port} in {START_S} s:\n{log.read_text('utf-8', 'replace')}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and what it started; only its own session is signalled."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_S)
