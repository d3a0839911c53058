"""What logging costs the program that logs, and what is left after its end: headrace's client beside MLflow's, W&B's, trackio's and Aim's.

    .venv/bin/python bench/clients.py            # about three quarters of an hour on a quiet machine
    .venv/bin/python bench/clients.py --quick    # about 4 minutes; quote no figure of it
    .venv/bin/python bench/clients.py --parts starts --libraries headrace,mlflow    # fresh processes alone

Each library runs in an environment of its own, as users install it (`scripts/bootstrap bench-wandb`, and so on), in processes of its own, in turns: no two at
the same time. headrace and MLflow log to their own server on loopback, and once more to an SQLite file without a server; W&B is offline, trackio and Aim write to
their local stores, which is what they do by default.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from client_report import Kind, write_report
from databases import SqliteFiles
from machine import describe_machine
from run import RESULTS, prepare, say
from servers import HEADRACE, MLFLOW, REPOSITORY, Server, ServerFailed

PROGRAM = Path(__file__).with_name("client_program.py")
_INSTALLED = ".env-bench-headrace"
"""headrace as users install it."""
_PRODUCTS = (HEADRACE, MLFLOW)
_PARTS = ("calls", "starts", "trainings")
_TRAININGS = ("numpy", "torch")
_STARTS = 10
_ROUNDS = 15
_LIMIT_S = 300
_TRAINING_LIMIT_S = 1_200
_SYNC_LIMIT_S = 120
_SETTLE_S = 3.0  # so that what a killed process's helpers still write is counted


@dataclass(frozen=True)
class Library:
    """A way to log.

    Args:
        key: names the adapter in `client_libraries`.
        title: for the table.
        environment: folder in the repository where its Python is.
        product: the key of the server that it logs to; empty for none, `sqlite` for a file without a server.
        calls: how many calls are timed, chosen so that a sample takes some seconds.
        trains: whether its cost to a training is measured.
    """

    key: str
    title: str
    environment: str
    product: str
    calls: int
    trains: bool = False


LIBRARIES = (
    Library("headrace", "headrace, server", _INSTALLED, "headrace", 200_000, trains=True),
    Library("headrace-local", "headrace, SQLite file", _INSTALLED, "sqlite", 200_000, trains=True),
    Library("trackio", "trackio 0.43.0", ".env-bench-trackio", "", 30_000),
    Library("wandb", "W&B 0.31.0, offline", ".env-bench-wandb", "", 20_000),
    Library("aim", "Aim 3.29.1", ".env-bench-aim", "", 20_000),
    Library("mlflow-local", "MLflow 3.17.2, SQLite file", ".env-bench-mlflow", "sqlite", 1_000),
    Library("mlflow", "MLflow 3.17.2, server", ".env-bench-mlflow", "mlflow", 300),
    Library("mlflow-async", "MLflow 3.17.2, server, asynchronous", ".env-bench-mlflow", "mlflow", 2_000),
)


class Bench:
    """One run of the benchmark.

    Args:
        folder: where everything is written.
        pythons: the interpreter of each environment.
        servers: what was started, by product.
        quick: a tenth of the work.
    """

    def __init__(
        self, folder: Path, pythons: dict[str, Path], servers: dict[str, Server], *, quick: bool
    ) -> None:
        self._folder = folder
        self._pythons = pythons
        self._servers = servers
        self._share = 10 if quick else 1
        self._samples = 0
        self.seen: dict[str, dict[str, Any]] = {}

    def measure(self, library: Library, repetition: int) -> None:
        """Take all samples of a library but those of fresh processes and trainings."""
        seen = self.seen.setdefault(library.key, {})
        calls = library.calls // self._share
        if repetition == 0:
            self._run(library, "log", 5, self._make_folder(library))  # warms caches, makes schemas
        place = self._make_folder(library)
        logged = self._run(library, "log", calls, place)
        logged["found"] = self._run(library, "read", 0, place).get("found")
        logged["count"] = calls
        seen.setdefault("log", []).append(logged)
        if repetition:
            return
        killed = min(calls, 2_000)
        place = self._make_folder(library)
        self._run(library, "kill", killed, place)
        time.sleep(_SETTLE_S)
        found = self._run(library, "read", 0, place).get("found")
        seen["kill"] = {"count": killed, "found": found}
        if library.key.startswith("headrace"):
            self._sync(library, place)
            seen["kill"]["found_after_sync"] = self._run(library, "read", 0, place).get("found")
            million = 1_000_000 // self._share
            place = self._make_folder(library)
            many = self._run(library, "many", million, place)
            many |= {"count": million, "found": self._run(library, "read", 0, place).get("found")}
            seen["many"] = many

    def start(self, library: Library) -> None:
        """Let a fresh process log one metric and end."""
        seen = self.seen.setdefault(library.key, {})
        seen.setdefault("start", []).append(self._run(library, "start", 1, self._make_folder(library)))

    def train(self, library: Library) -> None:
        """Measure what logging costs each training."""
        seen = self.seen.setdefault(library.key, {})
        for kind in _TRAININGS if library.trains else ():
            if self._can_train(library, kind):
                rounds = _ROUNDS // (5 if self._share > 1 else 1)
                folder = self._make_folder(library)
                trained = self._run(library, "train", rounds, folder, f":{kind}", limit_s=_TRAINING_LIMIT_S)
                seen[f"train-{kind}"] = trained
            else:
                say(f"{library.title}: no training with {kind}, which its environment does not have")

    def _can_train(self, library: Library, kind: str) -> bool:
        command = [str(self._pythons[library.environment]), "-c", f"import {kind}"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def _make_folder(self, library: Library) -> Path:
        self._samples += 1
        folder = self._folder / f"{library.key}-{self._samples}"
        folder.mkdir()
        return folder

    def _find_uri(self, library: Library, folder: Path) -> str:
        if library.product == "sqlite":
            return f"sqlite:///{folder}/{'mlflow' if library.key.startswith('mlflow') else 'headrace'}.db"
        if not library.product:
            return "-"
        address = self._servers[library.product].address
        return f"http://{address.host}:{address.port}"

    def _run(
        self,
        library: Library,
        action: str,
        count: int,
        folder: Path,
        suffix: str = "",
        limit_s: float = _LIMIT_S,
    ) -> dict[str, Any]:
        """Run the program once; give what it measured, its wall time, and what went wrong."""
        command = [
            str(self._pythons[library.environment]),
            str(PROGRAM),
            action,
            library.key + suffix,
            str(folder),
            self._find_uri(library, folder),
            str(count),
        ]
        began_at, began = time.time(), time.perf_counter()
        try:
            ended = subprocess.run(
                command, capture_output=True, text=True, timeout=limit_s, check=False, cwd=folder
            )
        except subprocess.TimeoutExpired:
            return {"error": f"not done after {limit_s} s"}
        wall_s = time.perf_counter() - began
        lines = [line for line in ended.stdout.splitlines() if line.startswith("{")]
        answer: dict[str, Any] = json.loads(lines[-1]) if lines else {}
        if "first_log_at" in answer:
            answer["first_log_s"] = answer["first_log_at"] - began_at
        expected = -signal.SIGKILL if action == "kill" else 0
        if ended.returncode != expected:
            answer["error"] = f"status {ended.returncode}: {ended.stderr[-300:]}"
            say(f"{library.key} {action}: {answer['error']}")
        return answer | {"wall_s": wall_s}

    def _sync(self, library: Library, folder: Path) -> None:
        """Do what the user of a killed process does."""
        program = self._pythons[library.environment].with_name("headrace")
        environment = os.environ | {"HEADRACE_SPOOL_DIR": str(folder / "spool")}
        ended = subprocess.run(
            [str(program), "sync"],
            capture_output=True,
            text=True,
            timeout=_SYNC_LIMIT_S,
            check=False,
            cwd=folder,
            env=environment,
        )
        if ended.returncode:
            say(f"headrace sync: status {ended.returncode}: {ended.stderr[-300:]}")


def find_pythons(options: argparse.Namespace, libraries: list[Library]) -> dict[str, Path]:
    """Find the interpreter of each environment, of servers as well; that of headrace's client is brought up to date.

    Raises:
        ServerFailed: one has not been made.
    """
    found: dict[str, Path] = {}
    given = dict(item.split("=", 1) for item in options.environment)
    names = {library.environment for library in libraries}
    if _INSTALLED in names - given.keys():
        bootstrap = [str(REPOSITORY / "scripts" / "bootstrap"), _INSTALLED.removeprefix(".env-")]
        if subprocess.run(bootstrap, check=False).returncode:
            raise ServerFailed(f"{' '.join(bootstrap)} has failed")
    products = {library.product for library in libraries}
    for name in names | {product.environment for product in _PRODUCTS if product.key in products}:
        folder = Path(given.get(name, REPOSITORY / name))
        found[name] = folder / "bin" / "python"
        if not found[name].exists():
            raise ServerFailed(
                f"there is no {found[name]}; make it by `scripts/bootstrap {name.removeprefix('.env-')}`"
            )
    return found


def read_options() -> argparse.Namespace:
    """Read the command line; `parts` becomes a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the calls")
    parser.add_argument("--libraries", default="", help="keys, comma-separated; all by default")
    parser.add_argument("--parts", default=",".join(_PARTS), help=f"of {', '.join(_PARTS)} (all)")
    parser.add_argument("--repetitions", type=int, default=3, help="of the calls")
    parser.add_argument(
        "--environment", action="append", default=[], metavar="NAME=FOLDER", help="an environment elsewhere"
    )
    parser.add_argument("--work", help="folder for the stores: a real disk, not memory")
    options = parser.parse_args()
    options.parts = set(options.parts.split(","))
    if not options.parts <= set(_PARTS):
        parser.error(f"--parts: there are {', '.join(_PARTS)}")
    return options


