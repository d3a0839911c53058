"""The gate between forks and what other threads must not be forked in the midst of: they load modules, or begin to speak TLS. Nothing here knows what is loaded.

A child has the locks that a thread of its parent held at the fork, and not the thread that would give them back: those of Python's imports, and those of OpenSSL, which knows no forks.
"""

import logging
import os
import threading

from headrace.base.thread_ends import wait_for_ends

_BEFORE = (logging,)
"""Loaded before this module. What was registered last is done first before a fork, and logging takes its lock there: who is loading modules asks for loggers, and would
wait for that lock while the fork waits here."""
FORK_WAIT_S = 5.0
"""A fork waits so long for threads within the gate."""


class Loading:
    """Keeps forks from happening while threads are within it: a child would wait forever for what they have begun. They do not wait for each other."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._within: dict[int, int] = {}  # how often each thread has entered
        self._forking = False

    def __enter__(self) -> None:
        me = threading.get_ident()
        with self._changed:
            if me not in self._within:
                self._changed.wait_for(lambda: not self._forking)
            self._within[me] = self._within.get(me, 0) + 1

    def __exit__(self, *_: object) -> None:
        me = threading.get_ident()
        with self._changed:
            left = (
                self._within.pop(me, 1) - 1
            )  # there is nothing left of an entry before a fork, in the child
            if left:
                self._within[me] = left
            else:
                self._changed.notify_all()

    def before_fork(self) -> None:
        """Wait until nobody else is within, for some seconds at most, and let nobody enter. Threads that end are waited for as well."""
        self._changed.acquire()
        self._forking = True
        me = threading.get_ident()
        self._changed.wait_for(lambda: not self._within.keys() - {me}, FORK_WAIT_S)
        wait_for_ends()

    def after_fork_in_parent(self) -> None:
        """Let threads enter again."""
        self._forking = False
        self._changed.notify_all()
        self._changed.release()

    def after_fork_in_child(self) -> None:
        """Begin anew: whoever was within is not in this process."""
        self._begin()


LOADING = Loading()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=LOADING.before_fork,
        after_in_parent=LOADING.after_fork_in_parent,
        after_in_child=LOADING.after_fork_in_child,
    )
