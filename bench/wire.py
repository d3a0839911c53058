"""A small keep-alive HTTP/1.1 client on a bare socket: the same few lines of client for each server.

It knows how to send request bytes that were built before and to find the end of an answer. It does not know
what the requests mean, and does not measure time.
"""

import json
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlencode

_RECEIVE_BYTES = 1 << 18
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)")


class WireError(Exception):
    """The server's answer is no HTTP/1.1 answer that this client understands."""


class RequestFailed(Exception):
    """The server answered a request with a status of 300 or more."""

    def __init__(self, what: str, status: int, body: bytes) -> None:
        super().__init__(f"{what} answered HTTP {status}: {body[:200]!r}")
        self.status = status


@dataclass(slots=True)
class Response:
    """One answer; `size_bytes` counts the body even where it was not kept."""

    status: int
    body: bytes
    size_bytes: int
    closes: bool


@dataclass(frozen=True)
class Address:
    """Where a server listens."""

    host: str
    port: int


def build_request(
    address: Address, method: str, path: str, body: bytes = b"", content_type: str = "application/json"
) -> bytes:
    """Build the bytes of one request."""
    return build_head(address, method, path, len(body), content_type) + body


def build_head(
    address: Address, method: str, path: str, size_bytes: int, content_type: str = "application/json"
) -> bytes:
    """Build the bytes of a request's head for a body of `size_bytes`."""
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {address.host}:{address.port}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {size_bytes}\r\nAccept: */*\r\n\r\n"
    ).encode()


class ResponseReader:
    """Finds the end of one answer in the bytes as they come, in time linear in their number."""

    def __init__(self, *, keep_body: bool = True) -> None:
        self._keep_body = keep_body
        self._head = b""
        self._status = 0
        self._closes = False
        self._in_body = False
        self._chunked = False
        self._line = b""
        self._left_bytes = 0
        self._last_chunk = False
        self._parts: list[bytes] = []
        self._size_bytes = 0

    def feed(self, data: bytes) -> Response | None:
        """Take the next bytes; give the answer when they complete it.

        Raises:
            WireError: The bytes are no answer with a length or in chunks.
        """
        if not self._in_body:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return None
            data = self._head[end + 4 :]
            self._read_head(self._head[:end].lower())
        if self._chunked:
            return self._feed_chunks(data)
        part = data[: self._left_bytes]
        self._keep(part)
        self._left_bytes -= len(part)
        return None if self._left_bytes else self._finish()

    def _read_head(self, head: bytes) -> None:
        if not head.startswith(b"http/1.1 "):
            raise WireError(f"an answer that begins with {head[:40]!r} is not HTTP/1.1")
        self._status = int(head[9:12])
        self._closes = b"\r\nconnection: close" in head
        self._in_body = True
        found = _LENGTH.search(head)
        if found:
            self._left_bytes = int(found[1])
        elif b"\r\ntransfer-encoding: chunked" in head:
            self._chunked = True
        elif self._status not in {204, 304}:
            raise WireError("the answer has neither a Content-Length nor chunks")

    def _feed_chunks(self, data: bytes) -> Response | None:
        while data:
            if self._left_bytes:
                part = data[: self._left_bytes]
                data = data[len(part) :] if len(part) < len(data) else b""
                self._left_bytes -= len(part)
                self._keep(part)
                continue
            self._line += data
            data = b""
            # The line end of the chunk before comes first; the last chunk is followed by one empty line.
            line = self._line.lstrip(b"\r\n") if not self._last_chunk else self._line
            end = line.find(b"\r\n")
            if self._last_chunk:
                return self._finish() if end >= 0 else None
            if end < 0:
                return None
            self._left_bytes = int(line[:end].split(b";")[0], 16)
            self._last_chunk = self._left_bytes == 0
            self._line = b""
            data = line[end + 2 :]
        return None

    def _keep(self, part: bytes) -> None:
        self._size_bytes += len(part)
        if self._keep_body:
            self._parts.append(part)

    def _finish(self) -> Response:
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        return Response(self._status, body, self._size_bytes, self._closes)


class Connection:
    """One blocking keep-alive connection.

    Args:
        address: Where the server listens.
        timeout_s: The longest wait for the next bytes.
        quickack: Acknowledge received bytes at once. A server that writes an answer in two segments without
            TCP_NODELAY stalls 40 ms for a client that does not; this hides that.
    """

    def __init__(self, address: Address, *, timeout_s: float = 120.0, quickack: bool = False) -> None:
        self.address = address
        self._timeout_s = timeout_s
        self._quickack = quickack
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def connect(self) -> socket.socket:
        """Open the connection if it is not open."""
        if self._socket is None:
            self._socket = open_socket(self.address, self._timeout_s)
        return self._socket

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def exchange(self, request: bytes, *, keep_body: bool = True) -> Response:
        """Send request bytes and wait for the whole answer.

        Raises:
            OSError: The connection failed or timed out. It is closed then.
            WireError: The answer cannot be read. The connection is closed then.
        """
        line = self.connect()
        try:
            line.sendall(request)
            return self._receive(line, keep_body=keep_body)
        except (OSError, WireError):
            self.close()
            raise

    def _receive(self, line: socket.socket, *, keep_body: bool) -> Response:
        reader = ResponseReader(keep_body=keep_body)
        while True:
            if self._quickack:
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            data = line.recv(_RECEIVE_BYTES)
            if not data:
                raise ConnectionResetError("the server closed the connection before its answer was complete")
            response = reader.feed(data)
            if response is not None:
                if response.closes:
                    self.close()
                return response

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Sequence[tuple[str, str]] = (),
    ) -> dict[str, Any]:
        """Send JSON and decode the JSON object of the answer.

        Raises:
            RequestFailed: The status is 300 or more.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        data = b"" if body is None else json.dumps(body).encode()
        response = self.exchange(build_request(self.address, method, target, data))
        if response.status >= 300:
            raise RequestFailed(f"{method} {path}", response.status, response.body)
        return cast("dict[str, Any]", json.loads(response.body)) if response.body else {}

    def upload(self, path: str, size_bytes: int, block: bytes) -> Response:
        """PUT `size_bytes` bytes made of repetitions of `block`."""
        line = self.connect()
        try:
            line.sendall(build_head(self.address, "PUT", path, size_bytes, "application/octet-stream"))
            left_bytes = size_bytes
            while left_bytes:
                part = block[:left_bytes]
                line.sendall(part)
                left_bytes -= len(part)
            return self._receive(line, keep_body=True)
        except (OSError, WireError):
            self.close()
            raise


def open_socket(address: Address, timeout_s: float) -> socket.socket:
    """Connect a TCP socket that sends small segments at once."""
    line = socket.create_connection((address.host, address.port), timeout=timeout_s)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def find_free_port() -> int:
    """Find a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
