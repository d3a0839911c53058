"""Space on the disk: what to do when there is none. The caller waits while the sending makes some; if it makes none, the call is refused.

The module knows neither what is written nor who sends.
"""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from headrace.base.errors import SpoolFull
from headrace.base.plugins import load
from headrace.spool.contract import SpoolSettings

T = TypeVar("T")

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LOOK_S = 0.02


class Room:
    """The space that a spool may take.

    Args:
        settings: the limits.
        used: returns the bytes that the spool takes.
        progress: returns a number that changes whenever the sending has got on.
        hurry: asks for the sending to begin.
    """

    def __init__(
        self,
        settings: SpoolSettings,
        used: Callable[[], int],
        progress: Callable[[], int],
        hurry: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._used, self._progress, self._hurry = used, progress, hurry
        self._refused_at = -1
        self.is_over = False
        """Whether nobody may wait any more."""

    def take(self, folder: Path, size: int, write: Callable[[], T]) -> T:
        """Write a file when there is room for it.

        Args:
            folder: where.
            size: its bytes.
            write: writes it; an OSError for want of space leaves nothing behind.

        Raises:
            SpoolFull: there is no room, and the sending does not get on.
            OSError: it cannot be written for another reason.
        """
        seen, since = self._progress(), time.monotonic()
        while True:
            lack = self._find_lack(folder, size)
            if not lack:
                try:
                    return write()
                except OSError as error:
                    if error.errno not in FULL:
                        raise
                    lack = f"the disk is full ({error.strerror})"
            now = self._progress()
            if now != seen:
                seen, since = now, time.monotonic()
            waited = time.monotonic() - since >= self._settings.wait_s
            if waited or self.is_over or now == self._refused_at:
                self._refused_at = now
                raise SpoolFull(
                    f"There is no room for what was logged in {str(folder)!r}: {lack}, and nothing of what waits there has been sent for "
                    f"{self._settings.wait_s:.0f} s. What was logged before is kept. Free disk space, let the destination be reached, or set "
                    "HEADRACE_SPOOL_DIR to a larger disk."
                )
            self._hurry()
            time.sleep(_LOOK_S)

    def forget(self) -> None:
        """Begin anew in a forked child."""
        self._refused_at = -1

    def _find_lack(self, folder: Path, size: int) -> str:
        """Return what is missing; empty if there is room."""
        used, limit = self._used(), self._settings.max_bytes
        if used + size > limit:
            return f"it holds {used} bytes, of at most {limit}, and {size} more are needed"
        if self._settings.reserve_bytes:
            free = _find_free(folder)
            if free - size < self._settings.reserve_bytes:
                return (
                    f"the disk has {free} bytes left, of which {self._settings.reserve_bytes} are kept free"
                )
        return ""


def _find_free(folder: Path) -> int:
    """Return how many bytes the disk of a folder has left for this user."""
    # What `shutil` asks, too, which takes long to load.
    if hasattr(os, "statvfs"):
        told = os.statvfs(folder)
        return told.f_bavail * told.f_frsize
    free: int = load("shutil").disk_usage(folder).free
    return free
