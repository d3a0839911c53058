"""The HTTP protocol with bounds that uvicorn lacks where httptools parses: on the size of a request's head, and on the time of a silent client.

Without them one connection that never ends its headers takes all memory, before any check of a token. A client that stops in the middle of a
request, or does not read its answer, is cut off; what it had begun ends as if it had closed the connection. The module knows no application, but an application
may hand a connection something that answers plain requests without ASGI (`headrace.server.express`).
"""

import asyncio
from asyncio import TimerHandle
from collections.abc import Callable
from typing import Any, cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from headrace.server.answers import Answer, Headers
from headrace.server.express import Express, Plain

MAX_HEAD_BYTES = 64 * 2**10
HEAD_SECONDS = 30.0
SILENCE_SECONDS = 60.0
UNREAD_SECONDS = 120.0
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%s"
)


class BoundedProtocol(HttpToolsProtocol):
    """One connection; requests have it in their scope as ``headrace.connection``.

    `when_lost` is called when the client closes it; for whoever holds a call, and would need a task of its own to hear of that from ASGI.

    Args:
        args: uvicorn's.
        kwargs: uvicorn's.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unused_bytes = 0  # received since the parser last had something to say
        self._in_head = False
        self._in_message = False
        self._since = 0.0  # seconds on the loop's clock: when the head began, or when the body last grew
        self._watch: TimerHandle | None = None
        self._unread: TimerHandle | None = None
        self._answering: RequestResponseCycle | None = None
        self.when_lost: Callable[[], None] | None = None
        self.express: Express | None = None
        self._plain: Plain | None = None  # a request that may be answered without ASGI, while its body comes
        self._body = bytearray()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Give the client as long for its first request as for any later one."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clock, and tell whoever answers; uvicorn tells only the last of several requests that came at once."""
        super().connection_lost(exc)
        if self.when_lost is not None:
            self.when_lost()
        self.pipeline.clear()
        if self._answering is not None:
            self._answering.disconnected = True
            self._answering.message_event.set()
        for timer in (self._watch, self._unread):
            if timer is not None:
                timer.cancel()
        self._watch = self._unread = None

    def data_received(self, data: bytes) -> None:
        """Take what came, unless the request's head has grown too long."""
        if self._unused_bytes > MAX_HEAD_BYTES:
            self._refuse()
            return
        self._unused_bytes += len(data)
        super().data_received(data)
        if self._in_message and not self.transport.is_closing():
            if not self._in_head:
                self._since = self.loop.time()
            if self._watch is None:
                self._watch = self.loop.call_later(HEAD_SECONDS, self._look)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._in_head = self._in_message = True
        self._since = self.loop.time()

    def on_headers_complete(self) -> None:
        """End the head of a request."""
        self._in_head = False
        self._unused_bytes = 0
        is_free = self.cycle is None or self.cycle.response_complete
        if self.express is not None and is_free and self.parser.get_http_version() == "1.1":
            self._plain = self.express.find(self.parser.get_method(), self.url, self.headers)
            self._body = bytearray()
        if self._plain is None:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._unused_bytes = 0
        if self._plain is None:
            super().on_body(body)
        else:
            self._body += body

    def on_message_complete(self) -> None:
        """End a request."""
        self._in_message = False
        self._unused_bytes = 0
        if self._plain is None:
            super().on_message_complete()
            return
        plain, self._plain = self._plain, None
        cycle = _ShortCycle(self)
        if self.express is not None and self.express.begin(plain, bytes(self._body), self.loop, cycle.answer):
            self.cycle = cast("RequestResponseCycle", cycle)
            return
        self._leave_express()
        super().on_message_complete()

    def shutdown(self) -> None:
        """End the connection when what is under way is answered."""
        if self._plain is not None:
            self._plain = None
            self._leave_express()
        super().shutdown()

    def _leave_express(self) -> None:
        """Go on with a request as uvicorn does."""
        super().on_headers_complete()
        super().on_body(bytes(self._body))

    def pause_writing(self) -> None:
        """Wait for a client that does not read its answer, but not for ever."""
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on with the answer."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        cycle.scope["headrace.connection"] = self  # type: ignore[typeddict-unknown-key]
        super()._start_asgi_task(cycle, app)

    def _look(self) -> None:
        """Cut off a client that sends nothing, or never ends its headers."""
        self._watch = None
        if not self._in_message or self.transport.is_closing():
            return
        if self.flow.read_paused:  # it is the server that does not read
            self._since = self.loop.time()
        left = self._since + (HEAD_SECONDS if self._in_head else SILENCE_SECONDS) - self.loop.time()
        if left <= 0:
            self.transport.close()
            return
        self._watch = self.loop.call_later(left, self._look)

    def _refuse(self) -> None:
        if self.transport.is_closing():
            return
        text = b"The request's headers are larger than %d bytes." % MAX_HEAD_BYTES
        self.transport.write(_TOO_LARGE % (len(text), text))
        self.transport.close()


class _Nobody:
    """Stands where uvicorn has an event that a task waits for."""

    def set(self) -> None:
        """Do nothing."""


class _ShortCycle:
    """A request and its answer, without ASGI; what of uvicorn's `RequestResponseCycle` a connection looks at.

    Args:
        connection: where the request came from.
    """

    __slots__ = (
        "_connection",
        "default_headers",
        "disconnected",
        "keep_alive",
        "response_complete",
    )

    message_event = _Nobody()

    def __init__(self, connection: BoundedProtocol) -> None:
        self._connection = connection
        self.default_headers = connection.server_state.default_headers
        self.disconnected = False
        self.keep_alive = connection.parser.should_keep_alive()
        self.response_complete = False

    def answer(self, answer: Answer, more: Headers) -> None:
        """Send an answer, in one piece."""
        self.response_complete = True
        if self.disconnected:
            return
        status, headers, body = answer
        pieces = [STATUS_LINE[status]]
        for name, value in (*self.default_headers, *headers, *more):
            pieces += name, b": ", value, b"\r\n"
            if name == b"connection":
                self.keep_alive = False
        if not self.keep_alive and b"connection" not in pieces:
            pieces.append(b"connection: close\r\n")
        pieces += b"content-length: %d\r\n\r\n" % len(body), body
        self._connection.transport.write(b"".join(pieces))
        if not self.keep_alive:
            self._connection.transport.close()
        self._connection.on_response_complete()
