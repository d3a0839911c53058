"""Reading request bodies with bounded memory."""

import zlib
from collections.abc import Mapping

from starlette.types import Message, Receive, Scope

from headrace.base.errors import InvalidParameter, PayloadTooLarge
from headrace.base.settings import SERVER_SETTINGS

MAX_BODY_BYTES = 32 * 2**20
_MAX_DIGITS = 18


class ClientGone(ConnectionError):
    """The client closed the connection before its request was complete."""


def find_body_limit(environ: Mapping[str, str] | None = None) -> int:
    """Return how many bytes a request's body may have, as the environment (the process's unless given) says.

    Raises:
        InvalidParameter: what it says is no such number.
    """
    setting = SERVER_SETTINGS["max-body-bytes"]
    text = (setting.find(environ) or "").strip()
    if not text:
        return MAX_BODY_BYTES
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and int(text)):
        raise InvalidParameter(
            f"Invalid {setting.names[0]} {text[:40]!r}: it must be a number of bytes, such as {MAX_BODY_BYTES}."
        )
    return int(text)


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
    _check_announced(scope, limit)
    unpacker = _Unpacker(packed, limit)
    body = bytearray()
    received = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGone
        part: bytes = message.get("body", b"")
        received += len(part)
        body += unpacker.unpack(part)
        if max(received, len(body)) > limit:
            raise _too_large(limit)
        if not message.get("more_body"):
            unpacker.finish()
            return bytes(body)
        message = await receive()


def find_header(scope: Scope, name: bytes) -> bytes:
    """Return a header's value, or empty bytes. The name in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return b""


def _check_announced(scope: Scope, limit: int) -> None:
    """Refuse a body by its length before it is read."""
    length = find_header(scope, b"content-length")
    if length.isdigit() and (len(length) > _MAX_DIGITS or int(length) > limit):
        raise _too_large(limit)


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"The request body is larger than {limit} bytes; send the data in several requests, or as an artifact."
    )


class _Unpacker:
    """Unpacks parts of a body, never to more than the limit."""

    def __init__(self, encoding: bytes, limit: int) -> None:
        kind = encoding.lower()
        if kind not in {b"", b"identity", b"gzip", b"x-gzip"}:
            raise InvalidParameter(
                f"The request's Content-Encoding {encoding[:40].decode('latin-1')!r} is not supported; use gzip, or none."
            )
        self._inflate = zlib.decompressobj(31) if kind.endswith(b"gzip") else None
        self._left = limit + 1

    def unpack(self, part: bytes) -> bytes:
        """Return what a part of the body holds, cut where the limit is exceeded."""
        if self._inflate is None:
            return part
        try:
            unpacked = self._inflate.decompress(part, max(self._left, 1))
        except zlib.error as error:
            raise InvalidParameter(f"The request body is not valid gzip: {error}.") from None
        if self._inflate.unused_data:
            raise InvalidParameter(
                "The request body is not valid gzip: data follow its end. Pack the whole body at once."
            )
        self._left -= len(unpacked)
        return unpacked

    def finish(self) -> None:
        """Refuse a body that ends too early."""
        if self._inflate is not None and not self._inflate.eof:
            raise InvalidParameter("The request body is not valid gzip: it is cut off.")
