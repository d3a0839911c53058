"""The dialects: which database is supported, how SQLite is set up, and what its errors become."""

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.base.errors import HeadraceError, InvalidParameter, StorageFull, StoreError, Unavailable
from headrace.store.address import Address, parse_address
from headrace.store.dialect import Purpose, find_dialect
from headrace.store.dialects.file_pool import FilePool
from headrace.store.dialects.sqlite import BUSY_TIMEOUT_MS, SqliteDialect, read_busy_timeout


@pytest.fixture
def address(tmp_path: Path) -> Address:
    return parse_address(f"sqlite:///{tmp_path / 'store.db'}")


@pytest.fixture
def pool(address: Address) -> Iterator[FilePool]:
    made = SqliteDialect().open_pool(address, Purpose.WRITE)
    yield made
    made.dispose()


def _read(pool: FilePool, pragma: str) -> object:
    with pool.lend() as connection:
        return connection.exec_driver_sql(f"PRAGMA {pragma}").fetchone()[0]


@pytest.mark.parametrize("url", ["mssql://host/db", "oracle+oracledb://host/db"])
def test_other_databases_are_refused_with_what_is_supported(url: str) -> None:
    with pytest.raises(InvalidParameter, match=r"is not supported; use sqlite:///PATH, postgresql://"):
        parse_address(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"])
def test_a_database_in_memory_is_refused_with_the_reason(url: str) -> None:
    with pytest.raises(InvalidParameter, match="would lose every run at exit"):
        SqliteDialect().open_pool(parse_address(url), Purpose.WRITE)


def test_the_writer_is_durable_and_keeps_a_write_ahead_log(pool: FilePool) -> None:
    assert _read(pool, "journal_mode") == "wal"
    assert _read(pool, "synchronous") == 2  # FULL
    assert _read(pool, "auto_vacuum") == 2  # incremental


def test_a_reader_cannot_write(pool: FilePool, address: Address) -> None:
    with pool.lend() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    reading = SqliteDialect().open_pool(address, Purpose.READ)
    with reading.lend() as connection, pytest.raises(Exception, match="attempt to write a readonly"):
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    reading.dispose()


def test_on_a_network_file_system_it_keeps_a_rollback_journal_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"30 22 0:40 / {tmp_path} rw - nfs4 server:/export rw\n", "utf-8")
    dialect = SqliteDialect(mounts=mounts)
    with caplog.at_level(logging.WARNING, "headrace.store"):
        pool = dialect.open_pool(parse_address(f"sqlite:///{tmp_path / 'store.db'}"), Purpose.WRITE)
    assert _read(pool, "journal_mode") == "delete"
    pool.dispose()
    assert len(caplog.messages) == 1
    assert "network file system" in caplog.messages[0]


def test_opening_a_database_again_does_not_write_to_it(pool: FilePool, tmp_path: Path) -> None:
    with pool.lend() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    pool.dispose()
    before = (tmp_path / "store.db").read_bytes()
    _read(pool, "user_version")
    pool.dispose()
    assert (tmp_path / "store.db").read_bytes() == before


def test_the_wait_for_a_lock_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEADRACE_BUSY_TIMEOUT_MS", raising=False)
    assert read_busy_timeout() == BUSY_TIMEOUT_MS
    monkeypatch.setenv("HEADRACE_BUSY_TIMEOUT_MS", "250")
    assert read_busy_timeout() == 250


@pytest.mark.parametrize("value", ["soon", "-1", "1.5", "9999999999", "\u0661"])
def test_a_wait_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HEADRACE_BUSY_TIMEOUT_MS", value)
    with pytest.raises(InvalidParameter, match="whole number of milliseconds"):
        find_dialect("sqlite")


def _error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (sqlite3.SQLITE_BUSY, Unavailable, "locked by another program for more than 1.5 s"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Unavailable, "locked by another program"),
        (sqlite3.SQLITE_LOCKED, Unavailable, "locked by another program"),
        (sqlite3.SQLITE_FULL, StorageFull, "disk is full, or a quota"),
        (sqlite3.SQLITE_IOERR_WRITE, StorageFull, "disk is full, or a quota"),
        (sqlite3.SQLITE_IOERR_READ, Unavailable, "cannot be written or read"),
        (sqlite3.SQLITE_CANTOPEN, Unavailable, "cannot be written or read"),
        (sqlite3.SQLITE_READONLY, Unavailable, "cannot be written or read"),
        (sqlite3.SQLITE_CORRUPT, StoreError, "restore a backup"),
        (sqlite3.SQLITE_NOTADB, StoreError, "restore a backup"),
    ],
)
def test_an_error_of_the_whole_database_says_what_to_do(
    code: int, kind: type[HeadraceError], text: str
) -> None:
    shown = SqliteDialect(busy_timeout_ms=1500).translate(_error(code))
    assert type(shown) is kind
    assert text in shown.message
    assert "what SQLite says" in shown.message


@pytest.mark.parametrize(
    "error", [_error(sqlite3.SQLITE_ERROR), _error(sqlite3.SQLITE_CONSTRAINT_UNIQUE), KeyError("x")]
)
def test_an_error_of_one_statement_is_none_of_the_databases(error: Exception) -> None:
    assert SqliteDialect().translate(error) is None
