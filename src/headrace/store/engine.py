"""Opening a store: schema at first use, one writer, a pool of readers.

The module knows how a database is opened and closed; what is in it is the business of the files beside it.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from headrace.base.errors import HeadraceError, StoreError, TooManyRequests, Unavailable
from headrace.store.address import Address, parse_address
from headrace.store.caches import Caches
from headrace.store.changes import Commits
from headrace.store.connection import Connection, Params
from headrace.store.database_time import DatabaseTime
from headrace.store.dialect import READ_WAIT_S, READERS, LostRace, Purpose, find_dialect, log
from headrace.store.driver import Cursor, NoneFree, PooledConnection
from headrace.store.expected import Expected
from headrace.store.filelock import FileLock
from headrace.store.schema import check_revision, create_schema, find_revision, name_missing
from headrace.store.series import flush_points
from headrace.store.transaction import TRIM_EVERY, Transaction
from headrace.store.writer import Writer

MAX_WAITING_READERS = 64
"""So many calls may wait for a connection to read; who comes next is told to come later."""


class Store:
    """An open database.

    Use `open_store`. `read` gives a connection inside one snapshot; `writer` takes jobs that write; `commits` tells of what this process commits.

    Args:
        address: where the database is.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.dialect = find_dialect(address.backend)
        self.caches = Caches()
        self.commits = Commits()
        self._time = DatabaseTime(self.dialect.now_sql)
        lock_path = self.dialect.lock_path(address)
        self._lock = FileLock(lock_path) if lock_path else None
        self._writing = self.dialect.open_pool(address, Purpose.WRITE)
        self._reading = self.dialect.open_pool(address, Purpose.READ, size=READERS)
        self._beside = self.dialect.open_pool(address, Purpose.SIDE) if self.dialect.has_side else None
        self._writing_raw: PooledConnection | None = None
        self._clock = (
            1  # what the last commit made of the change clock; one of the numbers at which nothing is dropped
        )
        self._places = threading.BoundedSemaphore(READERS + MAX_WAITING_READERS)
        self.writer = Writer(self)

    def clock(self) -> int:
        """Return the time as Unix milliseconds: the database's, so that all servers of a database have the same."""
        return self._time.now()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one snapshot of the database.

        Raises:
            TooManyRequests: too many wait for a connection already, or none came free in `READ_WAIT_S` seconds.
            HeadraceError: the database as a whole cannot be read; other errors of statements pass as they are.
        """
        if not self._places.acquire(blocking=False):
            raise TooManyRequests(
                f"{MAX_WAITING_READERS} calls wait for a connection to the database already; send the call again later."
            )
        try:
            with self._read() as connection:
                yield connection
        finally:
            self._places.release()

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        raw, cursor = self._begin_read()
        try:
            yield Connection(cursor, self.dialect, self.caches)
        except Exception as error:
            shown = self.translate(error)
            if shown is not None:
                raise shown from error
            raise
        finally:
            self._give_back(raw)

    def _begin_read(self) -> tuple[PooledConnection, Cursor]:
        """Return a connection whose transaction has begun; one that was cut while it lay in the pool is replaced."""
        old_ones = 0
        while True:
            try:
                raw = self._reading.take()
            except NoneFree:
                raise TooManyRequests(
                    f"All {READERS} connections to the database have been busy for {READ_WAIT_S:g} s; send the call again later."
                ) from None
            except self.dialect.errors as error:
                raise self.translate(error) or error from error
            cursor = self.dialect.open_cursor(raw)
            try:
                self.dialect.begin_reading(raw, cursor)
            except self.dialect.errors as error:
                is_old = self.dialect.is_lost_connection(error) and old_ones < READERS
                raw.invalidate()
                if not is_old:
                    raise self.translate(error) or error from error
                old_ones += 1
                continue
            return raw, cursor

    def _give_back(self, raw: PooledConnection) -> None:
        try:
            self.dialect.roll_back(raw, wait=False)
        except self.dialect.errors as error:
            raw.invalidate()
            if not self.dialect.is_lost_connection(error):
                raise
        else:
            raw.close()

    def transact(self, work: Callable[[Transaction], None]) -> None:
        """Run `work` in one writing transaction and commit it; on an error nothing of it stays.

        Only the writer's thread calls this.

        Raises:
            LostRace: another server was first, or the connection was cut before the commit: run it again.
            Unavailable: the connection was cut while committing; it is not known whether anything stays.
        """
        expected = self.caches.part(Expected)
        with self.locked():
            raw = self._find_writing()
            committing = False
            try:
                cursor = self.dialect.open_cursor(raw)
                self._time.measure(cursor)
                cursor.execute(self.dialect.begin_write)
                tx = Transaction(
                    cursor, self.dialect, self.caches, self._insert_beside if self._beside else None
                )
                if self._clock % TRIM_EVERY == 0:
                    tx.forget_changes(self._clock)
                work(tx)
                flush_points(tx)
                take_ids = expected.ask_ids(tx) if tx.foretold else None
                committing = True
                tx.commit(raw)
                if take_ids is not None:
                    take_ids()
            except BaseException as error:
                self._end_failed(raw, error, committing=committing)
                raise
        tx.publish()
        if self.dialect.asks_ahead:
            expected.learn(tx)
        self._clock = tx.clock or 1
        if tx.clock:
            self.commits.tell()

    def _find_writing(self) -> PooledConnection:
        if self._writing_raw is None:
            self._writing_raw = self._writing.take()
        return self._writing_raw

    def _end_failed(self, raw: PooledConnection, error: BaseException, *, committing: bool) -> None:
        """Undo a transaction that has failed.

        Raises:
            LostRace: it may be run again.
            Unavailable: it is not known whether it was committed.
        """
        is_cut = isinstance(error, Exception) and self.dialect.is_lost_connection(error)
        try:
            self.dialect.roll_back(raw)
        except self.dialect.errors:
            is_cut = is_cut or isinstance(error, Exception)
            self._drop_writing(raw)
        if not isinstance(error, Exception):
            return
        if is_cut or self.translate(error) is not None:
            self._drop_writing(raw)  # the next transaction starts on a fresh connection
        if is_cut and committing:
            raise Unavailable(
                f"The connection to the database was cut while this call was committed ({error}): it may be stored or not. "
                "Look, then send it again if need be."
            ) from error
        if is_cut or self.dialect.is_lost_race(error):
            raise LostRace(str(error)) from error

    def _drop_writing(self, raw: PooledConnection) -> None:
        if self._writing_raw is not None:
            raw.invalidate()
            self._writing_raw = None

    def _insert_beside(self, sql: str, rows: Sequence[Params]) -> None:
        """Run an insert of rows and commit it at once, on a connection of its own."""
        assert self._beside is not None
        raw = self._beside.take()
        try:
            self.dialect.count_many(self.dialect.open_cursor(raw), sql, rows)
        except Exception:
            raw.invalidate()
            raise
        raw.close()

    def translate(self, error: Exception) -> HeadraceError | None:
        """Return the error to show for a failure of the whole database, or None."""
        return self.dialect.translate(error)

    def prepare(self) -> None:
        """Make the schema if the database is empty; refuse one that cannot be used.

        A stranger's file is found out before anything is changed in it, or put beside it.
        """
        lock_path = self.dialect.lock_path(self.address)
        with self._shown():
            if lock_path is not None and not lock_path.exists():
                self._is_known()
            with self.locked():
                if not self._is_known():
                    self.dialect.make_private(self.address)
                    with self._writing.lend() as connection:
                        create_schema(connection, self.dialect, self.address)
            with self._reading.lend() as connection:
                for problem in name_missing(connection, self.address):
                    log.warning("%s", problem)
            raw = self._reading.take()
            self._time.measure(raw.cursor())
            raw.close()

    def locked(self) -> AbstractContextManager[None]:
        """Wait for the lock that every writer of this database holds, and hold it."""
        return self._lock.held() if self._lock else nullcontext()

    def _is_known(self) -> bool:
        if not self.dialect.exists(self.address):
            return False
        with self._reading.lend() as connection:
            revision = find_revision(connection, self.address)
        if revision is not None:
            check_revision(revision, self.address)
        return revision is not None

    @contextmanager
    def _shown(self) -> Iterator[None]:
        try:
            yield
        except self.dialect.errors as error:
            shown = self.translate(error)
            if shown is None:
                raise StoreError(f"The database {self.address.shown} cannot be opened: {error}.") from error
            raise type(shown)(f"{self.address.shown}: {shown.message}") from error

    def close(self) -> None:
        """Write what is queued and close all connections."""
        self.writer.close()
        if self._writing_raw is not None:
            self._writing_raw.close()
            self._writing_raw = None
        for pool in (self._writing, self._reading, self._beside):
            if pool is not None:
                pool.dispose()
        if self._lock:
            self._lock.close()


def open_store(text: str) -> Store:
    """Open a database, with its schema made if it is empty, and start its writer.

    Raises:
        InvalidParameter: the URL is wrong.
        StoreError: the database is MLflow's, too old, too new, or cannot be read.
    """
    store = Store(parse_address(text))
    try:
        store.prepare()
    except BaseException:
        store.close()
        raise
    store.writer.start()
    return store
