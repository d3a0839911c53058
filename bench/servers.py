"""The servers that are measured: how each is started, watched and stopped.

It knows command lines and processes, no case and no request but the first one, which says that a server answers.
A server is started in a session of its own, on a free loopback port; nothing else is ever stopped.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from processes import Memory, find_birth, find_tree, measure_cpu_s, measure_memory
from wire import Address, Connection, RequestFailed, WireError, find_free_port

API = "/api/2.0/mlflow"
REPOSITORY = Path(__file__).resolve().parent.parent
_START_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 15.0
_LEAVE_TIMEOUT_S = 3.0  # for the children of a process that has ended
_POLL_S = 0.005


class ServerFailed(Exception):
    """A server did not start, or ended by itself."""


@dataclass(frozen=True)
class Product:
    """A program that can be started as a server.

    Args:
        key: Short name, for options and file names.
        title: Name for the table.
        program: File name of the program.
        environment: Folder in the repository where the program's environment stands.
        arguments: The command line after the program; {port}, {db} and {artifacts} are filled in.
        variables: Environment variables of the process.
        filled: Whether it takes part in the cases that need a filled store (search, long history).
        remark: What a reader of its figures must know.
    """

    key: str
    title: str
    program: str
    environment: str
    arguments: str
    variables: tuple[tuple[str, str], ...] = ()
    filled: bool = True
    remark: str = ""

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
    "server --port {port} --backend-store-uri sqlite:///{db} --artifacts-destination {artifacts}",
)
FASTTRACKML = Product(
    "fasttrackml",
    "FastTrackML 0.6.0",
    "fml",
    ".env-bench-fasttrackml",
    "server -d sqlite://{db} -a 127.0.0.1:{port} --default-artifact-root {artifacts} -l warn",
    remark="does not sync each commit (9 fsync calls for 500 answered log-metric requests, counted by strace), so "
    "its answers are not durable against a loss of power",
)
_MLFLOW_ARGUMENTS = "server --backend-store-uri sqlite:///{db} --artifacts-destination {artifacts} --host 127.0.0.1 --port {port}"
MLFLOW = Product(
    "mlflow",
    "MLflow 3.17.2",
    "mlflow",
    ".env-bench-mlflow",
    _MLFLOW_ARGUMENTS,
    (("MLFLOW_DISABLE_TELEMETRY", "true"),),
)
MLFLOW_ONE_WORKER = Product(
    "mlflow-1",
    "MLflow, 1 worker",
    "mlflow",
    ".env-bench-mlflow",
    _MLFLOW_ARGUMENTS + " --workers 1",
    (("MLFLOW_DISABLE_TELEMETRY", "true"), ("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")),
    filled=False,
    remark="MLflow 3.17.2 with `--workers 1` and without its job runner; not in the searches and the long history",
)
PRODUCTS = {product.key: product for product in (HEADRACE, FASTTRACKML, MLFLOW, MLFLOW_ONE_WORKER)}


class Process:
    """One server process in a session of its own, with a log file.

    Args:
        command: The command line.
        folder: Its working folder, where its log is written too.
        address: Where it will listen.
        variables: Environment variables besides ours.
    """

    def __init__(
        self, command: list[str], folder: Path, address: Address, variables: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.address = address
        self._command = command
        self._folder = folder
        self._variables = variables
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the leading process.

        Raises:
            ServerFailed: It was not started, or has ended.
        """
        if self._process is None:
            raise ServerFailed("the server was not started")
        status = self._process.poll()
        if status is not None:
            raise ServerFailed(f"the server ended with status {status}; its last words: {self._read_log()!r}")
        return self._process.pid

    def _read_log(self) -> str:
        return (self._folder / "server.log").read_text(errors="replace")[-400:]

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self, method: str, path: str, body: dict[str, int] | None = None) -> float:
        """Start the process; give the seconds from then to its first answer to the request.

        Raises:
            ServerFailed: It ended, or gave no answer in two minutes.
        """
        begin_s = time.perf_counter()
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={**os.environ, **dict(self._variables)},
                start_new_session=True,
            )
        while time.perf_counter() - begin_s < _START_TIMEOUT_S:
            _ = self.pid
            try:
                with Connection(self.address, timeout_s=10) as connection:
                    connection.call(method, path, body)
                    return time.perf_counter() - begin_s
            except (OSError, WireError, RequestFailed, ValueError):
                time.sleep(_POLL_S)
        self.stop()
        raise ServerFailed(f"no answer in {_START_TIMEOUT_S:.0f} s; its last words: {self._read_log()!r}")

    def stop(self) -> None:
        """Ask the process to end, wait, and end by force what is left of its session."""
        if self._process is None:
            return
        members = {pid: find_birth(pid) for pid in find_tree(self._process.pid)}
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        members |= {pid: find_birth(pid) for pid in find_tree(self._process.pid)}
        end_s = time.perf_counter() + _LEAVE_TIMEOUT_S
        while (left := _find_same(members)) and time.perf_counter() < end_s:
            time.sleep(0.05)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self._process = None


def _find_same(members: dict[int, int | None]) -> list[int]:
    """Find those that still live. The time of birth tells a process from a later one with its number."""
    return [pid for pid, birth in members.items() if birth is not None and find_birth(pid) == birth]


class Server:
    """A product with a store and a folder of its own.

    Args:
        product: What is started.
        program: The path of its program.
        folder: An empty folder for its store, artifacts and log.
    """

    def __init__(self, product: Product, program: Path, folder: Path) -> None:
        self.product = product
        self.folder = folder
        self.database = folder / "bench.db"
        self.address = Address("127.0.0.1", find_free_port())
        artifacts = folder / "artifacts"
        artifacts.mkdir(parents=True)
        filled_in = product.arguments.format(port=self.address.port, db=self.database, artifacts=artifacts)
        self._process = Process([str(program), *filled_in.split()], folder, self.address, product.variables)

    def start(self) -> float:
        """Start it; give the seconds from then to the first answered search for experiments."""
        return self._process.start("POST", f"{API}/experiments/search", {"max_results": 1})

    def stop(self) -> None:
        """Stop it, if it runs."""
        self._process.stop()

    @property
    def pid(self) -> int:
        """The id of its leading process; raises `ServerFailed` where it has ended."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process.is_running

    def connect(self, *, quickack: bool = False) -> Connection:
        """Make a connection to it, opened at first use."""
        return Connection(self.address, quickack=quickack)

    def measure_memory(self) -> Memory:
        """Measure the memory of all its processes."""
        return measure_memory(self.pid)

    def measure_store_mib(self) -> float:
        """Measure the size of its database files, in MiB."""
        return round(sum(path.stat().st_size for path in self.folder.glob("bench.db*")) / 2**20, 1)

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
        self._process = Process([*command, *options.split()], folder, self.address)

    def start(self) -> float:
        """Start it; give the seconds from then to the first answer."""
        return self._process.start("GET", "/")

    def stop(self) -> None:
        """Stop it, if it runs."""
        self._process.stop()

    @property
    def pid(self) -> int:
        """The id of its process; raises `ServerFailed` where it has ended."""
        return self._process.pid
