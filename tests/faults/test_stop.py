"""A clean stop: what is under way is answered and stored, then the server ends."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from databases import query
from faults.fleet import Disconnected, ServerProcess, locked_by_another_program
from headrace.client import connect

WAITING = 30


def _wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it has not come"
        time.sleep(0.01)


def test_sigterm_answers_and_stores_what_was_waiting(server: ServerProcess) -> None:
    first = server.connect()
    run_id = first.create_run(start_time=1)
    statuses: list[Any] = []

    def write(number: int) -> None:
        connection = server.connect()
        metric = {"run_id": run_id, "key": "loss", "value": 1.0, "timestamp": 1, "step": number}
        statuses.append(connection.ask("POST", "runs/log-metric", **metric)[0])
        connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WAITING)]
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    before = process.num_fds()
    with locked_by_another_program(server.store):
        for thread in threads:
            thread.start()
        _wait_for(lambda: process.num_fds() >= before + WAITING)
        time.sleep(0.5)  # their connections are there; what they ask has come as well
        server.terminate()
        time.sleep(0.3)
        assert statuses == []
        assert server.process.poll() is None
    for thread in threads:
        thread.join(30)
    assert statuses == [200] * WAITING
    assert server.wait() == 0
    assert query(server.store, "SELECT count(*) FROM hr_point") == [(WAITING,)]
    assert "Traceback" not in server.read_log()


def test_sigterm_in_the_middle_of_ingest_loses_no_answered_call(
    server: ServerProcess, tmp_path: Path
) -> None:
    first = server.connect()
    run_id = first.create_run(start_time=1)
    answered: list[int] = []

    def write(thread: int) -> None:
        connection = server.connect()
        for number in range(thread * 1_000_000, (thread + 1) * 1_000_000):
            metric = {"run_id": run_id, "key": "loss", "value": 1.0, "timestamp": 1, "step": number}
            try:
                status, _ = connection.ask("POST", "runs/log-metric", **metric)
            except Disconnected:
                return
            if status != 200:
                assert status == 503
                return
            answered.append(number)

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    _wait_for(lambda: len(answered) > 100)
    server.terminate()
    assert server.wait() == 0
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    with connect(server.store, artifacts_destination=str(tmp_path)) as client:
        stored = {point.step for point in client.metrics.history(run_id, "loss")}
    assert set(answered) <= stored
    assert "Traceback" not in server.read_log()
