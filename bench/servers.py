"""The servers that are measured: how each is started, watched and stopped.

It knows command lines and processes, no case and no request but the first one, which says that a server answers.
A server is started in a session of its own, on a free loopback port; nothing else is ever stopped.
"""

import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from databases import MYSQL, POSTGRESQL, SQLITE, Database, SqliteFiles
from processes import Memory, measure_cpu_s, measure_memory
from programs import Process, ServerFailed
from wire import Address, Connection, RequestFailed, WireError, find_free_port

API = "/api/2.0/mlflow"
REPOSITORY = Path(__file__).resolve().parent.parent
_START_TIMEOUT_S = 120.0
_POLL_S = 0.005


@dataclass(frozen=True)
class Product:
    """A program that can be started as a server.

    Args:
        key: Short name, for options and file names.
        title: Name for the table.
        program: File name of the program.
        environment: Folder in the repository where the program's environment stands.
        arguments: The command line after the program; {port}, {store} and {artifacts} are filled in.
        stores: For each kind of database that it can use, its form of a store's URL before what follows `://`.
        variables: Environment variables of the process.
        filled: Whether it takes part in the cases that need a filled store (search, long history).
        remarks: What a reader of its figures must know: for each kind of database, or for all under "".
    """

    key: str
    title: str
    program: str
    environment: str
    arguments: str
    stores: dict[str, str]
    variables: tuple[tuple[str, str], ...] = ()
    filled: bool = True
    remarks: dict[str, str] = field(default_factory=dict)

    def get_store_url(self, kind: str, location: str) -> str:
        """Get the URL of a store in a database of this kind.

        Raises:
            ServerFailed: It cannot use such a database.
        """
        if kind not in self.stores:
            raise ServerFailed(f"{self.title} cannot use {kind}; it knows {', '.join(self.stores)}")
        return self.stores[kind] + location

    def find_program(self, given: str | None) -> Path:
        """Find the program: the given path, or the one in the product's environment.

        Raises:
            ServerFailed: There is no such file.
        """
        path = Path(given).absolute() if given else REPOSITORY / self.environment / "bin" / self.program
        if not path.is_file():
            name = self.environment.removeprefix(".env-")
            advice = "make dev" if name == ".venv" else f"scripts/bootstrap {name}"
            raise ServerFailed(f"{self.title}: there is no program {path}; make it by `{advice}`")
        return path


HEADRACE = Product(
    "headrace",
    "headrace",
    "headrace",
    ".venv",
    "server --port {port} --backend-store-uri {store} --artifacts-destination {artifacts}",
    {SQLITE: "sqlite:///", POSTGRESQL: "postgresql://", MYSQL: "mysql+pymysql://"},
)
FASTTRACKML = Product(
    "fasttrackml",
    "FastTrackML 0.6.0",
    "fml",
    ".env-bench-fasttrackml",
    "server -d {store} -a 127.0.0.1:{port} --default-artifact-root {artifacts} -l warn",
    {SQLITE: "sqlite://", POSTGRESQL: "postgres://"},
    remarks={
        SQLITE: "does not sync each commit (9 fsync calls for 500 answered log-metric requests, counted by strace), so "
        "its answers are not durable against a loss of power"
    },
)
_MLFLOW_ARGUMENTS = (
    "server --backend-store-uri {store} --artifacts-destination {artifacts} --host 127.0.0.1 --port {port}"
)
_MLFLOW_STORES = {SQLITE: "sqlite:///", POSTGRESQL: "postgresql+psycopg2://", MYSQL: "mysql+pymysql://"}
MLFLOW = Product(
    "mlflow",
    "MLflow 3.17.2",
    "mlflow",
    ".env-bench-mlflow",
    _MLFLOW_ARGUMENTS,
    _MLFLOW_STORES,
    (("MLFLOW_DISABLE_TELEMETRY", "true"),),
)
MLFLOW_ONE_WORKER = Product(
    "mlflow-1",
    "MLflow, 1 worker",
    "mlflow",
    ".env-bench-mlflow",
    _MLFLOW_ARGUMENTS + " --workers 1",
    _MLFLOW_STORES,
    (("MLFLOW_DISABLE_TELEMETRY", "true"), ("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")),
    filled=False,
    remarks={
        "": "MLflow 3.17.2 with `--workers 1` and without its job runner; not in the searches and the long history"
    },
)
PRODUCTS = {product.key: product for product in (HEADRACE, FASTTRACKML, MLFLOW, MLFLOW_ONE_WORKER)}


