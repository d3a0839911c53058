"""SIGKILL in the middle of ingest, again and again: every answered call is there, once.

HEADRACE_KILL_ROUNDS=200 makes a long run of it.
"""

import contextlib
import os
import random
import threading
import time
from pathlib import Path

import pytest

from databases import check_integrity
from faults.fleet import Disconnected, ServerProcess
from faults.ledger import Client

ROUNDS = int(os.environ.get("HEADRACE_KILL_ROUNDS", "5"))
CLIENTS = 6


def _write_until_killed(server: ServerProcess, client: Client, errors: list[BaseException]) -> None:
    connection = server.connect()
    try:
        with contextlib.suppress(Disconnected):
            client.send_again(connection)
            client.write(connection)
    except BaseException as error:
        errors.append(error)
        raise
    finally:
        connection.close()


def _count_answered(clients: list[Client]) -> int:
    return sum(client.count_answered() for client in clients)


def _wait_until_answered(clients: list[Client], count: int) -> None:
    """Wait for calls, not for seconds: a round in which next to nothing is written shows nothing."""
    until = time.monotonic() + 60
    while _count_answered(clients) < count:
        assert time.monotonic() < until, "next to nothing is answered"
        time.sleep(0.02)


@pytest.mark.timeout(240 + 10 * ROUNDS)
def test_every_answered_call_is_there_once(tmp_path: Path, url: str) -> None:
    server = ServerProcess(tmp_path, url)
    chance = random.Random(1)
    clients = [Client(f"client{number}") for number in range(CLIENTS)]
    answered = 0
    try:
        for _ in range(ROUNDS):
            server.start()
            errors: list[BaseException] = []
            threads = [
                threading.Thread(target=_write_until_killed, args=(server, client, errors))
                for client in clients
            ]
            for thread in threads:
                thread.start()
            _wait_until_answered(clients, answered + 4 * CLIENTS)
            threads[0].join(chance.uniform(0, 0.7))
            server.kill()
            for thread in threads:
                thread.join(60)
                assert not thread.is_alive()
            assert errors == []
            answered = _count_answered(clients)
            server.start()
            connection = server.connect()
            for client in clients:
                client.check(connection)
            connection.close()
            server.kill()
    finally:
        server.stop()
    cut_off = sum(not call.answered for client in clients for run in client.runs for call in run.calls)
    print(f"{ROUNDS} kills, {answered} calls answered, {cut_off} cut off at the end")
    assert "Traceback" not in server.read_log()
    check_integrity(url)
