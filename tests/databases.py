"""Databases for tests: SQLite, PostgreSQL and MariaDB. A pytest plugin, loaded by tests/conftest.py.

A test that asks for `database` runs once on each; ``@pytest.mark.databases("sqlite", reason="...")`` keeps it to those it names. `make_database` gives
URLs of fresh databases on it. The servers are shared by all processes of a test session: whoever needs one first starts it, and all of them end with
the process that pytest was started as. HEADRACE_TEST_DATABASES=sqlite,postgresql leaves the others out.
"""

import contextlib
import itertools
import os
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, inspect, make_url
from sqlalchemy.pool import NullPool

from database_servers import DatabaseServer, MariadbServer, Missing, PostgresServer, make_session_folder
from headrace.store.engine import open_store
from headrace.store.filelock import FileLock

KINDS = tuple(os.environ.get("HEADRACE_TEST_DATABASES", "sqlite,postgresql,mysql").split(","))
SERVERS: dict[str, type[DatabaseServer]] = {"postgresql": PostgresServer, "mysql": MariadbServer}
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
_FOLDER = pytest.StashKey[Path]()
_LIFELINE = pytest.StashKey[int]()
_MEMORY = "/dev/shm"
_ROOM_BYTES = 4 << 30
_STOP_S = 30


class Databases:
    """The database servers of a test session.

    Args:
        folder: of the session, shared by its processes.
        worker: unique among these.
    """

    def __init__(self, folder: Path, worker: str) -> None:
        self._folder = folder
        self._worker = worker
        self._numbers = itertools.count(1)
        self._files: Counter[Path] = Counter()
        self._servers: dict[str, DatabaseServer] = {}

    def make(self, kind: str, folder: Path, *, empty: bool = False) -> str:
        """Return the URL of a new database.

        Args:
            kind: one of KINDS.
            folder: where SQLite's file will be: ``store.db``, ``store-2.db`` and so on. headrace makes it when it opens it.
            empty: without headrace's schema.
        """
        if kind == "sqlite":
            self._files[folder] += 1
            number = self._files[folder]
            path = folder / ("store.db" if number == 1 else f"store-{number}.db")
            return f"sqlite:///{path.as_posix()}"
        server, name = self.server(kind), f"hr_{self._worker}_{next(self._numbers)}"
        server.create(name, "" if empty else self.make_template(server))
        return server.url(name)

    def drop(self, url: str) -> None:
        """Remove a database that `make` has made; a file goes with its folder."""
        if not url.startswith("sqlite"):
            self.server(_kind(url)).drop(str(make_url(url).database))

    @contextlib.contextmanager
    def lend(self, kind: str, folder: Path, *, empty: bool = False) -> Iterator[str]:
        """Give the URL of a new database that is removed after the block; see `make`."""
        url = self.make(kind, folder, empty=empty)
        try:
            yield url
        finally:
            self.drop(url)

    def copy(self, url: str, folder: Path) -> str:
        """Return the URL of a new database that holds what another one does, which nobody may have open; see `make` and `drop`."""
        if url.startswith("sqlite"):
            copied = self.make("sqlite", folder)
            shutil.copy(sqlite_path(url), sqlite_path(copied))
            return copied
        server, name = self.server(_kind(url)), f"hr_{self._worker}_{next(self._numbers)}"
        server.create(name, str(make_url(url).database))
        return server.url(name)

    @contextlib.contextmanager
    def lend_server(self, kind: str) -> Iterator[DatabaseServer]:
        """Give a database server for this block alone, which may be stopped and killed."""
        server = SERVERS[kind](
            self._folder / f"{kind}-{self._worker}-{next(self._numbers)}", self._folder / "lifeline"
        )
        _start(server)
        try:
            yield server
        finally:
            server.kill()
            shutil.rmtree(server.folder, ignore_errors=True)

    def server(self, kind: str) -> DatabaseServer:
        """Return the shared server of a kind, started if it does not run yet; the test is skipped where there is none."""
        if kind not in self._servers:
            server = SERVERS[kind](self._folder / kind, self._folder / "lifeline")
            with self._once(kind) as is_first:
                if is_first:
                    _start(server)
            self._servers[kind] = server
        return self._servers[kind]

    def make_template(self, server: DatabaseServer) -> str:
        """Return the database that others are copies of, with headrace's schema; made when it is first asked for."""
        name = "hr_template"
        with self._once(f"{server.kind}-template") as is_first:
            if is_first:
                server.create(name)
                open_store(server.url(name)).close()
        return name

    @contextlib.contextmanager
    def _once(self, name: str) -> Iterator[bool]:
        """Do something in one process of the session, while the others wait. Whoever comes after a failure is told of it and does not try again."""
        done, failed = self._folder / f"{name}.done", self._folder / f"{name}.failed"
        lock = FileLock(self._folder / f"{name}.lock")
        try:
            with lock.held():
                if failed.exists():
                    raise RuntimeError(f"{name}: {failed.read_text('utf-8')}")
                try:
                    yield not done.exists()
                except Exception as error:
                    failed.write_text(f"{type(error).__name__}: {error}", "utf-8")
                    raise
                done.touch()
        finally:
            lock.close()


