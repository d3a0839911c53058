"""The table of endpoints as HTTP: finding the row, reading its parameters, answering.

One dictionary finds a call by method and path, so that the number of endpoints costs nothing. The module does not know what any call does.
"""

import asyncio
import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from headrace.api.changes import FollowChanges
from headrace.api.endpoint import Empty, Endpoint
from headrace.api.endpoints import ENDPOINTS
from headrace.api.series import GetChart
from headrace.api.tables import SelectRuns
from headrace.base import msgpack
from headrace.base.errors import EndpointNotFound, HeadraceError, InvalidParameter, MethodNotAllowed
from headrace.base.json import Wire, convert, decode, decode_object, encode
from headrace.server.answers import Headers, send_error, send_long
from headrace.server.body import MAX_BODY_BYTES, ClientGone, find_header, read_body
from headrace.server.following import Following, Listener
from headrace.server.parts import PartSender
from headrace.server.places import Places
from headrace.services import dispatch
from headrace.services.context import Actor, Platform
from headrace.store.dialect import READERS
from headrace.store.writer import Job

Row = Endpoint[Any, Any]
_PARAMETER = re.compile(r"\{(\w+)(:path)?\}")
_EMPTY = b"{}"
_Write = Callable[[Any], list[bytes]]
HEAVY_READS = max(1, min(READERS // 2, (os.cpu_count() or 1) // 2))
"""So many calls that read columns work at once: more would only slow ingest and one another."""
SMALL_CELLS = 100_000
"""A table with no more cells does not wait behind larger ones: it is what a screen shows first."""
_MSGPACK_HEADERS: Headers = [(b"content-type", msgpack.MEDIA_TYPES[0].encode())]
_MSGPACK_NAMES = frozenset(name.encode() for name in msgpack.MEDIA_TYPES)


class EndpointTable:
    """Finds the endpoint for a method and a path.

    Args:
        rows: the endpoints.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._exact: dict[str, dict[str, Row]] = {}
        self._patterns: list[tuple[re.Pattern[str], str, Row]] = []
        for row in rows:
            for method, path in row.routes():
                if "{" in path:
                    self._patterns.append((_pattern(path), method, row))
                else:
                    self._exact.setdefault(path, {})[method] = row

    def find(self, method: str, path: str) -> tuple[Row, dict[str, str]] | None:
        """Return the endpoint and the parameters in its path; None if nothing is at the path.

        Raises:
            MethodNotAllowed: there is something, under another method.
        """
        here = self._exact.get(path)
        if here is not None and method in here:
            return here[method], {}
        allowed = set(here or ())
        for pattern, pattern_method, row in self._patterns:
            found = pattern.fullmatch(path)
            if found:
                if pattern_method == method:
                    return row, found.groupdict()
                allowed.add(pattern_method)
        if allowed:
            raise MethodNotAllowed(f"{path} takes {' or '.join(sorted(allowed))}, not {method}.")
        return None


def _pattern(path: str) -> re.Pattern[str]:
    parts, end = [], 0
    for found in _PARAMETER.finditer(path):
        parts.append(re.escape(path[end : found.start()]))
        parts.append(f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})")
        end = found.end()
    return re.compile("".join(parts) + re.escape(path[end:]), re.DOTALL)


class TableRoute(BaseRoute):
    """Many endpoints as one of Starlette's routes. A subclass handles what was found, under ``headrace.endpoint`` in the scope.

    Args:
        rows: the endpoints.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._table = EndpointTable(rows)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See Starlette's `BaseRoute`."""
        if scope["type"] != "http":
            return Match.NONE, {}
        try:
            found = self._table.find(scope["method"], scope["path"])
        except MethodNotAllowed as error:
            return Match.PARTIAL, {"headrace.refusal": error}
        return (Match.NONE, {}) if found is None else (Match.FULL, {"headrace.endpoint": found})


def _encode_json(answer: object) -> list[bytes]:
    return [encode(answer)]


class Rest(TableRoute):
    """All endpoints of the table that carry JSON or MessagePack, as one route.

    Args:
        platform: the set-up.
        rows: the endpoints.
        max_body_bytes: a larger body is refused.
        following: holds the calls that wait; by default one of its own.
    """

    def __init__(
        self,
        platform: Platform,
        rows: Iterable[Row] = ENDPOINTS,
        max_body_bytes: int = MAX_BODY_BYTES,
        following: Following | None = None,
    ) -> None:
        self._platform = platform
        self._following = following or Following(platform)
        self._max_body_bytes = max_body_bytes
        super().__init__(row for row in rows if not row.stream)
        self._readers = Places(READERS)
        self._heavy = Places(HEAVY_READS)
        self._small = Places(HEAVY_READS)
        self._parts = PartSender(self._readers)
        self._notifier: _LoopNotifier | None = None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See Starlette's `BaseRoute`."""
        try:
            if "headrace.refusal" in scope:
                raise scope["headrace.refusal"]
            row, in_path = scope["headrace.endpoint"]
            body = await read_body(scope, receive, self._max_body_bytes)
            request = read_request(row, scope, body, in_path)
            if row.parts:
                parts = dispatch.read_parts(self._platform, get_actor(scope), row, request)
                await self._parts.send(send, receive, row, parts)
                return
            if row.waits:
                await send_long(send, 200, [await self._wait(row, scope, receive, request)])
                return
            headers = _MSGPACK_HEADERS if row.binary and _wants_msgpack(scope) else None
            write = msgpack.encode_pieces if headers else _encode_json
            answer = await self._serve(row, get_actor(scope), request, write)
        except HeadraceError as error:
            await send_error(scope, send, error)
            return
        except ClientGone:
            return
        await send_long(send, 200, answer, headers)

    async def _serve(self, row: Row, actor: Actor, request: Wire, write: _Write) -> list[bytes]:
        if not row.writes:
            places = self._readers
            if row.binary:
                places = self._small if _is_small(request) else self._heavy
            return await places.run(partial(self._read, row, actor, request, write))
        loop = asyncio.get_running_loop()
        ticket: asyncio.Future[Any] = loop.create_future()
        with dispatch.audited(self._platform, actor, row):
            dispatch.submit(self._platform, actor, row, request, (self.find_notifier(loop), ticket))
            response = await ticket
        return [_EMPTY] if type(response) is Empty and write is _encode_json else write(response)

    def find_notifier(self, loop: asyncio.AbstractEventLoop) -> Callable[[list[Job]], None]:
        """Return what wakes an event loop for the jobs of a group, whose tickets are settled there as futures are."""
        if self._notifier is None or self._notifier.loop is not loop:
            self._notifier = _LoopNotifier(loop)
        return self._notifier

    async def _wait(self, row: Row, scope: Scope, receive: Receive, request: Wire) -> bytes:
        """Return the answer of a call that may be held, as JSON."""
        assert isinstance(request, FollowChanges)  # the only call that waits
        actor = get_actor(scope)
        with dispatch.audited(self._platform, actor, row):
            if not self._platform.policy.grants_all(actor):
                await self._readers.run(partial(dispatch.authorize, self._platform, actor, row, request))
            connection = scope.get("headrace.connection")
            if connection is not None:
                return await self._following.answer(request, connection)
            listener = Listener(receive)
            listening = asyncio.ensure_future(listener.listen())
            try:
                return await self._following.answer(request, listener)
            finally:
                listening.cancel()

    def _read(self, row: Row, actor: Actor, request: Wire, write: _Write) -> list[bytes]:
        return write(dispatch.read(self._platform, actor, row, request))


def _is_small(request: Wire) -> bool:
    """Tell whether a call that reads columns is one that somebody at a screen waits for: lines of charts, or a table of few cells."""
    if isinstance(request, SelectRuns):
        columns = max(1, len(request.select))
        return not request.bounds_of_all and request.limit * columns <= SMALL_CELLS
    return isinstance(request, GetChart)


def get_actor(scope: Scope) -> Actor:
    """Return who sent a request, as the guard at the door found out."""
    actor: Actor = scope.get("headrace.actor", _NOBODY)
    return actor


_NOBODY = Actor("nobody")


def read_request(row: Row, scope: Scope, body: bytes, in_path: dict[str, str]) -> Wire:
    """Return the parameters of a call: from the query string for GET, from the JSON or MessagePack body otherwise, and from the path.

    Raises:
        InvalidParameter: they do not fit, or come in another form.
    """
    if find_header(scope, b"x-mlflow-workspace"):
        raise InvalidParameter(
            "This server has no workspaces: remove the header X-MLFLOW-WORKSPACE (the client's MLFLOW_WORKSPACE), and "
            "use experiment names such as team/project/experiment instead."
        )
    method = scope["method"]
    if method in {"POST", "PUT"}:
        kind = find_header(scope, b"content-type")
        if row.binary and not in_path and _media_type(kind) in _MSGPACK_NAMES:
            unpacked: Wire = msgpack.decode(body, row.request)
            return unpacked
        _check_content_type(row, kind)
    query = scope["query_string"]
    if query and (method == "GET" or (method == "DELETE" and not body)):
        fields = _read_query(row, query)
    elif not in_path:
        request: Wire = decode(body, row.request)
        return request
    else:
        fields = decode_object(body)
    if in_path:  # what the path names, counts; the body may repeat it in either spelling
        named = {_fold(name) for name in in_path}
        fields = {name: value for name, value in fields.items() if _fold(name) not in named} | in_path
    converted: Wire = convert(fields, row.request)
    return converted


def _fold(name: str) -> str:
    """Return what ``model_id`` and ``modelId`` have in common."""
    return name.replace("_", "").lower()


def _check_content_type(row: Row, value: bytes) -> None:
    kind = _media_type(value)
    if kind != b"application/json":
        shown = value.decode("latin-1")[:80]
        more = f" or {msgpack.MEDIA_TYPES[0]!r}" if row.binary else ""
        note = f" {row.name} speaks JSON alone." if kind in _MSGPACK_NAMES else ""
        raise InvalidParameter(
            f"Bad Request. Content-Type must be 'application/json'{more}, not {shown!r}.{note}"
        )


def _media_type(value: bytes) -> bytes:
    """Return what a Content-Type or a part of Accept names, without its parameters."""
    return value.split(b";", 1)[0].strip().lower()


def _wants_msgpack(scope: Scope) -> bool:
    """Tell whether an answer is to be MessagePack: Accept names it, or names nothing and the request is MessagePack."""
    for each in find_header(scope, b"accept").split(b","):
        kind = _media_type(each)
        if kind == b"application/json" or kind in _MSGPACK_NAMES:
            return kind != b"application/json"
    return _media_type(find_header(scope, b"content-type")) in _MSGPACK_NAMES


def _read_query(row: Row, query: bytes) -> dict[str, Any]:
    lists = {
        _fold(name) for name, kind in row.request.__annotations__.items() if str(kind).startswith("list")
    }
    try:
        values = parse_qs(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=2000)
    except ValueError as error:
        raise InvalidParameter(f"The query string cannot be read: {error}.") from None
    return {name: found if _fold(name) in lists else found[0] for name, found in values.items()}


class _LoopNotifier:
    """Wakes the event loop once for all jobs of a group."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def __call__(self, jobs: list[Job]) -> None:
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            self.loop.call_soon_threadsafe(_settle, jobs)


def _settle(jobs: list[Job]) -> None:
    for job in jobs:
        if job.ticket.done():  # the client is gone
            continue
        if job.error is None:
            job.ticket.set_result(job.result)
        elif isinstance(job.error, StopIteration):  # which a future does not take
            job.ticket.set_exception(RuntimeError("a service function raised StopIteration"))
        else:
            job.ticket.set_exception(job.error)


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - an ASGI application
    """Answer a call that does not exist here."""
    await send_error(
        scope,
        send,
        EndpointNotFound(
            f"There is no {scope['method']} {scope['path'][:200]} on this server: it is unknown, or belongs to a part of MLflow that this "
            "version of headrace does not offer. See docs/compatibility.md."
        ),
    )
