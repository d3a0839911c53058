"""A pool of connections to a file, by the driver alone: a short script spends more time on loading SQLAlchemy than on all of its calls.

The module knows neither how a connection is set up nor what runs on it.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, LifoQueue
from types import SimpleNamespace
from typing import Any, ClassVar

from headrace.store.driver import NoneFree


class FilePool:
    """See `headrace.store.driver.Pool`. The connection that was used last is given out first, because its pages and statements are at hand.

    Args:
        connect: makes a connection.
        size: how many there may be.
        wait_s: how long to wait for one, in seconds.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], size: int, wait_s: float) -> None:
        self._connect = connect
        self._places = threading.BoundedSemaphore(size)
        self._wait_s = wait_s
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._is_open = True

    def take(self) -> "FileConnection":
        """See `Pool.take`."""
        if not self._places.acquire(timeout=self._wait_s):
            raise NoneFree
        try:
            return FileConnection(self, self._find_idle() or self._connect())
        except BaseException:
            self._places.release()
            raise

    def _find_idle(self) -> sqlite3.Connection | None:
        try:
            return self._idle.get_nowait()
        except Empty:
            return None

    @contextmanager
    def lend(self) -> Iterator["FileConnection"]:
        """See `Pool.lend`."""
        connection = self.take()
        try:
            yield connection
        finally:
            try:
                connection.rollback()
            finally:
                connection.close()

    def give_back(self, connection: sqlite3.Connection, *, is_good: bool) -> None:
        """Take a connection back."""
        try:
            if is_good and self._is_open:
                self._idle.put(connection)
            else:
                connection.close()
        finally:
            self._places.release()

    def dispose(self) -> None:
        """See `Pool.dispose`; those that are in use are closed when they come back."""
        self._is_open = False
        while (connection := self._find_idle()) is not None:
            connection.close()


class FileConnection:
    """A connection of a `FilePool`, for statements of the store and for those of the schema: see `headrace.store.driver`."""

    dialect: ClassVar = SimpleNamespace(name="sqlite")

    def __init__(self, pool: FilePool, connection: sqlite3.Connection) -> None:
        self._pool = pool
        self._is_out = True
        self.driver_connection = connection
        self.info: dict[Any, Any] = {}

    def cursor(self) -> sqlite3.Cursor:
        """Return a cursor."""
        return self.driver_connection.cursor()

    def exec_driver_sql(self, statement: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run a statement and return its rows."""
        return self.driver_connection.execute(statement, parameters)

    def commit(self) -> None:
        """Commit what was done."""
        self.driver_connection.commit()

    def rollback(self) -> None:
        """Undo what was not committed."""
        self.driver_connection.rollback()

    def close(self) -> None:
        """Give the connection back; a second time changes nothing."""
        self._leave(is_good=True)

    def invalidate(self) -> None:
        """Close the connection for good."""
        self._leave(is_good=False)

    def _leave(self, *, is_good: bool) -> None:
        if self._is_out:
            self._is_out = False
            self._pool.give_back(self.driver_connection, is_good=is_good)
