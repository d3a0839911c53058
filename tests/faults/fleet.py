"""Real servers as processes of their own, and connections to them as plain as can be: nothing is retried, nothing is hidden."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serving import find_free_port

START_S = 60
STOP_S = 45


class Disconnected(Exception):
    """The server went away before it answered: nobody knows whether the call was carried out."""


class Connection:
    """A connection to a server, for one thread."""

    def __init__(self, port: int, timeout_s: float = 60) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)

    def ask(self, method: str, path: str, **fields: Any) -> tuple[int, Any]:
        """Make a call below /api/2.0/mlflow and return status and decoded answer."""
        body = json.dumps(fields).encode() if method == "POST" else None
        target = f"/api/2.0/mlflow/{path}" + (f"?{_query(fields)}" if method == "GET" and fields else "")
        try:
            self._http.request(method, target, body, {"Content-Type": "application/json"})
            answer = self._http.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException) as error:
            self._http.close()
            raise Disconnected(repr(error)) from error

    def get(self, path: str, **fields: Any) -> Any:
        """Make a call that has to succeed."""
        return self._expect_ok("GET", path, fields)

    def post(self, path: str, **fields: Any) -> Any:
        """Make a call that has to succeed."""
        return self._expect_ok("POST", path, fields)

    def _expect_ok(self, method: str, path: str, fields: dict[str, Any]) -> Any:
        status, answer = self.ask(method, path, **fields)
        assert status == 200, f"{path}: {status} {answer}"
        return answer

    def create_run(self, experiment_id: str = "0", **fields: Any) -> str:
        """Create a run and return its id."""
        run_id: str = self.post("runs/create", experiment_id=experiment_id, **fields)["run"]["info"]["run_id"]
        return run_id

    def read_history(self, run_id: str, key: str) -> list[tuple[int, Any]]:
        """All points of a metric as (step, value)."""
        answer = self.get("metrics/get-history", run_id=run_id, metric_key=key)
        return [(point["step"], point["value"]) for point in answer.get("metrics", [])]

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def _query(fields: dict[str, Any]) -> str:
    return "&".join(f"{name}={value}" for name, value in fields.items())


class ServerProcess:
    """A server that can be started, killed and started again on the same store and port.

    Args:
        folder: where its files are.
        store: the URL of its database.
        open_files: how many files it may have open, until it raises that limit itself; None: as here.
        **environment: more environment variables.
    """

    def __init__(self, folder: Path, store: str, open_files: int | None = None, **environment: str) -> None:
        self.folder = folder
        self.store = store
        self.port = find_free_port()
        self.log = folder / f"server-{self.port}.log"
        self._environment = environment
        self._open_files = open_files
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start it."""
        command = [
            sys.executable,
            "-m",
            "headrace",
            "server",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        command += ["--backend-store-uri", self.store]
        command += ["--artifacts-destination", str(self.folder / "artifacts")]
        if self._open_files is not None:
            command = ["/bin/sh", "-c", f'ulimit -Sn {self._open_files}; exec "$@"', "server", *command]
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "HEADRACE_"))}
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=inherited | self._environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Wait until it answers. It takes connections before that."""
        assert self.process is not None
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            assert self.process.poll() is None, f"the server ended:\n{self.read_log()}"
            if self.is_healthy(START_S):
                return
            time.sleep(0.02)
        raise AssertionError(f"the server did not start:\n{self.read_log()}")

    def is_healthy(self, most_s: float = 5.0) -> bool:
        """Tell whether it says so, within so many seconds."""
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=most_s)
        with contextlib.closing(asked), contextlib.suppress(OSError, http.client.HTTPException):
            asked.request("GET", "/health")
            return asked.getresponse().status == http.HTTPStatus.OK
        return False

    def connect(self) -> Connection:
        """Return a new connection."""
        return Connection(self.port)

    def pause(self) -> None:
        """Let it stand still, with SIGSTOP, and wait until all of its threads do."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def resume(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power cut would: with SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_S)

    def terminate(self) -> None:
        """Ask it to stop."""
        assert self.process is not None
        self.process.terminate()

    def wait(self) -> int:
        """Wait until it has stopped and return its exit status."""
        assert self.process is not None
        return self.process.wait(STOP_S)

    def read_log(self) -> str:
        """What it has printed."""
        return self.log.read_text("utf-8", "replace")

    def stop(self) -> None:
        """Stop it for sure, and what it started with it."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.resume()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_S)
                break


@contextmanager
def run_server(folder: Path, store: str, **environment: str) -> Iterator[ServerProcess]:
    """Run a server on a store, with its files in `folder`."""
    server = ServerProcess(folder, store, **environment)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def run_servers(
    count: int, folder: Path, store_uri: str, **environment: str
) -> Iterator[list[ServerProcess]]:
    """Run several servers on one database."""
    servers = [ServerProcess(folder, store_uri, **environment) for _ in range(count)]
    try:
        for server in servers:
            server.launch()
        for server in servers:
            server.wait_until_ready()
        yield servers
    finally:
        for server in servers:
            if server.process is not None and server.process.poll() is None:
                server.terminate()
        for server in servers:
            server.stop()


HOLD_LOCK = """
import sys
from databases import open_engine
with open_engine(sys.argv[1]).connect() as connection:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA busy_timeout = 20000")
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
    else:
        connection.exec_driver_sql("SELECT value FROM hr_clock FOR UPDATE")
    print("locked", flush=True)
    sys.stdin.read()
"""


@contextmanager
def locked_by_another_program(store: str) -> Iterator[None]:
    """Let another program, which knows nothing of headrace, hold the lock that each writing transaction needs before it ends."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, store],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        yield
    finally:
        holder.communicate("")
