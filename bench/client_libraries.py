"""The libraries whose client side is compared: how each opens a run, logs, finishes, and what can be read back of it afterwards.

It runs in the environment of one library at a time and imports only that one, at first use, and little else: the start of a process is measured with it. It knows no figures.
"""

import importlib
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

QUIET = {
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
    "WANDB_CONSOLE": "off",
    "WANDB_ERROR_REPORTING": "false",
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "AIM_UI_TELEMETRY_ENABLED": "0",
}
EXPERIMENT = "clients"
PROJECT = "bench"
METRIC = "loss"
_WANDB_HEADER_BYTES = 7
_WANDB_BLOCK_BYTES = 32768
_WANDB_FRAME = struct.Struct("<IHB")


class Logger(NamedTuple):
    """An open run.

    Args:
        log: logs one metric at a step.
        log_many: logs several metrics of one step.
        finish: ends the run; returns when the library says that it is done.
        name: what the run is found by afterwards.
    """

    log: Callable[[float, int], object]
    log_many: Callable[[dict[str, float], int], object]
    finish: Callable[[], object]
    name: str


def prepare(folder: Path) -> None:
    """Let all libraries write to a folder, and to no other place."""
    os.environ.update(QUIET)
    os.environ.update(
        WANDB_DIR=str(folder),
        TRACKIO_DIR=str(folder / "trackio"),
        HF_HOME=str(folder / "hf"),
        HEADRACE_SPOOL_DIR=str(folder / "spool"),
    )


def load(library: str) -> ModuleType:
    """Import a library; `headrace` and `mlflow` have several keys that begin with their names."""
    return importlib.import_module(library.partition("-")[0])


def open_logger(library: str, folder: Path, uri: str) -> Logger:
    """Start a run, as the library's own quickstart does."""
    module = load(library)
    if library.startswith(("mlflow", "headrace")):
        return _open_mlflow(module, uri, synchronous=False if library == "mlflow-async" else None)
    return {"wandb": _open_wandb, "trackio": _open_trackio, "aim": _open_aim}[library](module, folder)


def _open_mlflow(mlflow: Any, uri: str, *, synchronous: bool | None) -> Logger:
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment(EXPERIMENT)
    run = mlflow.start_run()
    if synchronous is None:
        # What people write; an argument more would not be the same call.
        def log(value: float, step: int) -> object:
            return mlflow.log_metric(METRIC, value, step=step)
    else:

        def log(value: float, step: int) -> object:
            return mlflow.log_metric(METRIC, value, step=step, synchronous=synchronous)

    def finish() -> None:
        mlflow.flush_async_logging()
        mlflow.end_run()

    def log_many(metrics: dict[str, float], step: int) -> object:
        return mlflow.log_metrics(metrics, step=step, synchronous=synchronous)

    return Logger(log, log_many, finish, run.info.run_id)


def _open_wandb(wandb: Any, folder: Path) -> Logger:
    settings = wandb.Settings(silent=True, x_disable_stats=True, console="off")
    run = wandb.init(project=PROJECT, mode="offline", dir=str(folder), settings=settings)
    return Logger(
        lambda value, step: run.log({METRIC: value}, step=step),
        lambda metrics, step: run.log(metrics, step=step),
        run.finish,
        run.id,
    )


def _open_trackio(trackio: Any, _folder: Path) -> Logger:
    trackio.init(project=PROJECT, name="first", embed=False)
    return Logger(
        lambda value, step: trackio.log({METRIC: value}, step=step),
        lambda metrics, step: trackio.log(metrics, step=step),
        trackio.finish,
        "first",
    )


def _open_aim(aim: Any, folder: Path) -> Logger:
    run = aim.Run(
        repo=str(folder / "aim"),
        experiment=EXPERIMENT,
        system_tracking_interval=None,
        capture_terminal_logs=False,
        log_system_params=False,
    )

    def log_many(metrics: dict[str, float], step: int) -> None:
        for key, value in metrics.items():
            run.track(value, name=key, step=step)

    return Logger(lambda value, step: run.track(value, name=METRIC, step=step), log_many, run.close, run.hash)


def count_points(library: str, folder: Path, uri: str, name: str) -> int:
    """Count the points of the metric that a reader finds now."""
    if library.startswith(("mlflow", "headrace")):
        return len(load(library).MlflowClient(uri).get_metric_history(name, METRIC))
    return {"wandb": _count_wandb, "trackio": _count_trackio, "aim": _count_aim}[library](folder, name)


def _count_wandb(folder: Path, name: str) -> int:
    records = importlib.import_module("wandb.proto.wandb_internal_pb2")
    count = 0
    for path in folder.glob(f"wandb/offline-run-*-{name}/*.wandb"):
        for body in _read_leveldb_log(path.read_bytes()):
            count += records.Record.FromString(body).WhichOneof("record_type") == "history"
    return count


def _read_leveldb_log(data: bytes) -> list[bytes]:
    """Read the whole records of a log in LevelDB's format: frames in blocks of 32 KiB, a record in one frame or several."""
    found: list[bytes] = []
    place, parts = _WANDB_HEADER_BYTES, b""
    while place + _WANDB_FRAME.size <= len(data):
        left = _WANDB_BLOCK_BYTES - place % _WANDB_BLOCK_BYTES
        if left < _WANDB_FRAME.size:
            place += left
            continue
        _crc, size, kind = _WANDB_FRAME.unpack_from(data, place)
        place += _WANDB_FRAME.size
        if kind == 0 or place + size > len(data):
            break
        body = data[place : place + size]
        place += size
        parts = parts + body if kind in {3, 4} else body
        if kind in {1, 4}:
            found.append(parts)
    return found


def _count_trackio(folder: Path, _name: str) -> int:
    sqlite3 = importlib.import_module("sqlite3")
    count = 0
    for path in (folder / "trackio").rglob("*.db"):
        with sqlite3.connect(path) as database:
            tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
            if "metrics" in tables:
                count += database.execute("SELECT count(*) FROM metrics").fetchone()[0]
    return count


def _count_aim(folder: Path, name: str) -> int:
    aim = load("aim")
    # Reopened for writing: a run that was not closed shows nothing to readers until that is done.
    run = aim.Run(
        name,
        repo=str(folder / "aim"),
        system_tracking_interval=None,
        capture_terminal_logs=False,
        log_system_params=False,
        force_resume=True,
    )
    return sum(len(metric.values.sparse_numpy()[0]) for metric in run.metrics() if metric.name == METRIC)


def write_answer(answer: dict[str, Any]) -> None:
    """Print what was measured, as the last line of the output."""
    print(json.dumps(answer), flush=True)
