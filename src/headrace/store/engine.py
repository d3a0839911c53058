"""Opening a store: schema at first use, one writer, a pool of readers.

The module knows how a database is opened and closed; what is in it is the business of the files beside it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import PoolProxiedConnection

from headrace.base.errors import HeadraceError, InvalidParameter, StoreError, TooManyRequests
from headrace.store.caches import Caches
from headrace.store.changes import Commits
from headrace.store.connection import Connection
from headrace.store.dialect import DIALECTS, find_dialect
from headrace.store.filelock import FileLock
from headrace.store.schema import check_revision, create_schema, find_revision
from headrace.store.series import flush_points
from headrace.store.transaction import Transaction
from headrace.store.writer import Writer


class Store:
    """An open database.

    Use `open_store`. `read` gives a connection inside one snapshot; `writer` takes jobs that write; `commits` tells of what this process commits.

    Args:
        url: where the database is.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self.dialect = find_dialect(url)
        self.caches = Caches()
        self.commits = Commits()
        lock_path = self.dialect.lock_path(url)
        self._lock = FileLock(lock_path) if lock_path else None
        self._writing = self.dialect.create_engine(url, writer=True)
        self._reading = self.dialect.create_engine(url, writer=False)
        self._writing_raw: PoolProxiedConnection | None = None
        self.writer = Writer(self)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one snapshot of the database.

        Raises:
            TooManyRequests: all connections stayed busy for a minute.
            HeadraceError: the database as a whole cannot be read; other errors of statements pass as they are.
        """
        try:
            raw = self._reading.raw_connection()
        except PoolTimeout:
            raise TooManyRequests(
                "All connections to the database have been busy for a minute; send the call again later."
            ) from None
        except Exception as error:
            raise self.translate(error) or error from error
        cursor = raw.cursor()
        try:
            cursor.execute("BEGIN")
            yield Connection(cursor, self.dialect, self.caches)
        except Exception as error:
            shown = self.translate(error)
            if shown is not None:
                raise shown from error
            raise
        finally:
            raw.rollback()
            cursor.close()
            raw.close()

    def transact(self, work: Callable[[Transaction], None]) -> None:
        """Run `work` in one writing transaction and commit it; on an error nothing of it stays.

        Only the writer's thread calls this.
        """
        with self.locked():
            if self._writing_raw is None:
                self._writing_raw = self._writing.raw_connection()
            raw = self._writing_raw
            cursor = raw.cursor()
            try:
                cursor.execute(self.dialect.begin_write())
                tx = Transaction(cursor, self.dialect, self.caches)
                work(tx)
                flush_points(tx)
                tx.stamp()
                raw.commit()
            except BaseException as error:
                raw.rollback()
                if isinstance(error, Exception) and self.translate(error) is not None:
                    raw.invalidate()  # the next transaction starts on a fresh connection
                    self._writing_raw = None
                raise
        tx.publish()
        if tx.clock:
            self.commits.tell()

    def translate(self, error: Exception) -> HeadraceError | None:
        """Return the error to show for a failure of the whole database, or None."""
        if isinstance(error, DBAPIError) and isinstance(error.orig, Exception):
            error = error.orig
        return self.dialect.translate(error)

    def prepare(self) -> None:
        """Make the schema if the database is empty; refuse one that cannot be used.

        A stranger's file is found out before anything is changed in it, or put beside it.
        """
        lock_path = self.dialect.lock_path(self.url)
        with self._shown():
            if lock_path is not None and not lock_path.exists():
                self._is_known()
            with self.locked():
                if not self._is_known():
                    self.dialect.make_private(self.url)
                    with self._writing.connect() as connection:
                        create_schema(connection, self.dialect)

    def locked(self) -> AbstractContextManager[None]:
        """Wait for the lock that every writer of this database holds, and hold it."""
        return self._lock.held() if self._lock else nullcontext()

    def _is_known(self) -> bool:
        if not self.dialect.exists(self.url):
            return False
        with self._reading.connect() as connection:
            revision = find_revision(connection, self.url)
        if revision is not None:
            check_revision(revision, self.url)
        return revision is not None

    @contextmanager
    def _shown(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            shown = self.translate(error)
            if shown is None:
                raise StoreError(
                    f"The database {self.url.render_as_string()} cannot be opened: {error.orig}."
                ) from error
            raise shown from error

    def close(self) -> None:
        """Write what is queued and close all connections."""
        self.writer.close()
        if self._writing_raw is not None:
            self._writing_raw.close()
            self._writing_raw = None
        self._writing.dispose()
        self._reading.dispose()
        if self._lock:
            self._lock.close()


def parse_store_url(text: str) -> URL:
    """Return a database URL.

    Raises:
        InvalidParameter: the text is none, or names a store that is not there.
    """
    try:
        url = make_url(text)
        if url.get_backend_name() in DIALECTS:
            url.get_dialect()  # an unknown driver is found out here
    except ArgumentError:
        raise InvalidParameter(
            f"{text!r} is no database URL. A path is written as sqlite:///headrace.db (three slashes: relative, four: absolute)."
        ) from None
    if (
        url.get_backend_name() == "sqlite"
        and url.database
        and not Path(url.database).absolute().parent.is_dir()
    ):
        raise InvalidParameter(
            f"The folder {str(Path(url.database).absolute().parent)!r} of the store {text!r} does not exist; create it first."
        )
    return url


def open_store(text: str) -> Store:
    """Open a database, with its schema made if it is empty, and start its writer.

    Raises:
        InvalidParameter: the URL is wrong.
        StoreError: the database is MLflow's, too old, too new, or cannot be read.
    """
    store = Store(parse_store_url(text))
    try:
        store.prepare()
    except BaseException:
        store.close()
        raise
    store.writer.start()
    return store
