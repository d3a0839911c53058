"""A TCP proxy for tests: it cuts connections where it hurts most, delays, or passes nothing on. Between a server and its database, say.

It looks at bytes only as far as to find the word COMMIT in what a client sends, which PostgreSQL's and MySQL's protocols carry as it is.
"""

import contextlib
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import Self

_PIECE_BYTES = 2**16
_COMMIT = re.compile(rb"\bCOMMIT\b")
_SHORT_BYTES = 3


class Fault(Enum):
    """What can be done to one connection, at the next opportunity.

    BEFORE_COMMIT: it is cut when the client commits, and the server never hears of that. AFTER_COMMIT: the server has answered the commit, and the
    client never hears of that. IN_ANSWER: it is cut within an answer of the server.
    """

    BEFORE_COMMIT = 1
    AFTER_COMMIT = 2
    IN_ANSWER = 3


class Proxy:
    """Passes connections on to a port of this machine. A `with` block ends it.

    Args:
        port: where to.

    Attributes:
        port: where it listens itself.
        delay_s: how long a piece of data takes, each way, in seconds.
        struck: how often each fault has been done.
    """

    def __init__(self, port: int) -> None:
        self.delay_s = 0.0
        self.struck: Counter[Fault] = Counter()
        self._target = port
        self._armed: Counter[Fault] = Counter()
        self._watched: tuple[bytes, Callable[[], object]] | None = None
        self._open = threading.Event()
        self._open.set()
        self._closed = False
        self._door = threading.Lock()
        self._pairs: set[_Pair] = set()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, fault: Fault) -> None:
        """Do something to the next connection to which it can be done."""
        with self._door:
            self._armed[fault] += 1

    def disarm(self) -> None:
        """Do nothing more of what has not been done yet."""
        with self._door:
            self._armed.clear()

    def watch(self, word: bytes, action: Callable[[], object]) -> None:
        """Call something the next time that a client sends a word, right before it is passed on."""
        with self._door:
            self._watched = (word, action)

    def cut(self) -> None:
        """Cut all connections at this moment."""
        with self._door:
            pairs = list(self._pairs)
        for pair in pairs:
            pair.close()

    def hold(self) -> None:
        """Pass nothing on, and take no connection further than to the listening queue, until `release`."""
        self._open.clear()

    def release(self) -> None:
        """Pass everything on again, what was held first."""
        self._open.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
        self._listening.close()
        self.release()
        self.cut()

    def take(self, fault: Fault) -> bool:
        """Tell whether a fault is to be done now; it is done then."""
        with self._door:
            if not self._armed[fault]:
                return False
            self._armed[fault] -= 1
            self.struck[fault] += 1
            return True

    def look(self, data: bytes) -> None:
        """Look at what a client sends for the word that is watched for."""
        with self._door:
            watched = self._watched
            if watched is None or watched[0] not in data:
                return
            self._watched = None
        watched[1]()

    def wait(self) -> None:
        """Wait as long as everything takes, and until something is passed on at all."""
        if self.delay_s:
            time.sleep(self.delay_s)
        self._open.wait()

    def forget(self, pair: "_Pair") -> None:
        """Do without a connection that has ended."""
        with self._door:
            self._pairs.discard(pair)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self._open.wait()
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            pair = _Pair(self, client, server)
            with self._door:
                self._pairs.add(pair)
            if self._closed:
                pair.close()
            pair.start()


class _Pair:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._is_unanswered = False
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def start(self) -> None:
        """Pass data on, each way in a thread of its own."""
        for source, pass_on in ((self._client, self._to_server), (self._server, self._to_client)):
            threading.Thread(target=self._pump, args=(source, pass_on), daemon=True).start()

    def close(self) -> None:
        """Cut both connections."""
        for each in (self._client, self._server):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads
            each.close()
        self._proxy.forget(self)

    def _pump(self, source: socket.socket, pass_on: Callable[[bytes], bool]) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_PIECE_BYTES):
                self._proxy.wait()
                if not pass_on(data):
                    break
        self.close()

    def _to_server(self, data: bytes) -> bool:
        """Pass data on, and tell whether the connection goes on."""
        self._proxy.look(data)
        if _COMMIT.search(data):
            if self._proxy.take(Fault.BEFORE_COMMIT):
                return False
            # what belongs to the commit may follow in another piece
            self._is_unanswered = self._is_unanswered or self._proxy.take(Fault.AFTER_COMMIT)
        self._server.sendall(data)
        return True

    def _to_client(self, data: bytes) -> bool:
        """Pass data on, and tell whether the connection goes on."""
        if self._is_unanswered:
            return False
        if len(data) > _SHORT_BYTES and self._proxy.take(Fault.IN_ANSWER):
            self._client.sendall(data[: len(data) // 2])
            return False
        self._client.sendall(data)
        return True
