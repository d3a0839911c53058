"""Running the application: socket, event loop, start line, clean stop."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.metadata import version
from types import FrameType
from typing import Any, cast

import uvicorn
from msgspec import Struct, field
from starlette.types import ASGIApp

from headrace.base import plugins
from headrace.base.errors import InvalidParameter
from headrace.server.accepting import Accepting
from headrace.server.app import create_app
from headrace.server.following import Following
from headrace.server.guard import GuardSettings, is_loopback_name
from headrace.server.limits import raise_open_files
from headrace.services.alive import AliveMark
from headrace.services.background import Background
from headrace.services.context import Platform
from headrace.services.platform import PlatformSettings, open_platform

STOP_SECONDS = 30
DRAIN_SECONDS = 0.5
"""So long a server that stops lets clients finish with their connections: each is told with its next answer to open another."""
FORCED_STATUS = 130
FORCED_NOTE = b"Stopped at once; calls that were under way are not answered.\n"
_LOOK_SECONDS = 0.01
_TICK_SECONDS = 1.0
_LAST = (b"connection", b"close")
_QUEUE = 2048


class Address(Struct, frozen=True):
    """Where to listen; port 0 takes a free one."""

    host: str
    port: int


class ServerSettings(Struct, frozen=True):
    """All that an operator decides of a server.

    Args:
        address: where to listen.
        platform: the database and the artifacts.
        guard: hosts, origins and token.
        metrics: whether ``/metrics`` shows what the server does.
        artifacts_only: whether everything but the artifact proxy is switched off.
        workers: how many processes serve; more than one takes `headrace.server.workers.serve`.
    """

    address: Address
    platform: PlatformSettings = field(default_factory=PlatformSettings)
    guard: GuardSettings = field(default_factory=GuardSettings)
    metrics: bool = False
    artifacts_only: bool = False
    workers: int = 1


def serve(settings: ServerSettings) -> None:
    """Run a server in this process until SIGTERM or Ctrl-C.

    Raises:
        HeadraceError: it cannot start; the message names the remedy.
    """
    listening = listen(settings.address)
    serve_on(settings, listening)


def serve_on(
    settings: ServerSettings,
    listening: socket.socket,
    *,
    metrics_folder: str | None = None,
    say: Callable[[str], None] | None = None,
) -> None:
    """Run a server in this process, on a socket, which is closed at the end.

    Args:
        settings: all but the address counts.
        listening: from `listen`.
        metrics_folder: where the processes that serve together count; None if this one is alone.
        say: as for `run`.

    Raises:
        HeadraceError: it cannot start; the message names the remedy.
    """
    try:
        platform = open_platform(settings.platform)
    except BaseException:
        listening.close()
        raise
    metrics = None
    if settings.metrics:
        make_metrics = plugins.load_attribute("headrace.server.prometheus:PrometheusMetrics")
        metrics = make_metrics(metrics_folder)
    following = Following(platform)
    app = create_app(
        platform,
        settings.guard,
        metrics=metrics,
        artifacts_only=settings.artifacts_only,
        following=following,
    )
    run(app, platform, listening, start_line(settings, platform, listening), following, say)


def start_line(settings: ServerSettings, platform: Platform, listening: socket.socket) -> str:
    """Return the line that says where the server is, where it keeps things and who may enter."""
    host = f"[{settings.address.host}]" if ":" in settings.address.host else settings.address.host
    url = f"http://{host}:{listening.getsockname()[1]}{settings.guard.prefix}"
    artifacts = (
        settings.platform.destination
        if platform.artifacts.served
        else f"{platform.artifacts.root_uri} (not through this server)"
    )
    entry = "" if settings.guard.token is None else "; clients need the token"
    store = platform.store.address.shown
    return f"headrace {version('headrace')} is ready at {url}, store {store}, artifacts {artifacts}{entry}"


def find_addresses(host: str) -> list[str]:
    """Return the addresses that a host name stands for on this machine.

    Raises:
        InvalidParameter: the name stands for none.
    """
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise InvalidParameter(
            f"Cannot listen on {host!r}: {getattr(error, 'strerror', None) or error}. Give an address of this machine with --host, "
            "127.0.0.1 for this machine alone."
        ) from None
    return [str(place[0]) for *_, place in found]


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a server that listens on `host`.

    Raises:
        InvalidParameter: the host is no address of any machine.
    """
    return all(is_loopback_name(address) for address in find_addresses(host))


