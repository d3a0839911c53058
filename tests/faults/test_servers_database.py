"""Servers whose database is stopped, killed, or stands still: clear answers meanwhile, and no help needed afterwards. Every answered call is there, once."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from database_servers import DatabaseServer
from databases import Databases
from faults.fleet import ServerProcess, run_servers
from faults.load import Load, check_servers

ROUNDS = int(os.environ.get("HEADRACE_KILL_ROUNDS", "1"))
SERVERS = 2
RECOVERY_S = 10.0

pytestmark = pytest.mark.databases("postgresql", "mysql", reason="a file cannot be stopped")


@pytest.fixture
def database_server(databases: Databases, database: str) -> Iterator[DatabaseServer]:
    """A database server of its own, which may be stopped."""
    with databases.lend_server(database) as server:
        server.create("hr_faults")
        yield server


@pytest.fixture
def servers(database_server: DatabaseServer, tmp_path: Path) -> Iterator[list[ServerProcess]]:
    with run_servers(SERVERS, tmp_path, database_server.url("hr_faults")) as running:
        yield running


def _expect_unavailable(server: ServerProcess) -> None:
    """Reads and writes are answered 503 at once, and the server is healthy."""
    connection = server.connect()
    for path, fields in (("runs/search", {"experiment_ids": ["0"]}), ("runs/create", {"experiment_id": "0"})):
        begun = time.monotonic()
        status, answer = connection.ask("POST", path, **fields)
        assert (status, answer["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE"), answer
        assert "Check that it runs" in answer["message"] or "may be stored or not" in answer["message"]
        assert time.monotonic() - begun < 15
    assert server.is_healthy()
    connection.close()


@pytest.mark.databases("postgresql", reason="MariaDB's connections are threads of one process")
def test_a_database_process_that_is_killed_takes_all_connections_with_it_and_no_answered_call(
    database_server: DatabaseServer, servers: list[ServerProcess]
) -> None:
    """PostgreSQL ends all of its processes then, and recovers as after a power cut."""
    with Load([server.port for server in servers]) as load:
        load.wait_for_answers(5)
        with contextlib.closing(database_server.connect("hr_faults")) as connection:
            (pids,) = connection.execute(
                "SELECT array_agg(pid) FROM pg_stat_activity WHERE application_name = 'headrace'"
            ).fetchall()
        os.kill(pids[0][0], signal.SIGKILL)
        recovered_s = load.wait_for_answers()
    print(f"recovered in {recovered_s:.1f} s; {load.describe()}")
    assert recovered_s < RECOVERY_S
    assert "terminated by signal 9" in database_server.log
    check_servers(load, servers)


@pytest.mark.parametrize("how", ["stop", "kill"])
@pytest.mark.timeout(120 + 20 * ROUNDS)
def test_servers_outlive_their_database_and_go_on_by_themselves(
    database_server: DatabaseServer, servers: list[ServerProcess], how: str
) -> None:
    processes = [server.process for server in servers]
    recovered = []
    with Load([server.port for server in servers]) as load:
        for _ in range(ROUNDS):
            load.wait_for_answers(10)
            if how == "stop":
                database_server.stop()
            else:
                database_server.kill()
            for server in servers:
                _expect_unavailable(server)
            database_server.start()
            recovered.append(load.wait_for_answers())
    print(f"recovered in {recovered} s; {load.describe()}")
    assert max(recovered) < RECOVERY_S
    assert load.outcomes[503] > 0
    assert [server.process for server in servers] == processes
    assert all(process is not None and process.poll() is None for process in processes)
    check_servers(load, servers)
