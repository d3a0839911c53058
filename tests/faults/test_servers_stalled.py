"""A slow database, one that stands still, and a server that does: calls are answered in time or told to come later, and all is well afterwards."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from faults.fleet import ServerProcess, run_server, run_servers
from faults.load import Load
from headrace.server.places import MAX_WAITING
from headrace.store.dialect import READERS
from headrace.store.writer import STUCK_S
from proxy import Proxy

DELAYS_S = (0.025, 0.05)
MORE = 50
IDLE_S = 15.0
"""After so many seconds a database takes back what a server holds that stands still; see the dialects."""

pytestmark = pytest.mark.databases("postgresql", "mysql", reason="a file is neither far away nor stopped")


@pytest.fixture
def proxy(url: str) -> Iterator[Proxy]:
    """What stands between a server and the database."""
    with Proxy(make_url(url).port or 0) as running:
        yield running


@pytest.fixture
def server(proxy: Proxy, url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server behind the proxy."""
    with run_server(tmp_path, _through(proxy, url)) as running:
        yield running


def _through(proxy: Proxy, url: str) -> str:
    return make_url(url).set(port=proxy.port).render_as_string(hide_password=False)


def _check(load: Load, *servers: ServerProcess) -> None:
    for server in servers:
        assert "Traceback" not in server.read_log(), server.read_log()
    connection = servers[0].connect()
    load.check(connection)
    connection.close()


def test_a_database_far_away_costs_time_and_nothing_else(proxy: Proxy, server: ServerProcess) -> None:
    with Load([server.port], clients=2, writers=2, answer_s=60) as load:
        load.wait_for_answers(1)
        for delay_s in DELAYS_S:
            proxy.delay_s = delay_s
            waited = load.wait_for_answers(1, most_s=60)
            assert server.is_healthy(1)
            print(f"{2000 * delay_s:.0f} ms there and back: {waited:.1f} s for an answer to each client")
        proxy.delay_s = 0
        assert load.wait_for_answers(1) < 10
    assert set(load.outcomes) <= {200, 429}
    _check(load, server)


def test_a_database_that_stands_still_makes_nobody_wait_who_cannot_be_served(
    proxy: Proxy, server: ServerProcess
) -> None:
    connection = server.connect()
    run_id = connection.create_run(start_time=1)

    def read(_: int) -> tuple[int, float]:
        begun = time.monotonic()
        asked = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        with closing(asked):
            asked.request("GET", f"/api/2.0/mlflow/runs/get?run_id={run_id}")
            answer = asked.getresponse()
            answer.read()
            assert answer.status == 200 or answer.headers["Retry-After"] == "1"
            return answer.status, time.monotonic() - begun

    def write(step: int) -> tuple[int, float]:
        begun, own = time.monotonic(), server.connect()
        status, answer = own.ask(
            "POST", "runs/log-metric", run_id=run_id, key="loss", value=step, timestamp=1, step=step
        )
        own.close()
        assert status != 429 or "has not let any write through" in answer["message"]
        return status, time.monotonic() - begun

    readers = READERS + MAX_WAITING + MORE
    with ThreadPoolExecutor(readers + 1) as threads:
        proxy.hold()
        begun = time.monotonic()
        waiting = threads.submit(write, 1)
        reads = [threads.submit(read, number) for number in range(readers)]
        while sum(each.done() for each in reads) < MORE:
            assert time.monotonic() < begun + STUCK_S
            time.sleep(0.05)
        assert server.is_healthy(2)
        time.sleep(max(0, begun + STUCK_S + 0.5 - time.monotonic()))
        status, took_s = write(2)
        assert status == 429
        assert took_s < STUCK_S / 2
        assert server.is_healthy(2)
        assert not waiting.done()
        proxy.release()
        assert waiting.result()[0] == 200
        answers = [each.result() for each in reads]
    counts = Counter(status for status, _ in answers)
    print(f"{dict(counts)}, {time.monotonic() - begun:.1f} s")
    assert set(counts) <= {200, 429, 503}
    assert counts[200] > 0
    assert counts[429] >= MORE
    assert write(3)[0] == 200
    assert read(0)[0] == 200
    assert connection.read_history(run_id, "loss") == [(1, 1.0), (3, 3.0)]
    connection.close()
    assert "Traceback" not in server.read_log()


def test_a_server_that_stands_still_in_a_transaction_stops_the_others_for_seconds_only(
    proxy: Proxy, server: ServerProcess, url: str, tmp_path: Path
) -> None:
    """It holds a run to which another server wants to write."""
    first = server.connect()
    run_id = first.create_run(start_time=1)
    asleep = threading.Event()

    def fall_asleep() -> None:
        server.pause()
        asleep.set()

    with (
        run_servers(1, tmp_path, url) as (other,),
        Load([other.port], clients=2, writers=2) as load,
        ThreadPoolExecutor() as threads,
    ):
        load.wait_for_answers()
        proxy.watch(run_id.encode(), fall_asleep)  # it is named where it is locked, in the first message
        metric = {"run_id": run_id, "key": "loss", "value": 1.0, "timestamp": 1}
        under_way = threads.submit(first.ask, "POST", "runs/log-metric", step=1, **metric)
        assert asleep.wait(20)
        time.sleep(2)  # what has come to the proxy goes on to the database, and locks the run there
        begun, second = time.monotonic(), other.connect()
        second.post("runs/log-metric", step=2, **metric)
        waited = time.monotonic() - begun
        print(f"{waited:.1f} s until the run was free; {load.describe()}")
        assert IDLE_S / 2 < waited < IDLE_S + 10
        load.wait_for_answers()
        server.resume()
        status, answer = under_way.result(30)
        assert status == 200 or "may be stored or not" in answer["message"]
        first.post("runs/log-metric", step=1, **metric)
        assert second.read_history(run_id, "loss") == [(1, 1.0), (2, 1.0)]
        for each in (first, second):
            each.close()
    _check(load, server)
