"""The tools of the tests of artifacts: a server process with a folder of its own, and raw HTTP to it."""

import contextlib
import hashlib
import http.client
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

SCRIPT = Path(__file__).with_name("start.py")
FILES = "/api/2.0/mlflow-artifacts/artifacts"
MIB = 1 << 20
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """A running server and the folder that it works in."""

    folder: Path
    options: tuple[str, ...] = ()
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def start(self) -> None:
        command = [sys.executable, str(SCRIPT), str(self.folder), *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith(b"port "), line
        self.port = int(line.split()[1])

    def stop(self, number: int = signal.SIGTERM) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def ask(
        self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            chunked = "Transfer-Encoding" in (headers or {})
            connection.request(method, target, body, headers or {}, encode_chunked=chunked)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def ask_raw(self, request: bytes, *, half: bool = False) -> bytes:
        """Send bytes as they are; with `half`, hang up instead of waiting for an answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as sock:
            sock.sendall(request)
            if half:
                return b""
            parts = []
            while part := sock.recv(65536):
                parts.append(part)
            return b"".join(parts)

    def call(self, method: str, name: str, /, **fields: Any) -> Answer:
        """Make a call that carries JSON."""
        if method == "GET":
            return self.ask("GET", f"/api/2.0/mlflow/{name}?{urlencode(fields)}")
        return self.ask(method, f"/api/2.0/mlflow/{name}", json.dumps(fields), JSON)

    def put(self, key: str, data: bytes, headers: dict[str, str] | None = None) -> Answer:
        return self.ask("PUT", f"{FILES}/{quote(key)}", data, headers)

    def get(self, key: str, headers: dict[str, str] | None = None, method: str = "GET") -> Answer:
        return self.ask(method, f"{FILES}/{quote(key)}", None, headers)

    def new_run(self, experiment: str = "0") -> tuple[str, str]:
        """Make a run; return its id and the key of its artifacts."""
        info = self.call("POST", "runs/create", experiment_id=experiment).json["run"]["info"]
        return info["run_id"], info["artifact_uri"].partition(":/")[2]

    def new_experiment(self, location: str = "") -> str:
        number = time.time_ns()
        answer = self.call("POST", "experiments/create", name=f"e{number}", artifact_location=location)
        assert answer.status == 200, answer.body
        return str(answer.json["experiment_id"])

    def memory_kib(self, what: str) -> int:
        """Return VmRSS or VmHWM (the most so far) of the server."""
        assert self.process is not None
        lines = Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(what))

    def open_files(self) -> list[str]:
        """Return the files beneath the artifact root that the server holds open."""
        assert self.process is not None
        names = []
        for link in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed since
                names.append(str(link.readlink()))
        return [name for name in names if name.startswith(f"{self.root}/")]

    def known_objects(self) -> dict[str, tuple[int, str, int]]:
        with sqlite3.connect(self.folder / "store.db") as database:
            rows = database.execute("SELECT path, size, sha256, origin FROM hr_object").fetchall()
        database.close()
        return {row[0]: row[1:] for row in rows}

    def temporary(self) -> list[Path]:
        return list((self.root / ".headrace-tmp").iterdir())


@contextmanager
def serve(folder: Path, *options: str) -> Iterator[Server]:
    server = Server(folder, options)
    server.start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, f"timed out: {what}"
        time.sleep(0.02)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
