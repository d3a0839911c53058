"""A pool of connections to a server, by SQLAlchemy. What it raises are the errors of the driver."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from headrace.store.address import Address
from headrace.store.dialect import READ_WAIT_S
from headrace.store.driver import NoneFree, PooledConnection
from headrace.store.server_address import to_url


class ServerPool:
    """See `headrace.store.driver.Pool`.

    Args:
        engine: SQLAlchemy's.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def take(self) -> PooledConnection:
        """See `Pool.take`."""
        try:
            return self.engine.raw_connection()
        except PoolTimeout as error:
            raise NoneFree from error
        except DBAPIError as error:
            raise _find_original(error) from error

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """See `Pool.lend`."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise _find_original(error) from error

    def dispose(self) -> None:
        """See `Pool.dispose`."""
        self.engine.dispose()


def open_server_pool(
    address: Address, size: int, prepare: Callable[[Any], None], connect_args: dict[str, Any], **options: Any
) -> ServerPool:
    """Return a pool of so many connections at most; who waits for one gives up after `READ_WAIT_S`.

    Args:
        address: where the database is.
        size: how many connections.
        prepare: sets up a new connection of the driver, which runs without implicit transactions.
        connect_args: for the driver.
        options: of SQLAlchemy's `create_engine`.
    """
    engine = create_engine(
        to_url(address),
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=READ_WAIT_S,
        pool_reset_on_return=None,
        connect_args=connect_args,
        isolation_level="AUTOCOMMIT",
        **options,
    )
    event.listen(engine, "connect", lambda connection, _record: prepare(connection))
    return ServerPool(engine)


def _find_original(error: DBAPIError) -> BaseException:
    return error.orig or error
