"""A disk without space: calls are answered 507, nothing of them is stored, reading goes on, and space is all it takes to recover."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from databases import sqlite_path
from faults.fleet import Connection, ServerProcess, run_server

BATCH = 500


class Disk(Protocol):
    """A disk that can be full."""

    def fill(self) -> None:
        """Leave almost no space."""

    def free(self) -> None:
        """Make space again."""


class LimitedFiles:
    """The server's files may not grow beyond what they are: what a quota looks like, and what needs no rights to set up."""

    def __init__(self, server: ServerProcess) -> None:
        assert server.process is not None
        self._server, self._process = server, server.process.pid
        self._before = resource.prlimit(self._process, resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        log = sqlite_path(self._server.store).with_name("store.db-wal")
        limit = log.stat().st_size + 64 * 1024
        resource.prlimit(self._process, resource.RLIMIT_FSIZE, (limit, self._before[1]))

    def free(self) -> None:
        resource.prlimit(self._process, resource.RLIMIT_FSIZE, self._before)


class SmallFileSystem:
    """A file system of a few megabytes, with ballast on it."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        space = shutil.disk_usage(self._ballast.parent).free
        self._ballast.write_bytes(bytes(max(space - 64 * 1024, 0)))

    def free(self) -> None:
        self._ballast.unlink()


@contextmanager
def _mounted(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], check=True, capture_output=True
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def _can_mount() -> bool:
    """Whether this user may mount: root may, but not in every container."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/mnt"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


# Where nobody may mount, the limit of file sizes alone has to do: it reaches the same code by another error.
DISKS = ["limited files", "small file system"] if _can_mount() else ["limited files"]


@pytest.fixture(params=DISKS)
def setting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[ServerProcess, Disk]]:
    if request.param == "limited files":
        with run_server(tmp_path, f"sqlite:///{tmp_path / 'store.db'}") as server:
            yield server, LimitedFiles(server)
    else:
        with (
            _mounted(tmp_path / "small") as folder,
            run_server(folder, f"sqlite:///{folder / 'store.db'}") as server,
        ):
            yield server, SmallFileSystem(folder)


def _log_batch(connection: Connection, run_id: str, number: int) -> tuple[int, dict[str, str]]:
    metrics = [
        {"key": "loss", "value": 0.5, "timestamp": place, "step": number * BATCH + place}
        for place in range(BATCH)
    ]
    params = [{"key": f"p{number}", "value": "x" * 2_000}]
    return connection.ask("POST", "runs/log-batch", run_id=run_id, metrics=metrics, params=params)


def test_a_full_disk_is_answered_507_and_recovers_without_a_restart(
    setting: tuple[ServerProcess, Disk],
) -> None:
    server, disk = setting
    connection = server.connect()
    run_id = connection.create_run(start_time=1)
    stored = [0]
    assert _log_batch(connection, run_id, 0)[0] == 200
    disk.fill()
    refused = 0
    for number in range(1, 200):
        status, answer = _log_batch(connection, run_id, number)
        if status == 200:
            stored.append(number)
            continue
        assert status == 507, answer
        assert answer["error_code"] == "RESOURCE_EXHAUSTED"
        assert "The database cannot grow" in answer["message"]
        assert "Nothing of this call was stored. Free some space" in answer["message"]
        refused += 1
        if refused == 5:
            break
    assert refused == 5
    _check(connection, run_id, stored)
    disk.free()
    assert _log_batch(connection, run_id, 1_000)[0] == 200
    _check(connection, run_id, [*stored, 1_000])
    connection.close()
    assert "Traceback" not in server.read_log()


def _check(connection: Connection, run_id: str, stored: list[int]) -> None:
    steps = sorted(step for step, _ in connection.read_history(run_id, "loss"))
    assert steps == [number * BATCH + place for number in stored for place in range(BATCH)]
    data = connection.get("runs/get", run_id=run_id)["run"]["data"]
    assert {param["key"] for param in data["params"]} == {f"p{number}" for number in stored}
