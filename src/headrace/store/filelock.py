"""A lock between processes on one machine, held by the operating system: it ends with the process, whatever kills it.

The usual lock-file libraries poll; a writer that waits here must be woken at once, many thousand times a second.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headrace.base.errors import StorageFull, Unavailable

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError:  # LK_LOCK gives up after ten attempts, a second apart
                continue
            return

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


class FileLock:
    """An exclusive lock on a file that is made if need be and never removed.

    Args:
        path: the file. Its folder must exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock and hold it. Not reentrant, and for one thread at a time.

        Raises:
            StorageFull: there is no space for the file.
            Unavailable: the file cannot be made or locked.
        """
        try:
            if self._descriptor < 0:
                self._descriptor = os.open(
                    self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600
                )
            _lock(self._descriptor)
        except OSError as error:
            kind = StorageFull if error.errno in {errno.ENOSPC, errno.EDQUOT} else Unavailable
            raise kind(
                f"The lock file {str(self._path)!r} cannot be made or locked ({error.strerror}); headrace needs to write into "
                "the folder of its database. Check the folder's permissions and free space."
            ) from error
        try:
            yield
        finally:
            _unlock(self._descriptor)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
