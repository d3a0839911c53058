"""An application in this process, on a real store, called as a server would call it: nothing is normalised on the way."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.types import ASGIApp, Message

from headrace.server.app import create_app
from headrace.server.guard import GuardSettings
from headrace.services.context import Platform
from headrace.services.platform import PlatformSettings, open_platform


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Call = Callable[..., Answer]


def call_app(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    query: str = "",
    body: bytes | Mapping[str, Any] = b"",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send one request; a mapping goes as JSON."""
    sent = {"host": "localhost", **(headers or {})}
    if isinstance(body, Mapping):
        body = json.dumps(body).encode()
        sent.setdefault("content-type", "application/json")
    messages: list[Message] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 5000),
    }

    async def run() -> None:
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if asked:
                await asyncio.Event().wait()
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        await app(scope, receive, send)

    asyncio.run(run())
    start = messages[0]
    data = b"".join(message.get("body", b"") for message in messages[1:])
    return Answer(
        start["status"], {name.decode(): value.decode("latin-1") for name, value in start["headers"]}, data
    )


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A platform on an empty store."""
    opened = open_platform(
        PlatformSettings(
            store_url=f"sqlite:///{tmp_path / 'store.db'}", destination=str(tmp_path / "artifacts")
        )
    )
    yield opened
    opened.store.close()


@pytest.fixture
def call(platform: Platform) -> Call:
    """A function that sends a request to an application on that platform; ``platform=`` replaces parts of it, ``guard=`` sets the door."""

    def send(
        method: str,
        path: str,
        *,
        replace: Mapping[str, Any] | None = None,
        guard: GuardSettings | None = None,
        **request: Any,
    ) -> Answer:
        app = create_app(msgspec.structs.replace(platform, **(replace or {})), guard or GuardSettings())
        return call_app(app, method, path, **request)

    return send
