"""One connection to a server: a request goes out, its answer comes in. httptools takes answers apart.

Nothing here knows what is asked for, how the server is reached, or when to ask again.
"""

import selectors
import socket
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

RECEIVE_BYTES = 1 << 16
SEND_BYTES = 1 << 18
TOGETHER_BYTES = 1 << 14
"""A body up to this size is sent with its head."""
MAX_HEAD_BYTES = 1 << 18
"""The head of an answer may not be longer."""
_GOOD = range(200, 300)
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)


class ExchangeFailed(Exception):
    """A request got no answer. Its text says why."""


class Unreached(ExchangeFailed):
    """The server was not reached; nothing of the request was sent.

    Args:
        reason: why.
        passes: whether it may be otherwise a moment later.
    """

    def __init__(self, reason: str, *, passes: bool = True) -> None:
        super().__init__(reason)
        self.passes = passes


class Broken(ExchangeFailed):
    """The connection failed after something was sent: nobody knows whether the server has done what it was asked for."""


class Body(Protocol):
    """The body of a request that is not in memory."""

    def rewind(self) -> None:
        """Begin from the beginning; called before it is sent, and before it is sent again."""

    def read(self, count: int) -> bytes:
        """Return at most so many bytes; none at the end."""


class Connection:
    """A connection that carries one request after the other.

    Args:
        opened: connected, and encrypted if need be.
    """

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened

    def wrap(self, wrapper: Callable[[socket.socket], socket.socket]) -> None:
        """Put another socket around the one that is there."""
        self._socket = wrapper(self._socket)

    def send(self, head: bytes, body: "bytes | Body", timeout_s: float) -> "Broken | None":
        """Send a request.

        Args:
            head: the request line and the headers, with the empty line behind them.
            body: as many bytes as the headers say.
            timeout_s: seconds without progress after which it is given up; those of the answer as well.

        Returns:
            why the other side did not take all of it: who refuses a large body may have answered before he hung up.

        Raises:
            Broken: the connection failed.
            Exception: what the body's `read` raises.
        """
        self._socket.settimeout(timeout_s)
        for part in _cut(head, body):
            try:
                self._socket.sendall(part)
            except TimeoutError:
                raise Broken(f"nothing could be sent for {timeout_s:g} s") from None
            except ConnectionError as error:
                return Broken(describe(error))
            except OSError as error:
                raise Broken(describe(error)) from error
        return None

    def receive(self) -> bytes:
        """Return what has come; wait if there is nothing yet. Nothing at the end.

        Raises:
            Broken: the connection broke, or nothing came in time.
        """
        try:
            return self._socket.recv(RECEIVE_BYTES)
        except TimeoutError:
            raise Broken(f"nothing came for {self._socket.gettimeout():g} s") from None
        except OSError as error:
            raise Broken(describe(error)) from error

    def is_quiet(self) -> bool:
        """Tell whether nothing has come, neither data nor the end: so it is when an unused connection can still be used."""
        with _Selector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            has_come = bool(selector.select(0))
        # What OpenSSL has taken from the socket and nobody has read yet is not seen there.
        return not has_come and not getattr(self._socket, "pending", int)()

    def close(self) -> None:
        """Close it, if it is open."""
        self._socket.close()

    def __del__(self) -> None:
        self.close()