def listen(address: Address) -> socket.socket:
    """Return a listening socket.

    Raises:
        InvalidParameter: the address is not this machine's, or the port is taken.
    """
    try:
        family, kind, _, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # With the protocol named, accepted sockets get TCP_NODELAY; without it small answers wait for a delayed ACK, 40 ms each.
        listening = socket.socket(family, kind, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(place)
            listening.listen(_QUEUE)
        except BaseException:
            listening.close()
            raise
    except OSError as error:
        raise InvalidParameter(
            f"Cannot listen on {address.host}:{address.port}: {error.strerror or error}. Another program may hold the port; choose another "
            "with --port, or 0 for a free one."
        ) from None
    return listening


class _Server(uvicorn.Server):
    """uvicorn, saying one line when it is ready, and leaving signals to `_stopping_on_signals`."""

    def __init__(
        self,
        config: uvicorn.Config,
        line: str,
        following: Following | None,
        say: Callable[[str], None] | None,
        leave: Callable[[], None],
    ) -> None:
        self._wake: Callable[[], object] | None = None
        super().__init__(config)
        self._leave = leave
        self._line = line
        self._following = following
        self._say = say
        self._doors: list[Accepting] = []

    @property
    def should_exit(self) -> bool:
        """Whether it is to stop. May be set by any thread, and by a signal's handler."""
        return self._should_exit

    @should_exit.setter
    def should_exit(self, told: bool) -> None:
        self._should_exit, wake = told, self._wake
        if told and wake is not None:
            wake()

    async def main_loop(self) -> None:
        """Renew the date of answers each second, until told to stop. uvicorn's own looks ten times a second whether it was told."""
        told = asyncio.Event()
        self._wake = partial(asyncio.get_running_loop().call_soon_threadsafe, told.set)
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), _TICK_SECONDS)
        self._wake = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        if self._say is None:
            await super().startup(sockets=sockets)
            if not self.should_exit:
                print(self._line, flush=True)  # noqa: T201 - the line that tells users and scripts where to go
        else:
            await super().startup(sockets=[])
            self._doors = [
                Accepting(each, self._make_protocol, self.server_state.connections) for each in sockets or ()
            ]
            self.servers = cast("list[asyncio.Server]", self._doors)
            self._say(self._line)

    def _make_protocol(self) -> asyncio.Protocol:
        make: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=None
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, answer the calls that are held, then wait for those that are under way.

        A client that sends one call after the other would have its next one cut off if its connection were closed at once. So answers name the
        connection as the last of it, and connections are closed only when their clients have had time for that.
        """
        for server in self.servers:
            server.close()
        for door in self._doors:
            await door.wait_closed()
        self._leave()
        self._announce_end()
        if self._following is not None:
            self._following.close()
        for _ in range(round(DRAIN_SECONDS / _LOOK_SECONDS)):
            if not self.server_state.connections:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        await super().shutdown(sockets=sockets)

    def _announce_end(self) -> None:
        """Let each answer that has not begun, and all later ones, say that its connection ends with it."""
        found: list[Any] = [getattr(each, "cycle", None) for each in self.server_state.connections]
        under_way = [cycle.default_headers for cycle in found if cycle is not None]
        for headers in [self.server_state.default_headers, *under_way]:
            if _LAST not in headers:
                headers.append(_LAST)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: uvicorn's own way raises the signal again at the end, before the queue is drained."""
        yield


@contextlib.contextmanager
def _stopping_on_signals(server: uvicorn.Server, numbers: tuple[int, ...]) -> Iterator[None]:
    """Let signals stop the server, and a second Ctrl-C end the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(received: int, _frame: FrameType | None) -> None:
        if server.should_exit and received == signal.SIGINT:
            # whatever was answered is on disk already; threads that hang must not keep the process
            os.write(sys.stderr.fileno(), FORCED_NOTE)
            os._exit(FORCED_STATUS)
        server.should_exit = True

    with handling(numbers, stop):
        yield


@contextlib.contextmanager
def handling(numbers: Iterable[int], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have signals come to a handler, and to whoever had them before when the block is over."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def tune_collector() -> None:
    """Let the garbage collector look less often, and never at what was loaded at start.

    A search builds some ten thousand small objects and drops them; at the default threshold the collector runs many times meanwhile. Measured:
    100 runs of 45 values in 3.44 ms instead of 3.59, three times alike.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def start_logging() -> None:
    """Let what is logged go to standard error."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)


def run(
    app: ASGIApp,
    platform: Platform,
    listening: socket.socket,
    line: str,
    following: Following | None = None,
    say: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C, then answer what is under way, write what is queued, and close the store.

    Args:
        app: from `headrace.server.app.create_app`.
        platform: closed at the end.
        listening: from `listen`.
        line: said when the server is ready.
        following: holds the calls that wait, if the application was given one.
        say: how it is said; None: it is printed. A process that is given another way has a supervisor, to whom Ctrl-C is left, and shares its
            socket with others.
    """
    start_logging()
    config = uvicorn.Config(
        app,
        http="auto" if sys.platform == "win32" else "headrace.server.protocol:BoundedProtocol",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=STOP_SECONDS,
        lifespan="off",
        backlog=_QUEUE,
    )
    numbers = (signal.SIGTERM,) if say else (signal.SIGTERM, signal.SIGINT)
    background = Background(platform, alive=AliveMark(platform))
    server = _Server(config, line, following, say, background.leave)
    tune_collector()
    raise_open_files()
    with _stopping_on_signals(server, numbers):
        try:
            background.start()
            server.run(sockets=[listening])
        finally:
            listening.close()
            background.close()
            platform.store.close()
