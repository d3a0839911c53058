"""Followers of changes beside many writers, two servers on one file, kills and stops: every commit is told once and in order, to each of them."""

import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from databases import query
from faults.fleet import Connection, Disconnected, ServerProcess
from headrace.api.changes import Change, Changes
from headrace.client import Client, connect

WRITERS = 8
WRITES = 60
KILLS = 3
HELD = 100
PATH = "/api/headrace/v1/changes/follow"

Told = tuple[int, str, str, str]


@pytest.fixture
def second(server: ServerProcess) -> Iterator[ServerProcess]:
    """Another server on the same store."""
    other = ServerProcess(server.folder, server.store)
    other.start()
    yield other
    other.stop()


def _url(server: ServerProcess) -> str:
    return f"http://127.0.0.1:{server.port}"


def _told(changes: Sequence[Change]) -> list[Told]:
    return [(each.clock, each.kind.value, each.id, each.experiment_id) for each in changes]


def _read_log(store: str, after: int) -> list[Told]:
    """What stands in the log itself, with ids as they are told."""
    kinds = {1: "EXPERIMENT", 2: "RUN", 3: "METRICS"}
    rows = query(
        store,
        "SELECT clock, kind, run_id, subject, hr_change.experiment FROM hr_change "
        "LEFT JOIN hr_run ON hr_run.id = subject AND kind IN (2, 3) WHERE clock > ? ORDER BY clock, kind, subject, hr_change.experiment",
        after,
    )
    return [
        (clock, kinds[kind], str(run_id or subject), str(experiment))
        for clock, kind, run_id, subject, experiment in rows
    ]


def _read_clock(store: str) -> int:
    return int(query(store, "SELECT value FROM hr_clock")[0][0])


def _wait_for_clock(store: str, clock: int) -> None:
    """Wait until so much has been written, however slow the database is."""
    until = time.monotonic() + 120
    while _read_clock(store) < clock:
        assert time.monotonic() < until, "next to nothing is written"
        time.sleep(0.02)


def _write(port: int, run: str, number: int) -> dict[str, int]:
    """Write to a run, and return how many commits touched it, by kind."""
    chance, connection = random.Random(number), Connection(port)
    done = {"RUN": 0, "METRICS": 0}
    for step in range(WRITES):
        if chance.random() < 0.5:
            connection.post("runs/set-tag", run_id=run, key="k", value=str(step))
            done["RUN"] += 1
        else:
            connection.post("runs/log-metric", run_id=run, key="m", value=step, timestamp=1, step=step)
            done["METRICS"] += 1
        time.sleep(chance.uniform(0, 0.02))
    connection.close()
    return done


def _follow(
    read: Callable[[str], Changes], start: int, done: threading.Event, store: str, pause_s: float = 0
) -> list[Told]:
    """Ask again and again until all that was written is told."""
    cursor, told, end = str(start), [], None
    while end is None or int(cursor.partition(".")[0]) < end or "." in cursor:
        if done.is_set() and end is None:
            end = _read_clock(store)
        answer = read(cursor)
        assert not answer.reset
        told += _told(answer.changes)
        cursor = answer.cursor
        time.sleep(pause_s * random.Random(len(told)).random())
    return told


