"""What the tests of the HTTP layer share: scopes, and messages in both directions."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Exchange:
    """The messages of one request, and what was sent back."""

    def __init__(self, *parts: bytes, gone: bool = False) -> None:
        self.incoming: list[Message] = [
            {"type": "http.request", "body": part, "more_body": gone or number < len(parts) - 1}
            for number, part in enumerate(parts)
        ]
        if gone:
            self.incoming.append({"type": "http.disconnect"})
        self.received = 0
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        self.received += 1
        return self.incoming.pop(0)

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])

    def run(self, app: ASGIApp, scope: Scope) -> "Exchange":
        asyncio.run(_run(app, scope, self.receive, self.send))
        return self


async def _run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


def _scope(method: str = "GET", path: str = "/", query: bytes = b"", **headers: str) -> Scope:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [
            (name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()
        ],
    }


@pytest.fixture
def scope() -> Callable[..., Scope]:
    """A function that makes a request's scope; headers as keywords."""
    return _scope


@pytest.fixture
def exchange() -> Callable[..., Any]:
    """A function that makes an `Exchange` of the parts of a body."""
    return Exchange
