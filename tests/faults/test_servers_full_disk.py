"""A PostgreSQL whose disk is full: calls are answered 507, nothing of them is stored, reading goes on, and space is all it takes to recover."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from database_servers import DatabaseServer
from databases import Databases
from faults.fleet import Connection, run_servers
from faults.test_full_disk import DISKS

SIZE_MIB = 48
BATCH = 200
REFUSED = 3


@pytest.fixture
def disk(databases: Databases, database: str, tmp_path: Path) -> Iterator[tuple[DatabaseServer, Path]]:
    """A database server of its own with a small file system for tables."""
    if "small file system" not in DISKS:
        pytest.skip("to mount a small file system takes root")
    with databases.lend_server(database) as server:
        folder = server.folder / "small"
        folder.mkdir()
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", folder],
            check=True,
            capture_output=True,
        )
        try:
            (folder / "tables").mkdir()
            owner = server.folder.stat()
            os.chown(folder / "tables", owner.st_uid, owner.st_gid)
            with closing(server.connect()) as connection:
                connection.execute(f"CREATE TABLESPACE small LOCATION '{folder / 'tables'}'")
            server.create("hr_small")
            with closing(server.connect()) as connection:
                connection.execute("ALTER DATABASE hr_small SET TABLESPACE small")
            yield server, folder
            server.kill()
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def _log_batch(connection: Connection, run_id: str, number: int) -> tuple[int, dict[str, str]]:
    metrics = [
        {"key": "loss", "value": 0.5, "timestamp": place, "step": number * BATCH + place}
        for place in range(BATCH)
    ]
    params = [{"key": f"p{number}", "value": os.urandom(3000).hex()}]
    return connection.ask("POST", "runs/log-batch", run_id=run_id, metrics=metrics, params=params)


@pytest.mark.databases("postgresql", reason="a file: test_full_disk.py; MariaDB waits for space by itself")
def test_a_database_whose_disk_is_full_is_answered_507_and_recovers_without_a_restart(
    disk: tuple[DatabaseServer, Path], tmp_path: Path
) -> None:
    server, folder = disk
    ballast = folder / "ballast"
    with run_servers(2, tmp_path, server.url("hr_small")) as servers:
        connections = [each.connect() for each in servers]
        run_id = connections[0].create_run(start_time=1)
        stored, refused = [], 0
        ballast.write_bytes(bytes(max(shutil.disk_usage(folder).free - 256 * 1024, 0)))
        for number in range(2000):
            status, answer = _log_batch(connections[number % 2], run_id, number)
            if status == 200:
                stored.append(number)
                continue
            assert status == 507, answer
            assert answer["error_code"] == "RESOURCE_EXHAUSTED"
            assert "The disk of the database is full" in answer["message"]
            assert "Nothing of this call was stored. Free some space" in answer["message"]
            refused += 1
            if refused == REFUSED:
                break
        assert refused == REFUSED
        for connection in connections:
            _check(connection, run_id, stored)
        ballast.unlink()
        for number, connection in enumerate(connections, 5000):
            assert _log_batch(connection, run_id, number)[0] == 200
            stored.append(number)
        _check(connections[0], run_id, stored)
        assert all("Traceback" not in each.read_log() for each in servers)
        for connection in connections:
            connection.close()


def _check(connection: Connection, run_id: str, stored: list[int]) -> None:
    steps = sorted(step for step, _ in connection.read_history(run_id, "loss"))
    assert steps == [number * BATCH + place for number in stored for place in range(BATCH)]
    data = connection.get("runs/get", run_id=run_id)["run"]["data"]
    assert {param["key"] for param in data.get("params", [])} == {f"p{number}" for number in stored}
