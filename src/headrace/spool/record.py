"""The bytes of a record, and of a segment's head. Format 2; format 1 has no rows.

A segment is a row of slots of 32 bytes; a record begins at a slot's start and fills whole slots. Everything is little endian.

    point   crc u32 | series u24 | kind u8 (0) | step i64 | time i64 (Unix milliseconds) | value f64
    row     crc u32 | shape u24  | kind u8 (11) | length u32 | count u32 | step i64 | time i64 | count values f64 | zeros
    others  crc u32 | run u24    | kind u8     | length u32 | body (MessagePack) | zeros

A row is a point each of several series, of the same step and time; the length counts its zeros, so that rows of one shape are equally long. The CRC is over all that
follows it, up to the end of the body. A slot of zeros is no record. The numbers of runs, series and shapes are those that `RUN`, `SERIES` and `SHAPE` records of the
same segment have given; a segment explains itself.

The module knows no file.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar, cast

import msgspec
from msgspec import UNSET, UnsetType

from headrace.api.ingest import AttemptRecord, EnvironmentRecord, StartRecord, StatusRecord
from headrace.api.inputs import DatasetInput, ModelInput, ModelOutput
from headrace.base import msgpack
from headrace.base.errors import InvalidParameter
from headrace.base.json import Wire

T = TypeVar("T")

FORMAT: Final = 2
FORMATS = (1, 2)
"""What this version reads."""
SLOT: Final = 32
"""Bytes of a slot, and of a point."""
HEAD: Final = 64
"""Bytes of a segment's head."""
MAGIC = b"headrace"
MAX_NUMBER: Final = 2**24 - 1
"""Largest number of a run or series of a segment."""

POINT: Final = 0
RUN: Final = 1
SERIES: Final = 2
PARAMS: Final = 3
TAGS: Final = 4
DATASETS: Final = 5
MODEL_INPUTS: Final = 6
MODEL_OUTPUTS: Final = 7
ENVIRONMENT: Final = 8
STATUS: Final = 9
SHAPE: Final = 10
ROW: Final = 11

_KIND_SHIFT = 24
_LENGTH_END = 12
_POINT_BODY = struct.Struct("<Iqqd")
_OTHER_HEAD = struct.Struct("<II")
_ROW_HEAD = struct.Struct("<III")
_ROW_VALUES = 32
_SEGMENT = struct.Struct("<8sIIQQ")
_WRITER_BYTES = 28


class RunBody(Wire, kw_only=True):
    """A run gets a number in this segment.

    `opens`: the run is opened here; otherwise it is only named again. `attempt` is said whenever something is said of the run; if it `is_quiet`, only
    together with the start.
    """

    run_id: str
    opens: bool
    start: StartRecord | UnsetType = UNSET
    attempt: AttemptRecord | UnsetType = UNSET
    is_quiet: bool = False


class SeriesBody(Wire, kw_only=True):
    """A series of the record's run gets a number in this segment."""

    number: int
    key: str
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class ShapeBody(Wire, kw_only=True):
    """Series of the record's run that are logged together get a number in this segment."""

    number: int
    series: list[int]


BODIES: dict[int, Any] = {
    RUN: RunBody,
    SERIES: SeriesBody,
    PARAMS: list[tuple[str, str]],
    TAGS: list[tuple[str, str]],
    DATASETS: list[DatasetInput],
    MODEL_INPUTS: list[ModelInput],
    MODEL_OUTPUTS: list[ModelOutput],
    ENVIRONMENT: EnvironmentRecord,
    STATUS: StatusRecord,
    SHAPE: ShapeBody,
}
_DECODERS = {kind: msgspec.msgpack.Decoder(body) for kind, body in BODIES.items()}

pack_point_body = _POINT_BODY.pack
"""Series, step, time, value."""
crc32 = zlib.crc32


def pack_point(series: int, step: int, time_ms: int, value: float) -> bytes:
    """Return a point.

    Raises:
        struct.error, OverflowError: a value does not fit.
    """
    body = _POINT_BODY.pack(series, step, time_ms, value)
    return crc32(body).to_bytes(4, "little") + body


def shape_row(shape: int, count: int) -> Callable[..., bytes]:
    """Return what packs rows: called with step, time and the values, it gives a row without its CRC, for `frame_row`.

    Args:
        shape: the number of the row's shape.
        count: of its values.
    """
    size = slots_of(_ROW_VALUES - _LENGTH_END + 8 * count)
    pad = size - _ROW_VALUES - 8 * count
    pack = struct.Struct(f"<IIIqq{count}d{pad}x").pack
    return partial(pack, ROW << _KIND_SHIFT | shape, size - _LENGTH_END, count)


def frame_row(body: bytes) -> bytes:
    """Return a row with its CRC."""
    return crc32(body).to_bytes(4, "little") + body


