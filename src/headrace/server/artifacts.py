"""Calls that carry bytes: downloads and uploads of artifacts, streamed both ways with bounded memory.

Bytes are read and written in threads, `CHUNK_BYTES` at a time; an upload appears when it is complete, and its size and digest
are written down after that. The module knows places (store and key) from `headrace.services.artifacts`, not who may reach them.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
from anyio import CapacityLimiter, to_thread
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from headrace.api import artifacts as rows
from headrace.api.endpoints import ENDPOINTS
from headrace.base.errors import HeadraceError, InvalidParameter
from headrace.base.json import Wire
from headrace.blobs.store import BlobInfo, BlobReader, BlobWriter
from headrace.server.answers import send_bytes, send_error
from headrace.server.body import ClientGone
from headrace.server.files import (
    FileState,
    digest_headers,
    file_headers,
    find_range,
    is_unchanged,
    read_digest,
    read_length,
    shown_headers,
)
from headrace.server.request_ids import get_request_id
from headrace.server.rest import Row, TableRoute, get_actor, read_request
from headrace.services import artifacts, dispatch
from headrace.services.artifacts import Place
from headrace.services.context import Context, Platform

CHUNK_BYTES = 1 << 20
SMALL_BYTES = 1 << 18
"""A file up to this size is received before it is looked where it goes."""
MAX_FORM_UPLOAD_BYTES = 10 * 2**20
THREADS = 16

log = logging.getLogger("headrace.server")


class _Call(Struct, frozen=True):
    """One request on its way."""

    row: Row
    request: Wire
    scope: Scope
    receive: Receive
    send: Send
    is_shown: bool = False


class _Upload(Struct, frozen=True):
    """What a client says of the file that it sends."""

    length: int | None
    sha256: bytes | None
    limit: int | None


class Streams(TableRoute):
    """All endpoints of the table that carry bytes, as one route.

    Args:
        platform: the set-up.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        super().__init__(row for row in ENDPOINTS if row.stream)
        self._threads = CapacityLimiter(THREADS)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See Starlette's `BaseRoute`."""
        try:
            if "headrace.refusal" in scope:
                raise scope["headrace.refusal"]
            row, in_path = scope["headrace.endpoint"]
            # The body is a file, so the parameters are in the query and the path whatever the method is.
            request = read_request(row, {**scope, "method": "GET"}, b"", in_path)
            call = _Call(row, request, scope, receive, send)
            with dispatch.audited(self._platform, get_actor(scope), row):
                await self._carry(call)
        except HeadraceError as error:
            await send_error(scope, send, error)
        except ClientGone:
            log.info(
                "request %s: %s %r: the client left; nothing was stored",
                get_request_id(scope),
                scope["method"],
                scope["path"],
            )

    async def show(self, request: rows.GetArtifact, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a file of a run as a frame of the pages shows it; for the actor that the scope names.

        Raises:
            HeadraceError: it may not be read, or is not there.
        """
        call = _Call(rows.GET, request, scope, receive, send, is_shown=True)
        with dispatch.audited(self._platform, get_actor(scope), call.row):
            await self._download(call)

    async def _carry(self, call: _Call) -> None:
        if call.row is rows.PROXY_PUT:
            await self._put(call)
        elif call.row is rows.UPLOAD:
            await self._upload(call)
        elif call.row is rows.PROXY_DELETE:
            await self._delete(call)
        else:
            await self._download(call)

    async def _run(self, work: Callable[..., Any], *args: object) -> Any:
        return await to_thread.run_sync(work, *args, limiter=self._threads)

    @contextmanager
    def _permitted(self, call: _Call) -> Iterator[tuple[Context, Place]]:
        """Check the call's permissions and give its place, and the snapshot that it was found in."""
        actor = get_actor(call.scope)
        dispatch.authorize(self._platform, actor, call.row, call.request)
        with self._platform.store.read() as conn:
            context = Context(conn, actor, self._platform)
            yield context, artifacts.PLACES[call.row.name](context, call.request)

    # Downloads

    def _open(self, call: _Call) -> tuple[BlobReader, FileState]:
        with self._permitted(call) as (context, place):
            reader = place.store.open_reader(place.key)
            try:
                sha256 = artifacts.find_digest(context, place, reader.size, reader.mtime_ms)
            except BaseException:
                reader.close()
                raise
        return reader, FileState(place.key.rpartition("/")[2], reader.size, reader.mtime_ms, sha256)

    async def _download(self, call: _Call) -> None:
        reader, state = await self._run(self._open, call)
        try:
            headers = shown_headers(state) if call.is_shown else file_headers(state)
            if is_unchanged(call.scope, state):
                await _start(call, 304, headers, None)
                return
            part = find_range(call.scope, state)
            if part is not None and part[0] == state.size:
                await send_bytes(
                    call.send, 416, b"", [*headers, (b"content-range", b"bytes */%d" % state.size)]
                )
                return
            first, end = part or (0, state.size)
            if part is not None:
                headers.append((b"content-range", b"bytes %d-%d/%d" % (first, end - 1, state.size)))
            is_head = call.scope["method"] == "HEAD"
            data = b"" if is_head else await self._run(reader.read_at, first, min(CHUNK_BYTES, end - first))
            await _start(call, 200 if part is None else 206, headers, end - first)
            if is_head or len(data) == end - first:
                await call.send({"type": "http.response.body", "body": data})
            else:
                await self._send_rest(call, reader, data, (first, end))
        finally:
            reader.close()

    async def _send_rest(self, call: _Call, reader: BlobReader, data: bytes, part: tuple[int, int]) -> None:
        """Send the part of a file that begins with `data`, as long as the client is there."""
        first, end = part
        gone = asyncio.ensure_future(_wait_until_gone(call.receive))
        try:
            while not gone.done():
                first += len(data)
                is_last = first >= end
                await call.send({"type": "http.response.body", "body": data, "more_body": not is_last})
                if is_last:
                    return
                data = await self._run(_read_on, reader, first, min(CHUNK_BYTES, end - first))
        finally:
            gone.cancel()

    # Uploads

    async def _put(self, call: _Call) -> None:
        if call.scope["query_string"]:
            raise InvalidParameter(
                "An upload takes no query: if '?' belongs to the file's name, send it percent-encoded as %3F."
            )
        sent = _Upload(read_length(call.scope), read_digest(call.scope), None)
        info = await self._store(call, sent)
        state = FileState("", info.size, info.mtime_ms, info.sha256)
        await send_bytes(call.send, 200, b"", digest_headers(state))

    async def _upload(self, call: _Call) -> None:
        length = read_length(call.scope)
        if length is not None and length > MAX_FORM_UPLOAD_BYTES:
            raise _too_large()
        info = await self._store(call, _Upload(length, read_digest(call.scope), MAX_FORM_UPLOAD_BYTES))
        state = FileState("", info.size, info.mtime_ms, info.sha256)
        await send_bytes(
            call.send, 200, b"", [(b"content-type", b"application/json"), *digest_headers(state)]
        )

    async def _store(self, call: _Call, sent: _Upload) -> BlobInfo:
        """Take a file from the client; it appears when all of it is there."""
        if sent.length is not None and sent.length <= SMALL_BYTES:
            body = await self._receive(call, sent, None)
            whole: BlobInfo = await self._run(self._store_whole, call, sent, body)
            return whole
        place, writer = await self._run(self._begin, call)
        try:
            rest = await self._receive(call, sent, writer)
            info: BlobInfo = await self._run(_finish, writer, rest, sent)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._run(writer.abort)
            raise
        if place.is_served:
            await self._run(self._note, call.scope, lambda tx: artifacts.record(tx, info))
        return info

    def _store_whole(self, call: _Call, sent: _Upload, body: bytearray) -> BlobInfo:
        """Do the same with a body that is here: to go from thread to thread takes as long as what is done there."""
        place, writer = self._begin(call)
        try:
            info = _finish(writer, body, sent)
        except BaseException:
            writer.abort()
            raise
        if place.is_served:
            self._note(call.scope, lambda tx: artifacts.record(tx, info))
        return info

    def _begin(self, call: _Call) -> tuple[Place, BlobWriter]:
        with self._permitted(call) as (_, place):
            if not place.is_served:
                place.store.prepare()  # the default root of clients: nobody has made it at start
            return place, place.store.open_writer(place.key)

    async def _receive(self, call: _Call, sent: _Upload, writer: BlobWriter | None) -> bytearray:
        """Write the body but for its last part, which is returned; one part is written while the next arrives. Without a writer, return all of it."""
        buffer, size = bytearray(), 0
        writing: asyncio.Task[Any] | None = None
        try:
            while True:
                message = await call.receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                buffer += message.get("body", b"")
                if sent.limit is not None and size + len(buffer) > sent.limit:
                    raise _too_large()
                if not message.get("more_body"):
                    break
                if writer is not None and len(buffer) >= CHUNK_BYTES:
                    size += len(buffer)
                    if writing is not None:
                        await writing
                    writing = asyncio.create_task(self._run(writer.write, buffer))
                    buffer = bytearray()
            _check_size(sent, size + len(buffer))
        finally:
            if writing is not None:
                with anyio.CancelScope(shield=True):
                    await asyncio.wait([writing])
        if writing is not None:
            writing.result()
        return buffer

    def _note(self, scope: Scope, work: Callable[..., None]) -> None:
        """Write down what happened to a file. The file is what counts: if this fails, it lacks a digest and nothing else."""
        try:
            self._platform.store.writer.call(work)
        except HeadraceError as error:
            log.warning("request %s: digest not written down: %s", get_request_id(scope), error)

    # Deletion

    async def _delete(self, call: _Call) -> None:
        place, count = await self._run(self._delete_now, call)
        if count and place.is_served:
            await self._run(self._note, call.scope, lambda tx: artifacts.forget(tx, place.key))
        await send_bytes(call.send, 200, b"{}")

    def _delete_now(self, call: _Call) -> tuple[Place, int]:
        with self._permitted(call) as (_, place):
            pass  # the snapshot ends before a deletion that may take long
        return place, place.store.delete(place.key)


async def _start(call: _Call, status: int, headers: Any, length: int | None) -> None:
    if length is not None:
        headers = [*headers, (b"content-length", b"%d" % length)]
    await call.send({"type": "http.response.start", "status": status, "headers": headers})
    if length is None:
        await call.send({"type": "http.response.body", "body": b""})


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _read_on(reader: BlobReader, offset: int, count: int) -> bytes:
    """Read a further part; the answer has begun, so that a failure can only break it off."""
    try:
        data = reader.read_at(offset, count)
    except HeadraceError as error:
        raise OSError(f"download broken off: {error}") from error
    if len(data) < count:
        raise OSError(f"download broken off: the file has become shorter than {offset + count} bytes")
    return data


def _finish(writer: BlobWriter, rest: bytearray, sent: _Upload) -> BlobInfo:
    writer.write(rest)
    if sent.sha256 is not None and writer.digest() != sent.sha256:
        raise InvalidParameter(
            f"The upload is damaged: its SHA-256 is {writer.digest().hex()}, the client promised {sent.sha256.hex()}. Send it again."
        )
    return writer.commit()


def _check_size(sent: _Upload, size: int) -> None:
    if sent.length is not None and size != sent.length:
        raise InvalidParameter(f"The upload has {size} bytes, but Content-Length says {sent.length}.")
    if sent.limit is not None and not size:
        raise InvalidParameter("The request has no body: send the file's bytes, at least one.")


def _too_large() -> InvalidParameter:
    return InvalidParameter(
        f"The artifact is larger than {MAX_FORM_UPLOAD_BYTES} bytes (10 MB), which is the most that upload-artifact takes. "
        "Use the mlflow-artifacts calls."
    )
