"""MessagePack as headrace speaks it: the same structs as in JSON, bytes and floats as they are.

In: a body is walked before anything is made of it, so that a length that it declares and does not keep costs nothing, and it may hold no more
values than a request has use for. Types are strict: what is a number is sent as a number. Unknown fields are refused, unlike in JSON: nobody speaks
MessagePack to headrace by another's documentation.

The module knows no struct of the api.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import msgspec

from headrace.base.errors import InvalidParameter
from headrace.base.json import NonFinite

T = TypeVar("T")

MEDIA_TYPES = ("application/msgpack", "application/x-msgpack", "application/vnd.msgpack")
"""The first is the registered one, which answers have."""

MAX_VALUES = 500_000
"""So many values a body may hold. A batch of many runs has more of them than any JSON body; what is long in it is bytes, each of which is one."""

_EMPTY = b"\x80"
_EXCERPT_CHARS = 300


def _encode_other(value: object) -> object:
    if isinstance(value, NonFinite):
        return value + 0.0  # a plain float, which MessagePack expresses whatever it is
    raise TypeError(f"{type(value).__name__} cannot be sent as MessagePack")


encode: Callable[[object], bytes] = msgspec.msgpack.Encoder(enc_hook=_encode_other).encode


LONG_BYTES = 2**16


def encode_pieces(answer: msgspec.Struct) -> list[bytes]:
    """Encode an answer as pieces that belong one behind the other. Long bytes in it are pieces themselves, which are not copied: meanwhile nothing else would run."""
    names = answer.__struct_fields__
    fields = [(name, value) for name in names if (value := getattr(answer, name)) is not msgspec.UNSET]
    if not any(type(value) is bytes and len(value) > LONG_BYTES for _, value in fields):
        return [encode(answer)]
    pieces = [bytearray(b"\xde" + len(fields).to_bytes(2))]
    held: list[bytes] = []
    for name, value in fields:
        pieces[-1] += encode(name)
        if type(value) is bytes and len(value) > LONG_BYTES:
            pieces[-1] += b"\xc6" + len(value).to_bytes(4)
            held.append(value)
            pieces.append(bytearray())
        else:
            pieces[-1] += encode(value)
    woven = [each for head, body in zip(pieces, [*held, b""], strict=True) for each in (bytes(head), body)]
    return [piece for piece in woven if piece]


@cache
def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(kind)


_outline = msgspec.msgpack.Decoder(msgspec.Raw)


def decode(data: bytes, kind: type[T]) -> T:
    """Decode a MessagePack body into a struct.

    Args:
        data: one map. Empty data counts as an empty one.
        kind: a subclass of `headrace.base.json.Wire`.

    Raises:
        InvalidParameter: the data is no MessagePack, or does not fit; the message names the place.
    """
    data = data or _EMPTY
    try:
        _outline.decode(data)  # makes nothing, and finds what is cut off
        if len(data) > MAX_VALUES:  # a shorter one cannot hold more
            _check_values(data)
        return _decoder(kind).decode(data)  # type: ignore[no-any-return, arg-type]
    except msgspec.ValidationError as error:
        raise InvalidParameter(f"Invalid request: {_shorten(str(error))}.") from None
    except msgspec.DecodeError as error:
        raise InvalidParameter(f"The request body is not valid MessagePack: {error}.") from None
    except RecursionError:
        raise InvalidParameter("The request body is MessagePack nested too deeply.") from None
    except UnicodeDecodeError as error:
        raise InvalidParameter(
            f"The request body is not valid MessagePack: a text in it is not valid UTF-8 ({error.reason})."
        ) from None


def _shorten(message: str) -> str:
    """Return a message of msgspec's without the middle of a long name that the sender gave."""
    if len(message) <= _EXCERPT_CHARS:
        return message
    half = _EXCERPT_CHARS // 2
    return f"{message[:half]}…{message[-half:]}"


def _widths() -> tuple[list[int], list[int], dict[int, tuple[int, int, int]]]:
    """Return, by first byte: the bytes of a value, the values that follow within it, and for those that a length follows, see `_SIZED`."""
    wide, inner = [1] * 256, [0] * 256
    for count in range(16):
        inner[0x80 + count], inner[0x90 + count] = 2 * count, count
    for count in range(32):
        wide[0xA0 + count] = 1 + count
    fixed = {0xCA: 5, 0xCB: 9, 0xCC: 2, 0xCD: 3, 0xCE: 5, 0xCF: 9, 0xD0: 2, 0xD1: 3, 0xD2: 5, 0xD3: 9}
    fixed |= {0xD4: 3, 0xD5: 4, 0xD6: 6, 0xD7: 10, 0xD8: 18}
    for first, width in fixed.items():
        wide[first] = width
    sized = {
        0xC4: (1, 1, 0),
        0xC5: (2, 1, 0),
        0xC6: (4, 1, 0),
        0xC7: (1, 1, 1),
        0xC8: (2, 1, 1),
        0xC9: (4, 1, 1),
    }
    sized |= {0xD9: (1, 1, 0), 0xDA: (2, 1, 0), 0xDB: (4, 1, 0)}
    sized |= {0xDC: (2, 0, 1), 0xDD: (4, 0, 1), 0xDE: (2, 0, 2), 0xDF: (4, 0, 2)}
    for first in sized:
        wide[first] = 0
    return wide, inner, sized


_WIDE, _INNER, _SIZED = _widths()
"""`_SIZED`: bytes of the length, then for texts, bytes and extensions 1 and the further bytes, for arrays and maps 0 and values an item."""


def _check_values(data: bytes) -> None:
    """Refuse a body of very many values before they are made. The body is whole.

    Raises:
        InvalidParameter: there are too many.
    """
    place, left, count = 0, 1, 0
    while left:
        first = data[place]
        count += 1
        left -= 1
        width = _WIDE[first]
        if width:
            place += width
            left += _INNER[first]
        else:
            bytes_of_length, is_flat, more = _SIZED[first]
            length = int.from_bytes(data[place + 1 : place + 1 + bytes_of_length])
            place += 1 + bytes_of_length
            if is_flat:
                place += length + more
            else:
                left += length * more
        if count + left > MAX_VALUES:
            raise InvalidParameter(
                f"The request body holds {count + left} values or more; at most {MAX_VALUES} are allowed. Send the data in several requests."
            )
