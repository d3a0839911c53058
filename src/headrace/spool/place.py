"""How far the sending of a log is: the file ``sent``.

It is written before a batch is sent, and says what the batch covers: after a crash the same stretch of the log is the same batch. Two slots are written in turn, each with a
CRC, so that one of them is whole at any moment.

The module knows nothing of batches but their numbers.
"""

import os
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from headrace.base.json import Wire

NAME = "sent"
_SLOT = 512
_HEAD = struct.Struct("<IHQ")


class Place(NamedTuple):
    """A place in a log: the segment's number, and the byte in it."""

    segment: int
    offset: int


BEGINNING = Place(0, 0)


class Sent(Wire, kw_only=True):
    """How far the sending is.

    `writer` is the name towards the destination, which changes when the destination has forgotten batches; `seq` the number of the last batch, which covers the log
    from `begin` to `end`, and `answered` whether the answer to it has come. `renamed` counts the names.
    """

    writer: str
    seq: int
    begin: Place
    end: Place
    answered: bool
    renamed: int = 0


class SentFile:
    """The file ``sent`` of a folder that this process owns. For one thread at a time.

    Args:
        folder: the folder.

    Raises:
        OSError: the file cannot be made or read.
    """

    def __init__(self, folder: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        self._descriptor = os.open(folder / NAME, flags, 0o600)
        self._count = 0
        if os.fstat(self._descriptor).st_size < 2 * _SLOT:
            self._put(0, bytes(2 * _SLOT))  # takes the space, so that a full disk cannot stop the sending

    def read(self) -> Sent | None:
        """Return what was written last, or None if nothing was."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        data = os.read(self._descriptor, 2 * _SLOT)
        found = [each for slot in (data[:_SLOT], data[_SLOT:]) if (each := _unpack(slot)) is not None]
        if not found:
            return None
        self._count, state = max(found, key=lambda each: each[0])
        return state

    def write(self, state: Sent, *, sync: bool) -> None:
        """Write a state.

        Args:
            state: what.
            sync: wait until it is on the disk, not only safe from the death of this process.
        """
        self._count += 1
        body = msgspec.msgpack.encode(state)
        rest = struct.pack("<HQ", len(body), self._count) + body
        self._put(self._count % 2 * _SLOT, zlib.crc32(rest).to_bytes(4, "little") + rest)
        if sync:
            getattr(os, "fdatasync", os.fsync)(self._descriptor)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _put(self, place: int, data: bytes) -> None:
        os.lseek(self._descriptor, place, os.SEEK_SET)
        os.write(self._descriptor, data)


def _unpack(slot: bytes) -> tuple[int, Sent] | None:
    if len(slot) < _HEAD.size:
        return None
    crc, length, count = _HEAD.unpack_from(slot)
    if zlib.crc32(slot[4 : _HEAD.size + length]) != crc:
        return None
    try:
        return count, msgspec.msgpack.decode(slot[_HEAD.size : _HEAD.size + length], type=Sent)
    except msgspec.DecodeError:
        return None


def read_sent(folder: Path) -> Sent | None:
    """Return how far the sending of a folder is, for who only looks; None if nothing was sent."""
    try:
        data = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return None
    found = [each for slot in (data[:_SLOT], data[_SLOT:]) if (each := _unpack(slot)) is not None]
    return max(found, key=lambda each: each[0])[1] if found else None
