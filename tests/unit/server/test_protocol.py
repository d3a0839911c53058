"""A connection that sends no end of headers, stops half-way or does not read is cut off; others are not."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from headrace.server import protocol
from headrace.server.answers import send_bytes

SHORT = 1.0
PATIENCE = 30


class Application:
    """Reads the body and sends as much as the path says; notes who has left."""

    def __init__(self) -> None:
        self.left = 0
        self.bodies: list[int] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left += 1
                return
            size += len(message["body"])
            if scope["path"] == "/slow":
                await asyncio.sleep(2 * SHORT)
            if not message["more_body"]:
                break
        self.bodies.append(size)
        if scope["path"] == "/large":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(200):
                await send({"type": "http.response.body", "body": b"x" * 2**20, "more_body": True})
            self.left += 1
            return
        await send_bytes(send, 200, b"done")


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def connect(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], socket.socket]]:
    """A function that connects to a server with very little patience."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", SHORT)
    monkeypatch.setattr(protocol, "SILENCE_SECONDS", SHORT)
    monkeypatch.setattr(protocol, "UNREAD_SECONDS", SHORT)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application,
        http=protocol.BoundedProtocol,
        lifespan="off",
        ws="none",
        log_config=None,
        timeout_keep_alive=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield lambda: socket.create_connection(listening.getsockname(), timeout=PATIENCE)
    server.should_exit = True
    thread.join(PATIENCE)
    listening.close()


def _read_all(sock: socket.socket) -> bytes:
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while part := sock.recv(65536):
            data += part
    return data


def _wait(condition: Callable[[], Any]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


REQUEST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"


@pytest.mark.parametrize("sent", [b"P", REQUEST, REQUEST + b"\r\n", REQUEST + b"\r\n1234"])
def test_a_client_that_stops_half_way_is_cut_off(
    connect: Callable[[], socket.socket], application: Application, sent: bytes
) -> None:
    with connect() as sock:
        sock.sendall(sent)
        start = time.monotonic()
        assert _read_all(sock) == b""
        assert time.monotonic() - start < PATIENCE / 2
    if b"\r\n\r\n" in sent:
        _wait(lambda: application.left == 1)
    assert application.bodies == []


def test_a_client_that_says_nothing_is_cut_off(connect: Callable[[], socket.socket]) -> None:
    with connect() as sock:
        assert _read_all(sock) == b""


def test_a_head_that_never_ends_is_cut_off_however_busy_the_client_is(
    connect: Callable[[], socket.socket],
) -> None:
    with connect() as sock, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        sock.sendall(b"GET / HTTP/1.1\r\n")
        until = time.monotonic() + PATIENCE / 2
        while time.monotonic() < until:
            sock.sendall(b"X-A: b\r\n")
            time.sleep(0.02)
        pytest.fail("the server waited for the end of the headers")


def test_a_slow_body_is_taken_as_long_as_it_grows(
    connect: Callable[[], socket.socket], application: Application
) -> None:
    with connect() as sock:
        sock.sendall(REQUEST + b"\r\n")
        for _ in range(5):
            time.sleep(SHORT / 4)  # five times: longer than a silence may be
            sock.sendall(b"x")
        assert sock.recv(1000).startswith(b"HTTP/1.1 200")
    assert (application.bodies, application.left) == ([5], 0)


def test_a_client_is_not_cut_off_because_the_server_is_slow(
    connect: Callable[[], socket.socket], application: Application
) -> None:
    body = b"x" * 500_000
    with connect() as sock:
        sock.sendall(b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body))
        sock.sendall(body)
        assert sock.recv(1000).startswith(b"HTTP/1.1 200")
    assert application.bodies == [len(body)]


def test_each_request_of_a_connection_has_the_time_to_itself(connect: Callable[[], socket.socket]) -> None:
    with connect() as sock:
        for _ in range(4):
            sock.sendall(b"GET / HTTP/1.1\r\n")
            time.sleep(SHORT * 0.3)
            sock.sendall(b"Host: a\r\n\r\n")
            assert sock.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_client_that_does_not_read_is_cut_off(
    connect: Callable[[], socket.socket], application: Application
) -> None:
    with connect() as sock:
        sock.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        _wait(lambda: application.left == 1)
    assert application.bodies == [0]


def test_a_client_that_reads_slowly_gets_all(
    connect: Callable[[], socket.socket], application: Application
) -> None:
    with connect() as sock:
        sock.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        size = 0
        while part := sock.recv(4 * 2**20):
            size += len(part)
            time.sleep(0.001)
    assert size > 200 * 2**20


def test_headers_have_a_limit(connect: Callable[[], socket.socket], application: Application) -> None:
    with connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: " + b"b" * 60_000 + b"\r\nConnection: close\r\n\r\n")
        assert _read_all(sock).startswith(b"HTTP/1.1 200")
    with connect() as sock, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: " + b"b" * 70_000)
        time.sleep(SHORT / 10)
        sock.sendall(b"b" * 1000)
        assert _read_all(sock).startswith(b"HTTP/1.1 431 ")
    assert application.bodies == [0]


def test_a_connection_lost_with_requests_waiting_is_told_to_all(
    connect: Callable[[], socket.socket], application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    with connect() as sock:
        sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" * 10)
        time.sleep(SHORT / 2)
    time.sleep(4 * SHORT)
    assert len(application.bodies) <= 1
    assert "Exception" not in caplog.text
