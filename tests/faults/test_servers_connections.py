"""Connections to the database that are cut, slow, or carry nothing, by a proxy in between: every answered call is there, once."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from databases import query
from faults.fleet import ServerProcess, run_server, run_servers
from faults.load import Load, Roaming, Writer, check_servers
from proxy import Fault, Proxy

ROUNDS = int(os.environ.get("HEADRACE_KILL_ROUNDS", "5"))

pytestmark = pytest.mark.databases("postgresql", "mysql", reason="there is no connection to a file")


@pytest.fixture
def proxy(url: str) -> Iterator[Proxy]:
    """What stands between servers and the database."""
    with Proxy(make_url(url).port or 0) as running:
        yield running


def _through(proxy: Proxy, url: str) -> str:
    return make_url(url).set(port=proxy.port).render_as_string(hide_password=False)


@pytest.fixture
def server(proxy: Proxy, url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server behind the proxy, with all in place that it writes by itself at first."""
    with run_server(tmp_path, _through(proxy, url)) as running:
        until = time.monotonic() + 30
        while {name for (name,) in query(url, "SELECT name FROM hr_duty")} < {"alive", "jobs", "sealing"}:
            assert time.monotonic() < until
            time.sleep(0.05)
        yield running


@pytest.mark.timeout(120 + 10 * ROUNDS)
def test_connections_that_are_cut_at_any_moment_lose_and_double_nothing(
    proxy: Proxy, url: str, tmp_path: Path
) -> None:
    chance = random.Random(5)
    with run_servers(2, tmp_path, _through(proxy, url)) as servers:
        with Load([server.port for server in servers]) as load:
            for _ in range(ROUNDS):
                for fault in Fault:
                    proxy.arm(fault)
                    time.sleep(chance.uniform(0, 0.1))
                proxy.cut()
                load.wait_for_answers()
        print(f"{dict(proxy.struck)}, {load.describe()}")
        assert all(proxy.struck[fault] >= ROUNDS / 2 for fault in Fault)
        assert load.outcomes[503] > 0
        check_servers(load, servers)


def _log(server: ServerProcess, run_id: str, step: int) -> tuple[int, Any]:
    connection = server.connect()
    status, answer = connection.ask(
        "POST", "runs/log-metric", run_id=run_id, key="loss", value=step, timestamp=1, step=step
    )
    connection.close()
    return status, answer.get("message", "")


def test_a_connection_cut_while_it_commits_is_answered_503_whether_it_was_stored_or_not(
    proxy: Proxy, server: ServerProcess
) -> None:
    connection = server.connect()
    run_id = connection.create_run(start_time=1)
    for step, fault, stored in ((1, Fault.BEFORE_COMMIT, []), (2, Fault.AFTER_COMMIT, [(2, 2.0)])):
        assert _log(server, run_id, 0)[0] == 200  # over a connection that is there already
        proxy.arm(fault)
        status, message = _log(server, run_id, step)
        assert status == 503, message
        assert "may be stored or not" in message
        assert connection.read_history(run_id, "loss") == [(0, 0.0), *stored]
    assert _log(server, run_id, 2)[0] == _log(server, run_id, 1)[0] == 200
    assert connection.read_history(run_id, "loss") == [(0, 0.0), (1, 1.0), (2, 2.0)]
    connection.close()


def test_a_connection_cut_before_the_commit_is_replaced_and_nobody_hears_of_it(
    proxy: Proxy, server: ServerProcess
) -> None:
    connection = server.connect()
    run_id = connection.create_run(start_time=1)
    proxy.cut()
    assert _log(server, run_id, 1)[0] == 200
    proxy.arm(Fault.IN_ANSWER)
    assert _log(server, run_id, 2)[0] == 200
    assert proxy.struck[Fault.IN_ANSWER] == 1
    proxy.cut()
    assert connection.read_history(run_id, "loss") == [(1, 1.0), (2, 2.0)]
    connection.close()


def test_a_batch_whose_commit_got_no_answer_is_answered_as_stored_when_it_is_sent_again(
    proxy: Proxy, server: ServerProcess, url: str
) -> None:
    writer, way = Writer("w"), Roaming([server.port], "w", answer_s=60)
    writer.send(way)
    for again in (1, 2, 3):
        proxy.arm(Fault.AFTER_COMMIT)
        writer.send(way)
        assert writer.again == again
        writer.send(way)
    proxy.arm(Fault.BEFORE_COMMIT)
    writer.send(way)
    assert writer.again == 3
    assert way.outcomes == {200: 8, 503: 4}
    connection = server.connect()
    writer.check(connection)
    connection.close()
    assert query(url, "SELECT seq FROM hr_writer WHERE id = ?", "w") == [(8,)]
