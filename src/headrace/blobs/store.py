"""What every store of bytes offers: whole files under keys, streamed both ways, visible only when complete.

Keys are relative paths that `headrace.base.paths.parse_key` has returned; ``""`` is the root. All calls block; callers of an
event loop run them in a thread. A writer or reader is used by one thread at a time.

Errors: `NotFound` for a key that does not exist, `InvalidParameter` for one that cannot be what the call takes it for (a folder
where a file is meant), `StorageFull` when there is no room, `InternalError` for whatever else the machine refuses.
"""

from types import TracebackType
from typing import Protocol, Self

from msgspec import Struct


class BlobInfo(Struct, frozen=True):
    """A file that is complete: its size in bytes, SHA-256 in hexadecimal, and time of last change in Unix milliseconds."""

    key: str
    size: int
    sha256: str
    mtime_ms: int


class BlobStat(Struct, frozen=True):
    """What a store says of a key without reading it; a folder has size 0."""

    key: str
    is_dir: bool
    size: int
    mtime_ms: int


class Entry(Struct, frozen=True):
    """One name in a folder; `size` is in bytes, 0 for a folder."""

    name: str
    is_dir: bool
    size: int


class BlobWriter(Protocol):
    """A file in the making. Leaving the `with` block without `commit` discards it."""

    def digest(self) -> bytes:
        """Return the SHA-256 of what was written so far."""
        ...

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append `data`.

        Raises:
            StorageFull: there is no room; nothing will become visible.
        """
        ...

    def commit(self) -> BlobInfo:
        """Make the file durable, then visible under its key, in place of what was there."""
        ...

    def abort(self) -> None:
        """Discard what was written. Does nothing after `commit` or a second time."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class BlobReader(Protocol):
    """An open file: what it reads does not change when the key is written or deleted meanwhile."""

    @property
    def size(self) -> int:
        """Bytes in the file."""
        ...

    @property
    def mtime_ms(self) -> int:
        """Time of the last change in Unix milliseconds."""
        ...

    def read_at(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on; fewer only at the end of the file."""
        ...

    def close(self) -> None:
        """Give the file back. Closing twice does nothing."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class BlobStore(Protocol):
    """Files under keys."""

    def prepare(self) -> None:
        """Make the store usable and remove what interrupted writers left behind. Called once at start."""
        ...

    def open_writer(self, key: str) -> BlobWriter:
        """Begin a file that `BlobWriter.commit` will put under `key`."""
        ...

    def open_reader(self, key: str) -> BlobReader:
        """Open the file under `key`.

        Raises:
            NotFound: nothing is there.
            InvalidParameter: the key names a folder.
        """
        ...

    def stat(self, key: str) -> BlobStat:
        """Say what is under `key`.

        Raises:
            NotFound: nothing is there.
        """
        ...

    def list_folder(self, key: str) -> list[Entry]:
        """Return the names directly in a folder, sorted; none if the key names a file or nothing."""
        ...

    def delete(self, key: str) -> int:
        """Delete a file, or a folder with all that is in it, and the folders that are empty then.

        Returns:
            How many files were deleted; 0 if nothing was there.
        """
        ...
