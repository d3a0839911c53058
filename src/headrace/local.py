"""The transport without a server: calls are served in this process, on a database and a folder of artifacts.

A process opens each store once, however many clients it has, and closes it when the last of them is closed, or at exit. Neither SQLite
nor the writer's thread lives through a fork; so a fork waits until no call is under way and closes the stores before it, and
parent and child open them again at their next call.

The module knows no endpoint but those that carry bytes, for which it finds places as the HTTP server does.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from msgspec import Struct

from headrace.api import artifacts as rows
from headrace.api.endpoint import Endpoint, Req, Res
from headrace.base import msgpack
from headrace.base.endings import close_at_end
from headrace.base.errors import HeadraceError, InvalidParameter, Unavailable
from headrace.base.json import Wire, decode
from headrace.base.thread_ends import wait_for_ends
from headrace.base.version import __version__
from headrace.blobs.store import BlobInfo, BlobReader
from headrace.client.transport import TransportSettings, check_stream
from headrace.client.wire import encode_request
from headrace.services import artifacts, dispatch
from headrace.services.artifacts import Place
from headrace.services.background import Background
from headrace.services.context import Actor, Context, Platform
from headrace.services.platform import PlatformSettings, open_platform
from headrace.store.address import parse_address

CHUNK_BYTES = 1 << 20
FORK_WAIT_S = 10.0
ARTIFACTS_FOLDER = "headrace-artifacts"
_ACTOR = Actor("local")


class LocalTransport:
    """Serves calls in this process.

    Args:
        uri: the database, ``sqlite:///PATH`` or one of a server; a relative path counts from the working folder of this moment.
        settings: the folder of the artifacts; by default ``headrace-artifacts`` beside the database file, or in the working folder.

    Raises:
        InvalidParameter: the address is no database that is supported.
    """

    def __init__(self, uri: str, settings: TransportSettings) -> None:
        address = parse_address(uri).resolved()
        folder = address.path.parent if address.path else Path.cwd()
        destination = settings.artifacts_destination or str(folder / ARTIFACTS_FOLDER)
        self.uri = address.shown
        self._settings = PlatformSettings(address.text, destination)
        self._member = object()
        self._closed = False

    def call(self, endpoint: Endpoint[Req, Res], request: Req) -> Res:
        """See `headrace.client.transport.Transport`."""
        # Through bytes and back: the services rely on requests whose types were checked, as over HTTP.
        checked = msgpack.decode if endpoint.binary else decode
        request = checked(encode_request(request, endpoint), type(request))
        if endpoint.waits:  # for so long that the store is not held: nobody could fork meanwhile
            return dispatch.wait(self._platform, _ACTOR, endpoint, request)
        with self._platform() as platform:
            if endpoint.name == rows.PROXY_DELETE.name:
                self._delete(platform, endpoint, request)
                return endpoint.response()
            answer = dispatch.call(platform, _ACTOR, endpoint, request)
            if endpoint.writes or endpoint.background:
                STORES.start_background(self._settings)
            return answer

    def download(
        self, endpoint: Endpoint[Req, Res], request: Req, *, offset: int = 0, version: str = ""
    ) -> "LocalDownload":
        """See `headrace.client.transport.Transport`."""
        check_stream(endpoint, request)
        with self._platform() as platform, dispatch.audited(platform, _ACTOR, endpoint):
            dispatch.authorize(platform, _ACTOR, endpoint, request)
            with platform.store.read() as conn:
                context = Context(conn, _ACTOR, platform)
                place = artifacts.PLACES[endpoint.name](context, request)
                reader = place.store.open_reader(place.key)
                try:
                    sha256 = artifacts.find_digest(context, place, reader.size, reader.mtime_ms)
                except BaseException:
                    reader.close()
                    raise
        return LocalDownload(reader, sha256, offset, version)

    def upload(self, endpoint: Endpoint[Req, Res], request: Req, file: BinaryIO, size: int) -> None:
        """See `headrace.client.transport.Transport`."""
        check_stream(endpoint, request)
        with self._platform() as platform:
            audited = dispatch.audited(platform, _ACTOR, endpoint)
        with audited:
            with self._platform() as platform:
                place = _find_place(platform, endpoint, request)
            info = _write(place, file, size)  # takes long, perhaps: the platform is not held meanwhile
            if place.is_served:
                with self._platform() as platform:
                    platform.store.writer.call(lambda tx: artifacts.record(tx, info))

    def is_healthy(self) -> bool:
        """See `headrace.client.transport.Transport`."""
        try:
            with self._platform() as platform, platform.store.read():
                return True
        except HeadraceError:
            return False

    def version(self) -> str:
        """See `headrace.client.transport.Transport`."""
        return __version__

    def close(self) -> None:
        """See `headrace.client.transport.Transport`."""
        self._closed = True
        STORES.leave(self._settings, self._member)

    @contextmanager
    def _platform(self) -> Iterator[Platform]:
        """Give the platform, opened if need be."""
        if self._closed:
            raise InvalidParameter(f"The client of {self.uri} is closed; call connect() for a new one.")
        with STORES.used(self._settings, self._member) as platform:
            yield platform

    def _delete(self, platform: Platform, endpoint: Endpoint[Any, Any], request: Wire) -> None:
        with dispatch.audited(platform, _ACTOR, endpoint):
            place = _find_place(platform, endpoint, request)
            if place.store.delete(place.key) and place.is_served:
                platform.store.writer.call(lambda tx: artifacts.forget(tx, place.key))


def _find_place(platform: Platform, endpoint: Endpoint[Any, Any], request: Wire) -> Place:
    """Return the place that a call names, with its permissions checked."""
    dispatch.authorize(platform, _ACTOR, endpoint, request)
    with platform.store.read() as conn:
        return artifacts.PLACES[endpoint.name](Context(conn, _ACTOR, platform), request)


def _write(place: Place, file: BinaryIO, size: int) -> BlobInfo:
    """Store a file; it appears when all of it is there."""
    with place.store.open_writer(place.key) as writer:
        left = size
        while left:
            data = file.read(min(CHUNK_BYTES, left))
            if not data:
                raise InvalidParameter(
                    f"The file has become {left} bytes shorter while it was uploaded; upload it when nobody writes to it."
                )
            writer.write(data)
            left -= len(data)
        return writer.commit()


class LocalDownload:
    """A file that is read where it lies.

    Args:
        reader: the open file.
        sha256: its digest in hexadecimal, if it is known.
        offset: where to begin, if the file is still of the version.
        version: see `headrace.client.transport.Transport.download`.
    """

    def __init__(self, reader: BlobReader, sha256: str | None, offset: int, version: str) -> None:
        self._reader = reader
        self.size = reader.size
        self.sha256 = sha256
        self.version = sha256 or f"{reader.size:x}-{reader.mtime_ms:x}"
        self.offset = self._place = offset if version == self.version and offset <= reader.size else 0

    def read(self, count: int) -> bytes:
        """See `headrace.client.transport.Download`."""
        data = self._reader.read_at(self._place, count)
        self._place += len(data)
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._reader.close()


class _Open(Struct, frozen=True):
    """An open store with the work that goes on in it between calls."""

    platform: Platform
    background: Background

    def close(self) -> None:
        self.background.close()
        self.platform.store.close()


class Stores:
    """The stores that this process has open, shared by all transports."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: dict[PlatformSettings, _Open] = {}
        self._members: dict[PlatformSettings, set[object]] = {}
        self._inherited: dict[PlatformSettings, _Open] = {}
        self._calls = 0
        self._forking = self._ended = False

    def leave(self, settings: PlatformSettings, member: object) -> None:
        """Close a store after the last transport that has used it."""
        with self._changed:
            members = self._members.get(settings, set())
            members.discard(member)
            last = None if members else self._open.pop(settings, None)
            if last is not None:
                last.close()

    @contextmanager
    def used(self, settings: PlatformSettings, member: object) -> Iterator[Platform]:
        """Give a store for the time of a call, opened if need be.

        Args:
            settings: which store.
            member: stands for the transport; the store stays open until all members leave.

        Raises:
            Unavailable: this process was forked in the middle of a call, or is at its end.
            HeadraceError: the store cannot be opened.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._forking)
            opened = self._open.get(settings)
            if opened is None:
                self._check_usable(settings)
                platform = open_platform(settings)
                opened = self._open[settings] = _Open(platform, Background(platform))
            self._members.setdefault(settings, set()).add(member)
            self._calls += 1
        try:
            yield opened.platform
        finally:
            with self._changed:
                self._calls -= 1
                if not self._calls:
                    self._changed.notify_all()

    def start_background(self, settings: PlatformSettings) -> None:
        """Let the background work of a store begin: something has been written. Whoever only reads pays nothing for it."""
        with self._changed:
            opened = self._open.get(settings)
            if opened is not None:
                opened.background.start()

    def _check_usable(self, settings: PlatformSettings) -> None:
        if self._ended:
            raise Unavailable(f"{settings.store_url} is closed: the process is at its end.")
        if settings in self._inherited:
            raise Unavailable(
                f"{settings.store_url} cannot be used in this process: it was forked from one that was in the middle of a call for more "
                f"than {FORK_WAIT_S:.0f} s. Start processes with multiprocessing's 'spawn' or 'forkserver', or use a server."
            )

    def close(self) -> None:
        """Close everything, at the end of the process."""
        with self._changed:
            self._ended = True
            for opened in self._open.values():
                opened.close()
            self._open.clear()

    def before_fork(self) -> None:
        """Wait until no call is under way, close the stores until their threads are gone, and let no call begin until the fork is over."""
        self._changed.acquire()
        self._forking = True
        if self._changed.wait_for(lambda: not self._calls, FORK_WAIT_S):
            for opened in self._open.values():
                opened.close()
            self._open.clear()
        wait_for_ends()

    def after_fork_in_parent(self) -> None:
        """Let calls begin again."""
        self._forking = False
        self._changed.notify_all()
        self._changed.release()

    def after_fork_in_child(self) -> None:
        """Begin anew. What the parent could not close is kept, for closing a database of the parent's would harm it."""
        self._changed = threading.Condition()
        self._inherited |= self._open
        self._open = {}
        self._calls = 0
        self._forking = False


STORES = Stores()
close_at_end(STORES.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=STORES.before_fork,
        after_in_parent=STORES.after_fork_in_parent,
        after_in_child=STORES.after_fork_in_child,
    )