def main() -> None:
    """Measure, and print the report."""
    options = read_options()
    wanted = {key for key in options.libraries.split(",") if key}
    libraries = [library for library in LIBRARIES if not wanted or library.key in wanted]
    prepare()
    folder = Path(tempfile.mkdtemp(prefix="headrace-clients-", dir=options.work))
    machine = describe_machine(folder)
    servers: dict[str, Server] = {}
    try:
        pythons = find_pythons(options, libraries)
        for product in _PRODUCTS:
            if any(library.product == product.key for library in libraries):
                program = pythons[product.environment].with_name(product.program)
                server = Server(product, program, folder / f"server-{product.key}", SqliteFiles())
                servers[product.key] = server
                say(f"{product.title} starts in {server.start():.1f} s")
                server.settle(45)
        bench = Bench(folder, pythons, servers, quick=options.quick)
        repetitions = (1 if options.quick else options.repetitions) if "calls" in options.parts else 0
        for repetition in range(repetitions):
            for library in libraries if repetition % 2 == 0 else libraries[::-1]:
                bench.measure(library, repetition)
                say(f"{library.title}: {bench.seen[library.key]['log'][-1]}")
        for turn in range((2 if options.quick else _STARTS) if "starts" in options.parts else 0):
            for library in libraries if turn % 2 == 0 else libraries[::-1]:
                bench.start(library)
        for library in libraries if "trainings" in options.parts else ():
            bench.train(library)
    except ServerFailed as error:
        sys.exit(str(error))
    finally:
        for server in servers.values():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    RESULTS.mkdir(exist_ok=True)
    when = time.strftime("%Y-%m-%d %H:%M")
    kinds = [Kind(library.key, library.title) for library in libraries]
    report = write_report(kinds, bench.seen, machine, f"{when}{', quick' if options.quick else ''}")
    stem = RESULTS / f"clients-{time.strftime('%Y%m%d-%H%M%S')}"
    stem.with_suffix(".json").write_text(
        json.dumps({"machine": machine, "seen": bench.seen}, indent=1), "utf-8"
    )
    stem.with_suffix(".md").write_text(report, "utf-8")
    print(report)


if __name__ == "__main__":
    main()
