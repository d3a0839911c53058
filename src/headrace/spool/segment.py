"""A segment: a file of records that is as long as it will ever be before the first one is written, so that a full disk shows when it is made and not later.

Records are stored through a memory map: what a call has stored outlives the process, whatever kills it. `Segment.write` appends a record in one step that
no other thread can come between (one call into C under the interpreter's lock; where there is no such lock, under one of its own), and raises
ValueError once the segment is full or sealed.

The module knows what a record's bytes look like, and nothing of what is in it.
"""

import errno
import itertools
import mmap
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from headrace.spool.record import HEAD, pack_head, scan

SUFFIX = ".seg"
_NO_FALLOCATE = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}
_ZEROS = bytes(2**16)
_TURN_S = 0.000_05


def segment_path(folder: Path, number: int) -> Path:
    """Return where a segment of a folder lies."""
    return folder / f"{number:010d}{SUFFIX}"


def list_segments(folder: Path) -> list[int]:
    """Return the numbers of the segments in a folder, in order."""
    names = [path.stem for path in folder.glob("*" + SUFFIX)]
    return sorted(int(name) for name in names if name.isdecimal())


class Segment:
    """A segment that this process writes.

    Args:
        path: where the file is made; there is none yet.
        number: of the segment.
        size: its bytes.
        writer: the writer's name.
        now_ms: Unix milliseconds.

    Raises:
        OSError: there is no space, or the file cannot be made; nothing is left of it.
    """

    __slots__ = (
        "_end",
        "_mark",
        "_memory",
        "_sealing",
        "created_ms",
        "number",
        "path",
        "runs",
        "series",
        "shapes",
        "size",
        "write",
    )

    def __init__(self, path: Path, number: int, size: int, writer: str, now_ms: int) -> None:
        self.path, self.number, self.size, self.created_ms = path, number, size, now_ms
        self.runs, self.series, self.shapes = itertools.count(), itertools.count(), itertools.count()
        """Numbers to give."""
        self._end: int | None = None
        self._mark: int | None = None
        self._sealing = False
        descriptor = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | _BINARY, 0o600
        )
        try:
            _allocate(descriptor, size)
            self._memory = mmap.mmap(descriptor, size)
        except BaseException:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        os.close(descriptor)  # the map has its own
        self._memory.write(pack_head(number, now_ms, writer))
        self.write: Callable[[bytes], object] = _make_append(self._memory)

    def tail(self) -> int:
        """Return where the records end at this moment."""
        while self._end is None:
            try:
                place = self._memory.tell()
            except ValueError:  # closed meanwhile
                place = -1
            if (
                not self._sealing
            ):  # looked at after the place was taken, so that the place is not the end of the file
                return place
            time.sleep(_TURN_S)
        return self._end

    def seal(self) -> int:
        """Let nothing be written from here on; return where the records end. What other threads are about to write goes to the next segment.

        It may be interrupted by a signal whose handler does the same.
        """
        self._sealing = True
        try:
            if self._mark is None:
                self._mark = self._memory.tell()
            self._memory.seek(0, os.SEEK_END)
            # Another thread may have written between the two lines before.
            end = self._mark + scan(self._memory[self._mark :], 0)
        except ValueError:
            assert self._end is not None  # it is sealed already
            return self._end
        self._end = end
        self._memory.close()
        return end

    def forget(self) -> None:
        """Close it in a forked child, to whom it does not belong."""
        self._memory.close()


_BINARY = getattr(os, "O_BINARY", 0)


def _make_append(memory: mmap.mmap) -> Callable[[bytes], object]:
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        return memory.write
    lock = threading.Lock()

    def append(record: bytes) -> None:
        with lock:
            memory.write(record)

    return append


def _allocate(descriptor: int, size: int) -> None:
    """Give a file its size, and the space on the disk."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError as error:
            if error.errno not in _NO_FALLOCATE:
                raise
        else:
            return
    left = size
    while left:
        left -= os.write(descriptor, _ZEROS[: min(left, len(_ZEROS))])
    os.lseek(descriptor, 0, os.SEEK_SET)


class SegmentReader:
    """Reads a segment, its writer's or another process's. For one thread at a time.

    Args:
        path: the file.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)

    def read(self, place: int, count: int) -> bytes:
        """Return the bytes from a place on, at most so many."""
        self._file.seek(place)
        return self._file.read(count) or b""

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def find_end(path: Path) -> tuple[int, int]:
    """Return where the whole records of a segment that nobody writes end, and how many bytes that are not zero lie behind that.

    Raises:
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    end = scan(data, HEAD)
    return min(end, len(data)), len(data[end:].rstrip(b"\0"))