class Answer:
    """An answer on its way here. Its parser calls the methods that begin with `on_`.

    Args:
        connection: a request was sent on it; it is closed if the answer leaves it unusable.
        release: takes the connection when the answer is complete and further requests may follow.
        tunnel: whether it answers CONNECT: behind its head comes no body, and the connection stays with the caller.

    Attributes:
        status: the HTTP status; 0 before the head has come.
        headers: by name in lower case; what came several times is joined by commas.
    """

    def __init__(
        self, connection: Connection, release: Callable[[Connection], None], *, tunnel: bool = False
    ) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._connection: Connection | None = connection
        self._release = release
        self._is_tunnel = tunnel
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._head_bytes = 0
        self._parts: deque[bytes] = deque()
        self._is_complete = self._stays_open = False

    @property
    def is_good(self) -> bool:
        """Whether the status is 2xx."""
        return self.status in _GOOD

    def on_header(self, name: bytes, value: bytes) -> None:
        """A line of the head has come, or one behind the body, which nobody needs."""
        if self.status:
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        before = self.headers.get(key)
        self.headers[key] = text if before is None else f"{before}, {text}"

    def on_headers_complete(self) -> None:
        """The head has come."""
        assert self._parser is not None
        status = self._parser.get_status_code()
        if status < _GOOD.start:  # one that another follows
            self.headers = {}
            return
        if self._is_complete:  # an answer that nobody has asked for
            self._stays_open = False
            return
        self.status = status
        self._stays_open = self._parser.should_keep_alive()
        self._is_complete = self._is_tunnel and self.is_good

    def on_body(self, data: bytes) -> None:
        """A part of the body has come."""
        self._parts.append(data)

    def on_message_complete(self) -> None:
        """All has come."""
        if self.status:
            self._is_complete = True

    def await_head(self) -> None:
        """Wait until status and headers are known.

        Raises:
            Broken: they do not come.
        """
        while not self.status:
            self._receive()

    def read(self, count: int) -> bytes:
        """Return at most `count` bytes of the body; none at its end.

        Raises:
            Broken: the rest does not come.
        """
        while not self._parts and not self._is_complete:
            self._receive()
        if not self._parts:
            return b""
        data = self._parts.popleft()
        if len(data) > count:
            self._parts.appendleft(data[count:])
            data = data[:count]
        return data

    def read_all(self) -> bytes:
        """Return the rest of the body.

        Raises:
            Broken: it does not come whole.
        """
        while not self._is_complete:
            self._receive()
        data = b"".join(self._parts)
        self._parts.clear()
        return data

    def close(self) -> None:
        """Give up what has not come yet."""
        self._end(stays_open=False)

    def _receive(self) -> None:
        """Take what has come."""
        connection, parser = self._connection, self._parser
        if connection is None or parser is None:
            raise Broken("the answer was given up")
        try:
            data = connection.receive()
            if data:
                self._parse(parser, data)
            else:
                self._take_end()
        except BaseException:
            self.close()
            raise
        if self._is_complete:
            self._end(stays_open=self._stays_open)

    def _parse(self, parser: HttpResponseParser, data: bytes) -> None:
        if not self.status:
            self._head_bytes += len(data)
        try:
            parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._stays_open = False
            if not self._is_complete:
                raise Broken(f"what came is no HTTP ({str(error) or type(error).__name__})") from None
        if not self.status and self._head_bytes > MAX_HEAD_BYTES:
            raise Broken(f"the head of the answer is longer than {MAX_HEAD_BYTES} bytes")

    def _take_end(self) -> None:
        """The connection has ended: the answer as well, if nothing else says where it ends."""
        if not self.status or not self.headers.keys().isdisjoint({"content-length", "transfer-encoding"}):
            raise Broken(f"the connection was closed {'within' if self.status else 'without'} an answer")
        self._is_complete = True
        self._stays_open = False

    def _end(self, *, stays_open: bool) -> None:
        connection, self._connection = self._connection, None
        self._parser = None  # it refers to this object, and this object to it
        if connection is None:
            return
        if stays_open or (self._is_tunnel and self._is_complete):
            self._release(connection)
        else:
            connection.close()


def _cut(head: bytes, body: bytes | Body) -> Iterator[bytes]:
    """Give a request in the parts that it is sent in."""
    if not isinstance(body, bytes):
        yield head
        body.rewind()
        while data := body.read(SEND_BYTES):
            yield data
    elif len(body) <= TOGETHER_BYTES:
        yield head + body
    else:
        yield head
        yield body


def describe(error: OSError) -> str:
    """Return what went wrong on the way, in the system's words."""
    return error.strerror or str(error) or type(error).__name__
