"""Answers: whole bodies, JSON unless said otherwise, and errors, which are always JSON, as ASGI messages."""

from collections.abc import Sequence

from starlette.types import Send

from headrace.base.errors import HeadraceError, InternalError, Unauthenticated, Unavailable
from headrace.base.json import Wire, encode

Headers = list[tuple[bytes, bytes]]
_JSON = (b"content-type", b"application/json")
_NO_CONTENT = 204
PIECE_BYTES = 2**18


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
    await send({"type": "http.response.start", "status": status, "headers": [*length, *(headers or [_JSON])]})
    await send({"type": "http.response.body", "body": body})


async def send_long(send: Send, status: int, parts: Sequence[bytes], headers: Headers | None = None) -> None:
    """Send a whole answer that may be long, in pieces: the client takes one before the next is handed on, and none is copied."""
    size = sum(map(len, parts))
    if len(parts) == 1 and size <= PIECE_BYTES:
        await send_bytes(send, status, parts[0], headers)
        return
    start = [(b"content-length", b"%d" % size), *(headers or [_JSON])]
    await send({"type": "http.response.start", "status": status, "headers": start})
    for part in parts:
        view = memoryview(part)
        for place in range(0, len(part), PIECE_BYTES):
            piece = view[place : place + PIECE_BYTES]
            size -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": size > 0})


async def send_error(send: Send, error: HeadraceError) -> None:
    """Send an error in MLflow's form."""
    headers: Headers = [_JSON]
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b'Bearer realm="headrace"'))
    if error.status in {429, Unavailable.status}:
        headers.append((b"retry-after", b"1"))
    await send_bytes(send, error.status, error_body(error), headers)


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


def unexpected(reference: str) -> InternalError:
    """Return the error to show for a defect; the details are in the server's log under `reference`."""
    return InternalError(
        f"An unexpected error occurred. It is in the server's log under the reference {reference}; nothing of this call was stored."
    )