def _kind(url: str) -> str:
    return make_url(url).get_backend_name()


def _start(server: DatabaseServer) -> None:
    try:
        server.start()
    except Missing as missing:
        pytest.skip(str(missing))


@contextlib.contextmanager
def watch(url: str) -> Iterator[Callable[[], object]]:
    """Give a function whose result is another one once somebody has written, be it what stands there already, where the database tells."""
    if not url.startswith("sqlite"):
        yield lambda: _read_all(url)
        return
    with contextlib.closing(sqlite3.connect(sqlite_path(url))) as connection:
        yield lambda: connection.execute("PRAGMA data_version").fetchone()


@contextlib.contextmanager
def nothing_written(url: str) -> Iterator[None]:
    """Fail if anybody writes to a database within the block."""
    with watch(url) as state:
        before = state()
        yield
        assert state() == before


def _read_all(url: str) -> dict[str, list[str]]:
    versions = "xmin::text, ctid::text, " if url.startswith("postgresql") else ""
    return {
        table: sorted(map(repr, query(url, f"SELECT {versions}{table}.* FROM {table}")))
        for table in list_tables(url)
    }


def list_tables(url: str) -> list[str]:
    """Return the names of all tables of a database."""
    engine = open_engine(url)
    try:
        return sorted(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def open_engine(url: str) -> Engine:
    """Open a database from outside, with nothing of headrace."""
    return create_engine(make_url(url).set(drivername=_DRIVERS[_kind(url)]), poolclass=NullPool)


def query(url: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Look into a database from outside, with ``?`` for values: all rows, or none for a statement that writes, which is committed."""
    if not url.startswith("sqlite"):
        statement = statement.replace("%", "%%").replace("?", "%s")
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            plain = tuple(int(value) if isinstance(value, IntEnum) else value for value in values)
            answer = connection.exec_driver_sql(statement, plain)
            return [tuple(row) for row in answer] if answer.returns_rows else []
    finally:
        engine.dispose()


def check_integrity(url: str) -> None:
    """Let a database check its own files, where that is a matter of a statement."""
    if url.startswith("sqlite"):
        assert query(url, "PRAGMA integrity_check") == [("ok",)]


def sqlite_path(url: str) -> Path:
    """Return the file of a SQLite database."""
    return Path(make_url(url).database or "")


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of the session, in the process that pytest was started as; the others are told of it."""
    config.addinivalue_line("markers", "databases(*kinds, reason): runs on these databases only")
    if hasattr(config, "workerinput"):
        config.stash[_FOLDER] = Path(config.workerinput["databases"])
        return
    # Not below pytest's own folder: nobody else may enter that, and as root the servers are somebody else. Short, for the names of sockets.
    config.stash[_FOLDER] = folder = Path(tempfile.mkdtemp(prefix="headrace-", dir=_find_place()))
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "lifeline")
        (folder / "lifeline").chmod(0o600)
        config.stash[_LIFELINE] = os.open(folder / "lifeline", os.O_RDWR | os.O_NONBLOCK)
    make_session_folder(folder)


def _find_place() -> str | None:
    """Return a file system in memory, if it has room and programs may run from it, else None: what database servers write need not outlive them, and disks are slow."""
    if not hasattr(os, "statvfs") or not os.access(_MEMORY, os.W_OK):
        return None
    told = os.statvfs(_MEMORY)
    has_room = told.f_bavail * told.f_frsize >= _ROOM_BYTES
    return _MEMORY if has_room and not told.f_flag & os.ST_NOEXEC else None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker where the session's folder is."""
    node.workerinput["databases"] = str(node.config.stash[_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let go of the servers, and wait until they are gone."""
    lifeline = config.stash.get(_LIFELINE, None)
    if lifeline is None:
        return
    os.close(lifeline)
    folder, until = config.stash[_FOLDER], time.monotonic() + _STOP_S
    while time.monotonic() < until and any((folder / kind / "log").exists() for kind in SERVERS):
        time.sleep(0.02)
    shutil.rmtree(folder, ignore_errors=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `database` on each, or on those that its mark names."""
    if "database" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("databases")
    if marker is not None:
        assert set(marker.kwargs) == {"reason"}, f"{metafunc.definition.nodeid}: the mark needs a reason"
    kinds = [kind for kind in KINDS if marker is None or kind in marker.args]
    metafunc.parametrize("database", kinds, indirect=True)


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Databases:
    """The database servers of the session."""
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    return Databases(request.config.stash[_FOLDER], worker)


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database that the test runs on: one of KINDS."""
    kind: str = request.param
    return kind


@pytest.fixture
def make_database(databases: Databases, database: str, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """A function that returns the URL of a new database: make_database(), make_database(empty=True)."""
    with contextlib.ExitStack() as stack:
        yield lambda *, empty=False: stack.enter_context(databases.lend(database, tmp_path, empty=empty))
