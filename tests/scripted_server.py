"""A server that answers as it is told, byte by byte: what real servers and proxies do on bad days.

It is real to its clients: it listens on a loopback port and speaks HTTP/1.1, except where the script says otherwise.
"""

import contextlib
import socket
import ssl
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Answer:
    """What to answer a request with.

    Args:
        status: the HTTP status.
        body: the body as it is sent.
        headers: further headers; Content-Length is that of `body` unless it is named here.
        cut: send so many bytes of the body, then break the connection off.
        silent: break the connection off without a single byte.
        raw: send these bytes and nothing else, whatever the rest says.
        closes: close the connection afterwards.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    silent: bool = False
    raw: bytes | None = None
    closes: bool = False


@dataclass
class Request:
    """A request that came: its first line, headers by lower-case name, body, and the number of its connection."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int


class ScriptedServer:
    """Answers requests with the answers of a queue, whatever they ask; an empty queue answers 200 and ``{}``.

    Args:
        context: for connections that are encrypted.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.context = context
        self.answers: deque[Answer] = deque()
        self.requests: list[Request] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def script(self, *answers: Answer) -> None:
        """Add answers."""
        self.answers.extend(answers)

    @property
    def lines(self) -> list[str]:
        """The first lines of all requests."""
        return [request.line for request in self.requests]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
        self._listening.close()
        for connection in self._connections:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(
                target=self._serve, args=(connection, len(self._connections)), daemon=True
            ).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while line := stream.readline().decode().strip():
                    headers = {}
                    while header := stream.readline().decode().strip():
                        name, _, value = header.partition(":")
                        headers[name.lower()] = value.strip()
                    body = stream.read(int(headers.get("content-length", "0")))
                    self.requests.append(Request(line, headers, body, number))
                    answer = self.answers.popleft() if self.answers else Answer()
                    if not self._send(connection, answer):
                        return
        except (OSError, ValueError):
            return  # the client, or the test, is gone

    def _send(self, connection: socket.socket, answer: Answer) -> bool:
        if answer.silent:
            return False
        if answer.raw is not None:
            connection.sendall(answer.raw)
            return not answer.closes
        headers = {
            "Content-Length": str(len(answer.body)),
            "Content-Type": "application/json",
        } | answer.headers
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection.sendall(
            f"HTTP/1.1 {answer.status} Status\r\n{head}\r\n".encode() + answer.body[: answer.cut]
        )
        return answer.cut is None and not answer.closes
