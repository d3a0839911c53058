"""All in which the databases differ: connection set-up, placeholders, locking, errors.

SQLite is the one that is there today. Another database adds a subclass of `Dialect` and a line in `DIALECTS`; no other file of the
store names a database.
"""

import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from headrace.base.errors import HeadraceError, InvalidParameter, StorageFull, StoreError, Unavailable
from headrace.store.filesystem import is_network_path

BUSY_TIMEOUT_MS = 10_000
PAGE_SIZE = 8192
CACHE_KIB = 32 * 1024
READERS = 8


class Dialect:
    """What the store needs to know of a database. The base class holds what is the same for all of them."""

    name: ClassVar[str]
    placeholder: ClassVar[str] = "%s"

    def create_engine(self, url: URL, *, writer: bool) -> Engine:
        """Return an engine whose connections run without implicit transactions."""
        raise NotImplementedError

    def lock_path(self, url: URL) -> Path | None:
        """Return the file whose lock serialises the writers of a database, or None if the database does that itself."""
        raise NotImplementedError

    def begin_write(self) -> str:
        """Return the statement that opens a writing transaction."""
        raise NotImplementedError

    def translate(self, error: Exception) -> HeadraceError | None:
        """Return the error to show for an error of the whole database, or None if one statement is to blame."""
        raise NotImplementedError

    def sql(self, text: str) -> str:
        """Return a statement written with ``?`` in the placeholders of the driver."""
        return _with_placeholder(text, self.placeholder)


class SqliteDialect(Dialect):
    """SQLite 3.37 or later, one file, one writer at a time."""

    name = "sqlite"
    placeholder = "?"

    def create_engine(self, url: URL, *, writer: bool) -> Engine:
        """Return an engine on the file; the writer's has one connection."""
        if url.database in {None, "", ":memory:"} or (url.database or "").startswith("file:"):
            raise InvalidParameter(
                f"The store {url.render_as_string()!r} names no file. An in-memory database would lose every run at exit: "
                "use sqlite:///headrace.db, or a path of your choice."
            )
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=1 if writer else READERS,
            max_overflow=0,
            pool_timeout=60,
            pool_reset_on_return=None,
            connect_args={
                "isolation_level": None,
                "check_same_thread": False,
                "cached_statements": 512,
                "timeout": BUSY_TIMEOUT_MS / 1000,
            },
        )
        rollback_journal = is_network_path(Path(url.database or ""))

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
            if writer:
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                connection.execute(f"PRAGMA journal_mode = {'DELETE' if rollback_journal else 'WAL'}")
                connection.execute("PRAGMA wal_autocheckpoint = 2000")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA case_sensitive_like = ON")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB if writer else CACHE_KIB // 4}")
            connection.execute("PRAGMA temp_store = MEMORY")
            if not writer:
                connection.execute("PRAGMA query_only = ON")
            connection.create_function("hr_lower", 1, _lower, deterministic=True)

        return engine

    def lock_path(self, url: URL) -> Path:
        """Return the lock file beside the database."""
        return Path(f"{url.database}.lock")

    def begin_write(self) -> str:
        """Take SQLite's write lock at once, so that no statement meets it later."""
        return "BEGIN IMMEDIATE"

    def translate(self, error: Exception) -> HeadraceError | None:
        """See `Dialect.translate`."""
        if not isinstance(error, sqlite3.Error):
            return None
        text, code = str(error), getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return Unavailable(
                f"The database is locked by another program for more than {BUSY_TIMEOUT_MS // 1000} s ({text}); nothing of this "
                "call was stored. Close what holds it open for writing, then send the call again."
            )
        if code == sqlite3.SQLITE_FULL:
            return StorageFull(
                f"The disk of the database is full ({text}); nothing of this call was stored. Free some space, then send it again."
            )
        if code in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}:
            return Unavailable(
                f"The database file cannot be written or read ({text}); nothing of this call was stored. Check the disk, "
                "the folder's permissions and free space."
            )
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            return StoreError(f"The database file is damaged ({text}). Stop the server and restore a backup.")
        return None


DIALECTS: dict[str, Callable[[], Dialect]] = {"sqlite": SqliteDialect}


def find_dialect(url: URL) -> Dialect:
    """Return the dialect for a database URL.

    Raises:
        InvalidParameter: no such database is supported.
    """
    name = url.get_backend_name()
    if name not in DIALECTS:
        raise InvalidParameter(
            f"The database {name!r} is not supported by this version of headrace; use sqlite:///PATH (supported: {', '.join(DIALECTS)})."
        )
    return DIALECTS[name]()


@cache
def _with_placeholder(text: str, placeholder: str) -> str:
    return text if placeholder == "?" else text.replace("%", "%%").replace("?", placeholder)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
