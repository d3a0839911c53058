"""What the store sees of a database's driver and of its connections. Protocols only: drivers, and what manages connections, stay out of sight."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Cursor(Protocol):
    """What statements run on: a cursor as in PEP 249, as far as the store uses one."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement has changed."""

    @property
    def lastrowid(self) -> Any:
        """The id that the last insert was given, where the driver knows it."""

    def execute(self, operation: str, parameters: Any = ..., /) -> Any:
        """Run a statement."""

    def executemany(self, operation: str, parameters: Sequence[Any], /) -> Any:
        """Run a statement once for each row of parameters."""

    def fetchone(self) -> Any:
        """Return the next row, None behind the last."""

    def fetchmany(self, size: int = ..., /) -> Sequence[Any]:
        """Return the next rows, none behind the last."""

    def fetchall(self) -> Sequence[Any]:
        """Return all rows that are left."""


class PooledConnection(Protocol):
    """A connection that is one's own until it is given back."""

    @property
    def driver_connection(self) -> Any:
        """The driver's own."""

    @property
    def info(self) -> dict[Any, Any]:
        """What is remembered beside the connection as long as it is open."""

    def cursor(self) -> Any:
        """Return what statements run on."""

    def commit(self) -> None:
        """Commit what was done."""

    def rollback(self) -> None:
        """Undo what was not committed."""

    def close(self) -> None:
        """Give the connection back."""

    def invalidate(self) -> None:
        """Close the connection for good, instead of giving it back."""


class SchemaConnection(Protocol):
    """A connection for statements that make tables and look at them; SQLAlchemy's are of this kind."""

    @property
    def dialect(self) -> Any:
        """What has the database's `name`."""

    def exec_driver_sql(self, statement: str, parameters: Any = ..., /) -> Any:
        """Run a statement and return what has `fetchall`."""

    def commit(self) -> None:
        """Commit what was done."""

    def rollback(self) -> None:
        """Undo what was not committed."""


class NoneFree(Exception):
    """All connections of a pool have been busy for as long as one may wait."""


class Pool(Protocol):
    """Connections of one purpose, made when they are first needed. Errors of the driver come as they are."""

    def take(self) -> PooledConnection:
        """Return a connection.

        Raises:
            NoneFree: all are busy, and have been for `headrace.store.dialect.READ_WAIT_S` seconds.
        """

    def lend(self) -> AbstractContextManager[SchemaConnection]:
        """Give a connection for the schema; what is not committed at the end is undone."""

    def dispose(self) -> None:
        """Close all connections that nobody uses."""
