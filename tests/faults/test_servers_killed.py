"""Several servers on one database, started together, killed and restarted under load: every answered call is there, once.

HEADRACE_KILL_ROUNDS=100 makes a long run of the kills.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.fleet import run_servers
from faults.load import CUT, REFUSED, Load, check_servers

ROUNDS = int(os.environ.get("HEADRACE_KILL_ROUNDS", "2"))
SERVERS = 3

pytestmark = pytest.mark.databases(
    "postgresql", "mysql", reason="the databases that servers on several machines share"
)


def test_servers_that_start_together_on_an_empty_database_share_it(
    tmp_path: Path, make_database: Callable[..., str]
) -> None:
    with run_servers(SERVERS, tmp_path, make_database(empty=True)) as servers:
        connections = [server.connect() for server in servers]
        created = {connection.create_run() for connection in connections}
        for connection in connections:
            found = connection.post("runs/search", experiment_ids=["0"])["runs"]
            assert {run["info"]["run_id"] for run in found} == created
            (default,) = connection.post("experiments/search", max_results=10)["experiments"]
            assert (default["experiment_id"], default["name"]) == ("0", "Default")
            connection.close()


@pytest.mark.timeout(120 + 10 * ROUNDS)
def test_what_was_answered_by_servers_that_are_killed_is_there_once(tmp_path: Path, url: str) -> None:
    chance = random.Random(3)
    with run_servers(SERVERS, tmp_path, url) as servers:
        with Load([server.port for server in servers]) as load:
            for number in range(ROUNDS):
                load.wait_for_answers(chance.randrange(5, 30))
                killed = servers[number % SERVERS]
                killed.kill()
                load.wait_for_answers()  # by the others
                killed.start()
            load.wait_for_answers(5)
        print(f"{ROUNDS} kills, {load.describe()}")
        assert load.outcomes[CUT] > 0
        check_servers(load, servers)


def test_a_rolling_restart_loses_no_answered_call(tmp_path: Path, url: str) -> None:
    with run_servers(SERVERS, tmp_path, url) as servers:
        with Load([server.port for server in servers]) as load:
            for server in servers:
                load.wait_for_answers(5)
                server.terminate()
                assert server.wait() == 0
                server.start()
            load.wait_for_answers(5)
        print(load.describe())
        assert load.outcomes[REFUSED] > 0
        check_servers(load, servers)
