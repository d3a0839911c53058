"""A server process of its own to attack, bytes sent to it as they are written, and its memory watched meanwhile."""

import contextlib
import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from serving import start_server

API = "/api/2.0/mlflow"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
ANSWER_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.json["message"])


@dataclass(frozen=True, slots=True)
class Target:
    """A running server and the folder that it works in."""

    port: int
    pid: int
    folder: Path

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_SECONDS)

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; a mapping goes as JSON. Method, target and headers go as they are."""
        sent = {"Host": f"localhost:{self.port}", "Connection": "close", **(headers or {})}
        if isinstance(body, Mapping):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        if body is not None:
            sent.setdefault("Content-Length", str(len(body)))
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        with self.connect() as sock:
            return exchange(
                sock, f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + (body or b""), method
            )

    def post(self, call: str, **fields: Any) -> Answer:
        """Make a call of MLflow's API."""
        return self.ask("POST", f"{API}/{call}", fields)

    def send(self, data: bytes, *, half: bool = False) -> list[Answer]:
        """Send bytes and return all answers until the server closes the connection; with `half`, say that nothing more will come."""
        with self.connect() as sock:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                sock.sendall(data)
                if half:
                    sock.shutdown(socket.SHUT_WR)
            return read_answers(sock)

    def new_experiment(self, **fields: Any) -> str:
        answer = self.post("experiments/create", name=f"e{time.perf_counter_ns()}", **fields)
        assert answer.status == 200, answer.body
        return str(answer.json["experiment_id"])

    def new_run(self, experiment_id: str = "0") -> str:
        answer = self.post("runs/create", experiment_id=experiment_id)
        assert answer.status == 200, answer.body
        return str(answer.json["run"]["info"]["run_id"])

    def check_health(self) -> None:
        """The server answers, and still writes."""
        assert self.ask("GET", "/health").body == b"OK"
        run = self.new_run()
        assert self.post("runs/log-metric", run_id=run, key="m", value=1, timestamp=1).status == 200

    def list_files(self) -> dict[str, bytes]:
        """Everything in the server's folder that is neither its database nor in progress, by its path."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
            and not path.name.startswith(("store.db", "server.log"))
            and ".headrace-tmp" not in path.parts
        }

    @contextlib.contextmanager
    def memory_within(self, limit_mib: float) -> Iterator[None]:
        """Fail if the server's memory grows by more, at any moment of the block."""
        process = psutil.Process(self.pid)
        before = most = process.memory_info().rss
        done = threading.Event()

        def watch() -> None:
            nonlocal most
            while not done.wait(0.002):
                most = max(most, process.memory_info().rss)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
        grown_mib = (most - before) / 2**20
        assert grown_mib < limit_mib, f"the server grew by {grown_mib:.0f} MiB"


def exchange(sock: socket.socket, request: bytes, method: str = "GET") -> Answer:
    """Send a request over a connection and read its answer; a server may answer before it has all."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        sock.sendall(request)
    return _read(sock, method)


def _read(sock: socket.socket, method: str = "GET") -> Answer:
    response = http.client.HTTPResponse(sock, method=method)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def read_answers(sock: socket.socket) -> list[Answer]:
    """Read answers until the server closes the connection."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while part := sock.recv(65536):
            data += part
    answers = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size = int(headers.get("content-length", "0"))
        answers.append(Answer(int(status.split()[1]), headers, rest[:size]))
        data = rest[size:]
    return answers


@contextlib.contextmanager
def serve(folder: Path, *, environ: dict[str, str] | None = None, **options: object) -> Iterator[Target]:
    """Run a server with its files in `folder`, under no umask: what it makes is as private as it says."""
    before = os.umask(0)
    try:
        server = start_server(folder, environ=environ, **options)
    finally:
        os.umask(before)
    with server:
        yield Target(server.port, server.process.pid, folder)