def encode_body(kind: int, body: object) -> bytes:
    """Return the body of a record that is no point.

    Args:
        kind: which.
        body: what `BODIES` says for the kind.

    Raises:
        InvalidParameter: the body is not what it should be, or holds text that is not valid Unicode.
    """
    try:
        data = msgpack.encode(body)
        _DECODERS[kind].decode(data)  # types and ranges, so that nobody finds out later
    except (msgspec.ValidationError, UnicodeEncodeError, OverflowError, TypeError) as error:
        raise InvalidParameter(f"What was logged cannot be sent: {str(error)[:300]}.") from None
    return data


def frame_record(kind: int, run: int, data: bytes) -> bytes:
    """Return a record with an encoded body, of a run with this number in the segment."""
    rest = _OTHER_HEAD.pack(kind << _KIND_SHIFT | run, len(data)) + data
    return crc32(rest).to_bytes(4, "little") + rest + bytes(-(4 + len(rest)) % SLOT)


def pack_record(kind: int, run: int, body: object) -> bytes:
    """Return a record that is no point; see `encode_body` and `frame_record`."""
    return frame_record(kind, run, encode_body(kind, body))


def decode_body(kind: int, data: bytes) -> Any:
    """Return the body of a record; its CRC was right."""
    return _DECODERS[kind].decode(data)


def slots_of(length: int) -> int:
    """Return the bytes that a record with a body of `length` bytes takes."""
    return -(-(_LENGTH_END + length) // SLOT) * SLOT


def read_other(data: bytes, place: int) -> tuple[int, int, int]:
    """Return the kind of a record that is no point, its run's number, and the length of its body, which begins at `place` + 12."""
    word, length = _OTHER_HEAD.unpack_from(data, place + 4)
    return word >> _KIND_SHIFT, word & MAX_NUMBER, length


def read_row(data: bytes, place: int) -> tuple[int, int, int]:
    """Return the number of a row's shape, of its values, and its bytes."""
    word, length, count = _ROW_HEAD.unpack_from(data, place + 4)
    return word & MAX_NUMBER, count, slots_of(length)


def scan(data: bytes, place: int) -> int:
    """Return where the whole records end: at the first slot that does not begin one.

    Args:
        data: a segment from its beginning.
        place: where to begin, at a record's start.
    """
    size = len(data)
    view = memoryview(data)
    while place + SLOT <= size:
        if data[place + 7] == POINT:
            end, after = place + SLOT, place + SLOT
        else:
            kind, _, length = read_other(data, place)
            end, after = place + _LENGTH_END + length, place + slots_of(length)
            if (kind not in BODIES and kind != ROW) or after > size:
                break
        if crc32(view[place + 4 : end]) != int.from_bytes(view[place : place + 4], "little"):
            break
        place = after
    return place


def count_records(data: bytes) -> int:
    """Return how many records, of those that the server counts, a row of whole records holds."""
    place, count, kinds = 0, 0, data[7::SLOT]
    while place < len(data):
        slot = place // SLOT
        points = len(kinds) - slot - len(kinds[slot:].lstrip(b"\0"))
        if points:
            count += points
            place += points * SLOT
            continue
        kind, _, length = read_other(data, place)
        if kind == ROW:
            _, values, size = read_row(data, place)
            count += values
            place += size
            continue
        body = _LENGTH_END + place
        count += count_body(kind, decode_body(kind, data[body : body + length]))
        place += slots_of(length)
    return count


def count_body(kind: int, body: Any) -> int:
    """Return how many records of ingest a record that is no point stands for."""
    if kind == RUN:
        start = cast("RunBody", body).start
        if not body.opens:
            return 0
        forks = start is not UNSET and start.fork is not UNSET
        return (start is not UNSET) + forks + (body.attempt is not UNSET)
    if kind in {SERIES, SHAPE}:
        return 0
    return len(cast("Sequence[object]", body)) if isinstance(body, list) else 1


def pack_head(number: int, created_ms: int, writer: str) -> bytes:
    """Return the head of a segment.

    Args:
        number: the segment's.
        created_ms: Unix milliseconds.
        writer: the writer's name, of which the first 28 characters are kept.
    """
    rest = _SEGMENT.pack(MAGIC, FORMAT, 0, number, created_ms) + writer.encode()[:_WRITER_BYTES].ljust(
        _WRITER_BYTES, b"\0"
    )
    return rest + crc32(rest).to_bytes(4, "little")


def read_head(data: bytes) -> tuple[int, int, int] | None:
    """Return format, number and time of making (Unix milliseconds) of a segment; None if the head was never written whole."""
    head = data[:HEAD]
    if len(head) < HEAD or crc32(head[:-4]) != int.from_bytes(head[-4:], "little"):
        return None
    magic, found, _, number, created_ms = _SEGMENT.unpack_from(head)
    return (found, number, created_ms) if magic == MAGIC else None
