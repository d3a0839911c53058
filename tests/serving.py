"""Servers for tests: `start_server` runs ``headrace server`` as a process of its own, as a user does, on a free loopback port."""

import contextlib
import http
import http.client
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

COMMAND = [sys.executable, "-m", "headrace", "server"]
START_S = 60
STOP_S = 30
FIRST_PORT, PORTS_EACH, PORT_RANGES = 16_000, 2_000, 8
_PORTS = itertools.count(os.getpid())  # two sessions at the same time begin elsewhere


@dataclass(frozen=True)
class Server:
    """A running server. A `with` block stops it at its end.

    Args:
        url: what clients are given.
        process: the server; its output is in `log`.
        folder: holds ``store.db``, ``artifacts`` and ``server.log``.
    """

    url: str
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def port(self) -> int:
        """Where it listens; another server may be started there after it."""
        return int(self.url.rpartition(":")[2])

    @property
    def log(self) -> str:
        """What it has written."""
        return (self.folder / "server.log").read_text("utf-8", "replace")

    def stop(self) -> int:
        """Ask it to end (SIGTERM), wait, and return its exit status; one that has ended stays so."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        self.process.wait(STOP_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop()


def start_server(folder: Path, *, environ: dict[str, str] | None = None, **options: object) -> Server:
    """Start a server and wait until it answers.

    Args:
        folder: for its files; made if need be. A second server in the same folder goes on with the first one's data.
        environ: further environment variables; those of headrace and MLflow around the tests are not passed on.
        options: of the command: ``static_prefix="/x"`` is ``--static-prefix /x``, ``serve_artifacts=False`` is
            ``--no-serve-artifacts``, ``allow_unauthenticated=True`` is the option alone. By default the store and the artifacts are in `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = options.pop("port", None) or find_free_port()
    chosen = {
        "host": "127.0.0.1",
        "port": port,
        "backend_store_uri": f"sqlite:///{(folder / 'store.db').as_posix()}",
        "artifacts_destination": folder / "artifacts",
        **options,
    }
    command = [*COMMAND, *(word for name, value in chosen.items() for word in _write_option(name, value))]
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=_environment() | (environ or {}), stdout=log, stderr=subprocess.STDOUT
        )
    server = Server(f"http://127.0.0.1:{port}", process, folder)
    try:
        _wait(server)
    except BaseException:
        server.kill()
        raise
    return server


@contextlib.contextmanager
def clean_environment() -> Iterator[None]:
    """Hide the variables of headrace, MLflow and proxies from the code in the block."""
    before, clean = dict(os.environ), _environment()
    os.environ.clear()
    os.environ.update(clean)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def find_free_port() -> int:
    """Return a loopback port that nobody listens on, and that nobody else is given meanwhile.

    Each process of the tests has ports of its own, below those that systems give to connections: a port that is found now may be listened on much later.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    first = FIRST_PORT + int(worker) % PORT_RANGES * PORTS_EACH
    for _ in range(PORTS_EACH):
        port = first + next(_PORTS) % PORTS_EACH
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
    raise RuntimeError(f"all ports from {first} to {first + PORTS_EACH - 1} are taken")


def _environment() -> dict[str, str]:
    foreign = ("HEADRACE_", "MLFLOW_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    return {
        name: value
        for name, value in os.environ.items()
        # the folder of the tests' spools keeps them away from the user's
        if name == "HEADRACE_SPOOL_DIR" or not name.upper().startswith(foreign)
    }


def _write_option(name: str, value: object) -> list[str]:
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    return [f"--{option}", str(value)]


def _wait(server: Server) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if server.process.poll() is not None:
            raise RuntimeError(f"the server ended with {server.process.returncode}:\n{server.log}")
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", "/health")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.05)
    raise RuntimeError(f"no answer at {server.url} in {START_S} s:\n{server.log}")