class _Web:
    """A process that answers HTTP on an address.

    Args:
        command: The command line.
        folder: Its working folder, where its log is written too.
        address: Where it will listen.
        variables: Environment variables besides ours.
    """

    def __init__(
        self, command: list[str], folder: Path, address: Address, variables: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.process = Process(command, folder, variables)
        self._address = address

    def start(self, method: str, path: str, body: dict[str, int] | None = None) -> float:
        """Start the process; give the seconds from then to its first answer to the request.

        Raises:
            ServerFailed: It ended, or gave no answer in two minutes.
        """
        begin_s = time.perf_counter()
        self.process.launch()
        while time.perf_counter() - begin_s < _START_TIMEOUT_S:
            _ = self.process.pid
            try:
                with Connection(self._address, timeout_s=10) as connection:
                    connection.call(method, path, body)
                    return time.perf_counter() - begin_s
            except (OSError, WireError, RequestFailed, ValueError):
                time.sleep(_POLL_S)
        words = self.process.read_log()
        self.process.stop()
        raise ServerFailed(f"no answer in {_START_TIMEOUT_S:.0f} s; its last words: {words!r}")


class Server:
    """A product with a folder of its own and a store in a database.

    Args:
        product: What is started.
        program: The path of its program.
        folder: An empty folder for its artifacts and log, and for its store where that is a file.
        database: Where its store is; by default a file in the folder.
        store: Name of the store in the database; servers with the same one share it.
        reach: What the server takes for the port of the database, where that is not its own.
    """

    def __init__(
        self,
        product: Product,
        program: Path,
        folder: Path,
        database: Database | None = None,
        *,
        store: str = "",
        reach: int | None = None,
    ) -> None:
        self.product = product
        self.folder = folder
        self.database = database or SqliteFiles()
        self.address = Address("127.0.0.1", find_free_port())
        self._store = store or product.key.replace("-", "_")
        artifacts = folder / "artifacts"
        artifacts.mkdir(parents=True)
        location = self.database.create_store(self._store, folder)
        if reach is not None:
            location = re.sub(r":\d+/", f":{reach}/", location)
        self.store_url = product.get_store_url(self.database.kind, location)
        filled_in = product.arguments.format(
            port=self.address.port, store=self.store_url, artifacts=artifacts
        )
        self._web = _Web([str(program), *filled_in.split()], folder, self.address, product.variables)

    def start(self) -> float:
        """Start it; give the seconds from then to the first answered search for experiments."""
        return self._web.start("POST", f"{API}/experiments/search", {"max_results": 1})

    def stop(self) -> None:
        """Stop it, if it runs."""
        self._web.process.stop()

    @property
    def pid(self) -> int:
        """The id of its leading process; raises `ServerFailed` where it has ended."""
        return self._web.process.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._web.process.is_running

    def connect(self, *, quickack: bool = False) -> Connection:
        """Make a connection to it, opened at first use."""
        return Connection(self.address, quickack=quickack)

    def measure_memory(self) -> Memory:
        """Measure the memory of all its processes."""
        return measure_memory(self.pid)

    def measure_store_mib(self) -> float:
        """Measure the size of its store, in MiB."""
        return self.database.measure_store_mib(self._store, self.folder)

    def settle(self, longest_s: float) -> float:
        """Wait until its processes are quiet (15 % of a CPU over 2 s), at most so long; give the seconds."""
        begin_s = time.perf_counter()
        quiet = 0
        used_s = measure_cpu_s(self.pid)
        while quiet < 2 and time.perf_counter() - begin_s < longest_s:
            time.sleep(1.0)
            now_s = measure_cpu_s(self.pid)
            quiet = quiet + 1 if now_s - used_s < 0.15 else 0
            used_s = now_s
        return round(time.perf_counter() - begin_s, 1)


class BareServer:
    """The reference: uvicorn with uvloop and httptools, and an application that only answers `{}`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.address = Address("127.0.0.1", find_free_port())
        options = (
            f"--port {self.address.port} --loop uvloop --http httptools --no-access-log --log-level error"
        )
        command = [sys.executable, "-m", "uvicorn", "bare:app", "--app-dir", str(Path(__file__).parent)]
        self._web = _Web([*command, *options.split()], folder, self.address)

    def start(self) -> float:
        """Start it; give the seconds from then to the first answer."""
        return self._web.start("GET", "/")

    def stop(self) -> None:
        """Stop it, if it runs."""
        self._web.process.stop()

    @property
    def pid(self) -> int:
        """The id of its process; raises `ServerFailed` where it has ended."""
        return self._web.process.pid
