"""Waiting for threads that have ended for Python, and not yet for the operating system.

`Thread.join` returns while the thread still runs what C libraries do at the end of a thread. OpenSSL takes a lock there that every new thread takes as well; a child that
is forked meanwhile has the lock, but not the thread that would give it back, and its threads wait for ever. So a fork waits until such threads are gone.
Linux tells which threads there are; elsewhere nothing is waited for. The module does not know why anybody forks.
"""

import threading
import time
from pathlib import Path

WAIT_S = 0.5
"""So long at most is waited; who is at work for longer is no thread that ends, but one that a C library keeps."""
_LOOK_S = 0.0005
_THREADS = Path("/proc/self/task")
_IDLE = frozenset("SITt")
_kept: set[int] = set()


def wait_for_ends() -> None:
    """Wait until no thread is about to end, for `WAIT_S` at most. Costs some tens of microseconds where none is."""
    until_s = time.monotonic() + WAIT_S
    while ending := find_ending():
        if time.monotonic() > until_s:
            _kept.update(ending)
            return
        time.sleep(_LOOK_S)


def find_ending() -> set[int]:
    """Return the system's ids of threads that are at work and that Python does not know (any more), those excepted that were waited for in vain."""
    try:
        present = {int(path.name) for path in _THREADS.iterdir()}
    except OSError:  # no Linux
        return set()
    known = {thread.native_id for thread in threading.enumerate()}
    _kept.intersection_update(present)
    return {each for each in present - known - _kept - {threading.get_native_id()} if _is_at_work(each)}


def _is_at_work(thread: int) -> bool:
    try:
        told = (_THREADS / str(thread) / "stat").read_text("ascii", "replace")
    except OSError:  # gone meanwhile
        return False
    return told.rpartition(")")[2].split()[0] not in _IDLE
