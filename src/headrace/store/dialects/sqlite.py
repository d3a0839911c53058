"""SQLite: one file, one writer at a time, a lock file beside it that serialises the writers of all processes."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from headrace.base.errors import HeadraceError, InvalidParameter, StorageFull, StoreError, Unavailable
from headrace.store.address import Address
from headrace.store.dialect import READ_WAIT_S, Dialect, Purpose, log
from headrace.store.dialects.file_pool import FilePool
from headrace.store.driver import Cursor
from headrace.store.filesystem import MOUNTS, is_network_path
from headrace.store.folding import fold
from headrace.store.questions import Texts

BUSY_TIMEOUT_MS = 10_000
BUSY_TIMEOUT_VARIABLE = "HEADRACE_BUSY_TIMEOUT_MS"
PAGE_SIZE = 4096
CACHE_KIB = 32 * 1024
_RUNS_AT_ONCE = 1000
_MANY_KEYS, _MANY_PART, _LOOKED_AT = 4, 4, 20
"""So many keys at least, and this part of what a run has on average, by a look at so many runs, are read run by run."""


class SqliteDialect(Dialect):
    """SQLite 3.37 or later, one file, one writer at a time.

    Args:
        busy_timeout_ms: how long to wait for a lock that another program holds, in milliseconds; the environment says it unless given.
        mounts: the table of mounted file systems; see `is_network_path`.
    """

    name = "sqlite"
    placeholder = "?"
    begin_write = "BEGIN IMMEDIATE"  # the lock at once, so that no statement meets it later
    begin_read = "BEGIN"
    version_sql = "SELECT sqlite_version()"
    errors = (sqlite3.Error,)
    for_update = for_share = ""
    sorts_ties = True
    has_side = False

    def __init__(self, busy_timeout_ms: int | None = None, mounts: Path = MOUNTS) -> None:
        self._busy_timeout_ms = read_busy_timeout() if busy_timeout_ms is None else busy_timeout_ms
        self._mounts = mounts

    def open_pool(self, address: Address, purpose: Purpose, *, size: int = 1) -> FilePool:
        """See `Dialect.open_pool`."""
        return FilePool(self.find_way(address, purpose), size, READ_WAIT_S)

    def find_way(self, address: Address, purpose: Purpose) -> Callable[[], sqlite3.Connection]:
        """See `Dialect.find_way`."""
        path = _path(address).absolute()
        writer = purpose is Purpose.WRITE
        rollback_journal = is_network_path(path, self._mounts)
        if rollback_journal and writer:
            log.warning(
                "%s lies on a network file system, where SQLite's write-ahead log does not work: a rollback journal is used, "
                "which is slower, and readers wait for writers. A local disk is the better place.",
                path,
            )

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(
                path,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=512,
                timeout=self._busy_timeout_ms / 1000,
            )
            try:
                prepare(connection)
            except BaseException:
                connection.close()
                raise
            return connection

        def prepare(connection: sqlite3.Connection) -> None:
            if writer:
                # auto_vacuum takes the write lock each time it is set, so that it is left alone in a file that has it.
                if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
                    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
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

        return connect

    def lock_path(self, address: Address) -> Path:
        """Return the lock file beside the database."""
        return Path(f"{_path(address)}.lock")

    def make_private(self, address: Address) -> None:
        """See `Dialect.make_private`; SQLite gives the log beside the file the same mode."""
        path = _path(address)
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))

    def exists(self, address: Address) -> bool:
        """See `Dialect.exists`; an empty file holds no database yet."""
        path = _path(address)
        return path.exists() and (not path.is_file() or path.stat().st_size > 0)

    def back_up(self, connection: sqlite3.Connection, copy: Path) -> None:
        """See `Dialect.back_up`."""
        try:
            target = sqlite3.connect(copy)
            try:
                connection.backup(target)
            finally:
                target.close()
            shutil.copymode(connection.execute("PRAGMA database_list").fetchone()[2], copy)
        except BaseException:
            copy.unlink(missing_ok=True)
            raise

    def count_free_pages(self, cursor: Cursor) -> int:
        """See `Dialect.count_free_pages`."""
        cursor.execute("PRAGMA freelist_count")
        row = cursor.fetchone()
        return int(row[0]) if row else 0

    def give_back_pages(self, cursor: Cursor, pages: int) -> None:
        """See `Dialect.give_back_pages`; the pragma works while its rows are fetched."""
        cursor.execute(f"PRAGMA incremental_vacuum({pages})")
        cursor.fetchall()

    def read_integers(
        self, cursor: Cursor, columns: Sequence[str], query: str, params: Sequence[Any]
    ) -> list[list[int]]:
        """See `Dialect.read_integers`. Columns come as texts, which is twice as fast as rows."""
        gathered = ", ".join(f"group_concat({column})" for column in columns)
        cursor.execute(f"SELECT {gathered} FROM ({query}) listed", params)
        row = cursor.fetchone()
        assert row is not None
        return [_read_integers(f"[{text or ''}]".encode()) for text in row]

    def read_texts(
        self, cursor: Cursor, table: str, keys: Sequence[int], scopes: Sequence[int]
    ) -> Iterator[Texts]:
        """See `Dialect.read_texts`. Many of the keys that runs have are read run by run, where all of a run lie side by side, and each run's as one row."""
        if not self._has_many(cursor, table, keys, scopes):
            yield from super().read_texts(cursor, table, keys, scopes)
            return
        within = ",".join("?" * len(scopes))
        cursor.execute(
            f"SELECT r.id, (SELECT group_concat(p.key_id) || ';' || json_group_array(p.value) FROM {table} p WHERE p.run = r.id) "
            f"FROM hr_run r WHERE r.scope IN ({within})",
            scopes,
        )
        wanted = frozenset(keys)
        while rows := cursor.fetchmany(_RUNS_AT_ONCE):
            alike: dict[str, tuple[list[int], list[list[str]]]] = {}
            for run, told in rows:
                if told:
                    held, _, texts = told.partition(";")
                    runs, found = alike.setdefault(held, ([], []))
                    runs.append(run)
                    found.append(_read_texts(texts))
            for held, (runs, found) in alike.items():
                numbers = _read_integers(f"[{held}]")
                columns = zip(*found, strict=True)
                chosen = [
                    (key, column) for key, column in zip(numbers, columns, strict=True) if key in wanted
                ]
                yield Texts([key for key, _ in chosen], runs, [column for _, column in chosen])

    def _has_many(self, cursor: Cursor, table: str, keys: Sequence[int], scopes: Sequence[int]) -> bool:
        """Tell whether these keys are a good part of those that runs of the scopes have, by some of the runs."""
        if len(keys) < _MANY_KEYS:
            return False
        within = ",".join("?" * len(scopes))
        cursor.execute(
            f"SELECT COUNT(*), (SELECT COUNT(*) FROM pragma_function_list WHERE name = 'json_group_array') FROM {table} "
            f"WHERE run IN (SELECT id FROM hr_run WHERE scope IN ({within}) ORDER BY start_time DESC LIMIT {_LOOKED_AT})",
            scopes,
        )
        row = cursor.fetchone()
        return row is not None and bool(row[1]) and _MANY_PART * len(keys) * _LOOKED_AT >= row[0]

    def fold(self, column: str, letters: Sequence[tuple[str, str]]) -> tuple[str, list[Any]]:  # noqa: ARG002 - all of them
        """See `Dialect.fold`."""
        return f"hr_lower({column})", []

    def translate(self, error: Exception) -> HeadraceError | None:
        """See `Dialect.translate`."""
        if not isinstance(error, sqlite3.Error):
            return None
        text, code = str(error), getattr(error, "sqlite_errorcode", 0)
        if code in _WRITE_FAILURES or code & 0xFF == sqlite3.SQLITE_FULL:
            return StorageFull(
                f"The database cannot grow ({text}): its disk is full, or a quota or a limit of file sizes is reached. Nothing of this "
                "call was stored. Free some space, then send it again."
            )
        code &= 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return Unavailable(
                f"The database is locked by another program for more than {self._busy_timeout_ms / 1000:g} s ({text}); nothing of this "
                "call was stored. Close what holds it open for writing, then send the call again."
            )
        if code in {
            sqlite3.SQLITE_IOERR,
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_READONLY,
            sqlite3.SQLITE_PERM,
        }:
            return Unavailable(
                f"The database file cannot be written or read ({text}); nothing of this call was stored. Check the disk, "
                "the folder's permissions and free space."
            )
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            return StoreError(
                f"The database file is damaged, or is none ({text}). Stop the server and restore a backup."
            )
        return None


# A quota or a limit of file sizes shows as one of these; only a disk without any space left shows as SQLITE_FULL.
_WRITE_FAILURES = {sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}


_read_integers = msgspec.json.Decoder(list[int]).decode
_read_texts = msgspec.json.Decoder(list[str]).decode


def _path(address: Address) -> Path:
    assert address.path is not None  # `parse_address` refuses others
    return address.path


def _lower(value: Any) -> Any:
    return fold(value) if isinstance(value, str) else value


def read_busy_timeout() -> int:
    """Return how long to wait for another program's lock, in milliseconds: HEADRACE_BUSY_TIMEOUT_MS, or 10,000.

    Raises:
        InvalidParameter: the variable holds no number of milliseconds.
    """
    given = os.environ.get(BUSY_TIMEOUT_VARIABLE, "")
    if not given:
        return BUSY_TIMEOUT_MS
    if not (given.isascii() and given.isdigit() and len(given) <= 9):  # noqa: PLR2004 - SQLite takes 31 bits
        raise InvalidParameter(
            f"{BUSY_TIMEOUT_VARIABLE} is {given!r}; it must be a whole number of milliseconds, such as {BUSY_TIMEOUT_MS}."
        )
    return int(given)