def test_every_follower_is_told_every_commit_once_and_in_order(
    server: ServerProcess, second: ServerProcess, tmp_path: Path
) -> None:
    first = server.connect()
    experiments = [
        first.post("experiments/create", name=f"e{number}")["experiment_id"] for number in range(2)
    ]
    runs = [first.create_run(experiments[number % 2]) for number in range(WRITERS)]
    start = _read_clock(server.store)
    clients: list[Client] = [
        connect(_url(server)),
        connect(_url(second)),
        connect(server.store, artifacts_destination=str(tmp_path)),
    ]
    here, there, local = (client.changes for client in clients)

    def wander(cursor: str) -> Changes:
        """A follower that begins anew after each answer, now at one server, now at the other."""
        port = random.Random(cursor).choice([server.port, second.port])
        with connect(f"http://127.0.0.1:{port}") as client:
            return client.changes.read(cursor, wait_ms=300)

    few = {"run_ids": [runs[0], runs[5]]}
    plans: dict[str, tuple[Callable[[str], Changes], float]] = {
        "all": (lambda cursor: here.read(cursor, wait_ms=500), 0),
        "all, by the other process": (lambda cursor: there.read(cursor, wait_ms=500), 0),
        "all, in this process": (lambda cursor: local.read(cursor, wait_ms=500), 0),
        "all, slow": (lambda cursor: here.read(cursor, wait_ms=500), 0.5),
        "all, one by one": (lambda cursor: here.read(cursor, wait_ms=500, limit=1), 0),
        "all, wandering": (wander, 0.1),
        "experiment": (lambda cursor: there.read(cursor, wait_ms=500, experiment_ids=experiments[:1]), 0),
        "runs": (lambda cursor: here.read(cursor, wait_ms=500, limit=3, **few), 0),
        "runs, in this process": (lambda cursor: local.read(cursor, wait_ms=500, **few), 0),
    }
    done = threading.Event()
    with ThreadPoolExecutor(WRITERS + len(plans)) as threads:
        followers = {
            name: threads.submit(_follow, read, start, done, server.store, pause_s)
            for name, (read, pause_s) in plans.items()
        }
        writers = [
            threads.submit(_write, (server, second)[number // 4].port, run, number)
            for number, run in enumerate(runs)
        ]
        counts = {run: writer.result() for run, writer in zip(runs, writers, strict=True)}
        done.set()
        told = {name: follower.result() for name, follower in followers.items()}
    for client in clients:
        client.close()
    log = _read_log(server.store, start)
    assert {clock for clock, *_ in log} == set(range(start + 1, _read_clock(server.store) + 1))
    for run, count in counts.items():
        assert {kind: sum(each[1:3] == (kind, run) for each in log) for kind in count} == count
    for name, found in told.items():
        expected = log
        if name.startswith("runs"):
            expected = [each for each in log if each[2] in few["run_ids"]]
        elif name == "experiment":
            expected = [each for each in log if each[3] == experiments[0]]
        assert found == expected, name


def test_a_follower_goes_on_where_it_was_when_the_server_is_killed_and_started_again(
    tmp_path: Path, url: str
) -> None:
    server = ServerProcess(tmp_path, url)
    server.start()
    try:
        first = server.connect()
        run, end = first.create_run(), first.create_run()
        first.close()
        start = _read_clock(server.store)
        told: list[Told] = []
        resets: list[str] = []
        client = connect(_url(server))

        def follow() -> None:
            for news in client.changes.follow(start, wait_ms=5000):
                told.extend(_told(news.changes))
                resets.extend([news.cursor] * news.reset)
                if any(each.id == end for each in news.changes):
                    return

        follower = threading.Thread(target=follow, daemon=True)
        follower.start()
        for round_number in range(KILLS):
            threads = [
                threading.Thread(target=_write_until_killed, args=(server.port, run, number))
                for number in range(WRITERS)
            ]
            before = _read_clock(server.store)
            for thread in threads:
                thread.start()
            _wait_for_clock(server.store, before + 30)
            server.kill()
            for thread in threads:
                thread.join(60)
            time.sleep(0.3 * round_number)
            server.start()
        last = server.connect()
        last.post("runs/set-tag", run_id=end, key="k", value="v")
        follower.join(60)
        assert not follower.is_alive()
        client.close()
        assert resets == []
        assert told == _read_log(server.store, start)
        assert len(told) >= 30 * KILLS
        assert "Traceback" not in server.read_log()
    finally:
        server.stop()


def _write_until_killed(port: int, run: str, number: int) -> None:
    connection = Connection(port)
    with suppress(Disconnected):
        for step in range(10_000):
            connection.post("runs/log-metric", run_id=run, key=f"m{number}", value=1, timestamp=1, step=step)
    connection.close()


def _ask_clock(server: ServerProcess) -> int:
    """Return the clock of a server that has just been started."""
    with connect(_url(server)) as client:
        return int(client.changes.read().cursor)


def _hold_many(server: ServerProcess, cursor: int) -> list[socket.socket]:
    """Send as many calls as `HELD` that will be held, and wait until their connections are there."""
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    held = [_hold(server.port, cursor) for _ in range(HELD)]
    missing = {sock.getsockname()[1] for sock in held}
    until = time.monotonic() + 30
    while missing and time.monotonic() < until:
        missing -= {each.raddr.port for each in process.net_connections("tcp") if each.raddr}
        time.sleep(0.05)
    assert not missing
    return held


def _hold(port: int, cursor: int) -> socket.socket:
    """Send a call that will be held, on a connection of its own."""
    body = json.dumps({"cursor": cursor, "wait_ms": 60_000}).encode()
    sock = socket.create_connection(("127.0.0.1", port), timeout=30)
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    sock.sendall(head.encode() + body)
    return sock


def _read_answer(sock: socket.socket) -> Any:
    with closing(sock), sock.makefile("rb") as lines:
        assert lines.readline().startswith(b"HTTP/1.1 200")
        size = 0
        while (line := lines.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        return json.loads(lines.read(size))


def test_a_server_that_stops_answers_all_that_it_holds_at_once(server: ServerProcess) -> None:
    cursor = _ask_clock(server)
    held = _hold_many(server, cursor)
    time.sleep(0.5)  # their connections are there; what they ask has come as well
    start = time.monotonic()
    server.terminate()
    answers = [_read_answer(sock) for sock in held]
    assert server.wait() == 0
    assert time.monotonic() - start < 20
    assert answers == [{"cursor": str(cursor), "changes": [], "reset": False, "more": False}] * HELD
    assert "Traceback" not in server.read_log()


def test_clients_that_leave_are_let_go_at_once(server: ServerProcess) -> None:
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    cursor = _ask_clock(server)
    warm = _hold(server.port, cursor)  # opens what the hub keeps open
    time.sleep(0.3)
    before = process.num_fds()
    held = _hold_many(server, cursor)
    for sock in held:
        sock.close()
    until = time.monotonic() + 30
    while process.num_fds() > before + 2 and time.monotonic() < until:
        time.sleep(0.05)
    assert process.num_fds() <= before + 2
    connection = server.connect()
    run = connection.create_run()
    assert _read_answer(warm)["changes"][0]["id"] == run
    assert "Traceback" not in server.read_log()


def test_a_low_limit_of_open_files_is_raised_as_far_as_it_may_be(tmp_path: Path, url: str) -> None:
    server = ServerProcess(tmp_path, url, open_files=128)
    server.start()
    try:
        cursor = _ask_clock(server)
        held = [_hold(server.port, cursor) for _ in range(3 * HELD)]
        time.sleep(0.5)
        run = server.connect().create_run()
        assert [_read_answer(sock)["changes"][0]["id"] for sock in held] == [run] * len(held)
    finally:
        server.stop()


def test_a_wait_ends_when_a_commit_comes_and_in_time_when_none_does(server: ServerProcess) -> None:
    with connect(_url(server)) as client:
        cursor = client.changes.read().cursor
        start = time.monotonic()
        assert not client.changes.read(cursor, wait_ms=400).is_news()
        assert 0.39 < time.monotonic() - start < 15
        timer = threading.Timer(0.3, lambda: server.connect().create_run())
        timer.start()
        start = time.monotonic()
        assert client.changes.read(cursor, wait_ms=20_000).changes
        assert 0.25 < time.monotonic() - start < 15
        timer.join()
