"""Answers: whole bodies, JSON unless said otherwise, and errors, which are always JSON, as ASGI messages."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from starlette.types import Scope, Send

from headrace.base.errors import (
    HeadraceError,
    InternalError,
    NotImplementedByServer,
    Unauthenticated,
    Unavailable,
)
from headrace.base.json import Wire, encode
from headrace.server.request_ids import get_request_id

Headers = list[tuple[bytes, bytes]]
JSON = (b"content-type", b"application/json")
_NO_CONTENT = 204
PIECE_BYTES = 2**18

log = logging.getLogger("headrace.server")


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    headers: Headers
    body: bytes


class ErrorBody(Wire, kw_only=True):
    """The answer to a call that failed.

    `error_code` is MLflow's name of the kind of error; `message` says what was wrong and what to do.
    """

    error_code: str
    message: str
    sqlstate: str
    error_class: str


async def send_bytes(send: Send, status: int, body: bytes, headers: Headers | None = None) -> None:
    """Send a whole answer; its type is JSON unless `headers` say otherwise."""
    length = [] if status == _NO_CONTENT else [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": [*length, *(headers or [JSON])]})
    await send({"type": "http.response.body", "body": body})


async def send_long(send: Send, status: int, parts: Sequence[bytes], headers: Headers | None = None) -> None:
    """Send a whole answer that may be long, in pieces: the client takes one before the next is handed on, and none is copied."""
    size = sum(map(len, parts))
    if len(parts) == 1 and size <= PIECE_BYTES:
        await send_bytes(send, status, parts[0], headers)
        return
    start = [(b"content-length", b"%d" % size), *(headers or [JSON])]
    await send({"type": "http.response.start", "status": status, "headers": start})
    for part in parts:
        view = memoryview(part)
        for place in range(0, len(part), PIECE_BYTES):
            piece = view[place : place + PIECE_BYTES]
            size -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": size > 0})


async def send_error(scope: Scope, send: Send, error: HeadraceError) -> None:
    """Send an error in MLflow's form."""
    status, headers, body = make_error_answer(scope, error)
    await send_bytes(send, status, body, headers)


def make_error_answer(scope: Scope, error: HeadraceError) -> Answer:
    """Return an error in MLflow's form; one that is the server's fault stands in the log under the request's id."""
    if error.status >= InternalError.status and not isinstance(error, NotImplementedByServer):
        where = (get_request_id(scope), scope["method"], scope["path"])
        log.warning("request %s: %s %r was answered %d: %r", *where, error.status, error.message)
    headers: Headers = [JSON]
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b'Bearer realm="headrace"'))
    if error.status in {429, Unavailable.status}:
        headers.append((b"retry-after", b"1"))
    return Answer(error.status, headers, error_body(error))


def note_defect(scope: Scope, error: Exception) -> InternalError:
    """Write a defect down in the log, and return the error to show for it."""
    request_id = get_request_id(scope)
    log.error("request %s: %s %r", request_id, scope["method"], scope["path"], exc_info=error)
    return InternalError(
        f"An unexpected error occurred. It is in the server's log under the request id {request_id}; nothing of this call was stored."
    )


def error_body(error: HeadraceError) -> bytes:
    """Return the JSON body of an error."""
    return encode(
        ErrorBody(
            error_code=error.code,
            message=error.message,
            sqlstate=error.sqlstate,
            error_class=error.error_class,
        )
    )
