"""Connections that wait for their next request. For many threads at once, and for forked children, which begin with none.

There is no lock: one that a thread of the parent held at the fork would stay locked in the child. What lists do is whole in itself.
"""

import os

from headrace.client.connections import Connection

MOST_KEPT = 16


class Pool:
    """The connections to one server that nobody uses at the moment."""

    def __init__(self) -> None:
        self._idle: list[Connection] = []
        self._process = os.getpid()
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether it keeps nothing any more."""
        return self._is_closed

    def take(self) -> Connection | None:
        """Return a connection that can be used, if there is one."""
        self._forget_parent()
        while self._idle:
            try:
                connection = self._idle.pop()  # the one that was used last
            except IndexError:  # another thread was quicker
                return None
            if connection.is_quiet():
                return connection
            connection.close()
        return None

    def give(self, connection: Connection) -> None:
        """Keep a connection for the next request, or close it."""
        self._forget_parent()
        if self._is_closed or len(self._idle) >= MOST_KEPT:
            connection.close()
        else:
            self._idle.append(connection)

    def close(self) -> None:
        """Close what is kept, and what is given from now on."""
        self._is_closed = True
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _forget_parent(self) -> None:
        """In a forked child, leave the connections to the parent: they are closed here, and stay open there."""
        process = os.getpid()
        if self._process != process:
            self._idle = []
            self._process = process
