"""The gate between threads that load modules in the background and forks. Nothing here knows what is loaded."""

import logging
import os
import threading

_BEFORE = (logging,)
"""Loaded before this module. What was registered last is done first before a fork, and logging takes its lock there: who is loading modules asks for loggers, and would
wait for that lock while the fork waits here."""
FORK_WAIT_S = 5.0
"""A fork waits so long for a thread that is loading."""


class Loading:
    """Keeps forks from happening while a thread loads modules: a child would wait forever for what that thread has begun to load."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._is_held = False

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def before_fork(self) -> None:
        """Wait until nobody loads, for some seconds at most, and let nobody begin."""
        self._is_held = self._lock.acquire(timeout=FORK_WAIT_S)

    def after_fork_in_parent(self) -> None:
        """Let threads load again."""
        if self._is_held:
            self._lock.release()

    def after_fork_in_child(self) -> None:
        """Begin anew: whoever held the gate is not in this process."""
        self._lock = threading.RLock()


LOADING = Loading()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=LOADING.before_fork,
        after_in_parent=LOADING.after_fork_in_parent,
        after_in_child=LOADING.after_fork_in_child,
    )
