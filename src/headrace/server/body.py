"""Reading request bodies with bounded memory."""

import zlib

from starlette.types import Message, Receive, Scope

from headrace.base.errors import InvalidParameter, PayloadTooLarge

MAX_BODY_BYTES = 32 * 2**20


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


async def read_body(scope: Scope, receive: Receive, limit: int = MAX_BODY_BYTES) -> bytes:
    """Return a request's body, unpacked if it came with ``Content-Encoding: gzip``.

    Args:
        scope: the request.
        receive: where its parts come from.
        limit: bytes, packed and unpacked, that are accepted.

    Raises:
        PayloadTooLarge: the body is larger.
        InvalidParameter: its encoding is unknown or damaged.
        ClientGone: the client closed the connection.
    """
    message: Message = await receive()
    packed = find_header(scope, b"content-encoding")
    if not message.get("more_body") and not packed and message["type"] == "http.request":
        return _within(message.get("body", b""), limit)
    unpack = _unpacker(packed, limit)
    parts: list[bytes] = []
    received = size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGone
        part: bytes = message.get("body", b"")
        received += len(part)
        part = unpack(part)
        size += len(part)
        if max(received, size) > limit:
            raise _too_large(limit)
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


def find_header(scope: Scope, name: bytes) -> bytes:
    """Return a header's value, or empty bytes. The name in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return b""


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"The request body is larger than {limit} bytes; send the data in several requests, or as an artifact."
    )


class _unpacker:  # noqa: N801 - used like a function
    """Unpacks parts of a body, never to more than the limit."""

    def __init__(self, encoding: bytes, limit: int) -> None:
        if encoding.lower() not in {b"", b"identity", b"gzip"}:
            raise InvalidParameter(
                f"The request's Content-Encoding {encoding[:40]!r} is not supported; use gzip, or none."
            )
        self._inflate = zlib.decompressobj(31) if encoding.lower() == b"gzip" else None
        self._left = limit + 1

    def __call__(self, part: bytes) -> bytes:
        if self._inflate is None:
            return part
        try:
            unpacked = self._inflate.decompress(part, max(self._left, 1))
        except zlib.error as error:
            raise InvalidParameter(f"The request body is not valid gzip: {error}.") from None
        self._left -= len(unpacked)
        return unpacked
