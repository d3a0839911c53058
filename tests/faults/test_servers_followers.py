"""Followers of changes who move between servers that are killed, beside many writers: each is told every commit, once and in order."""

import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from databases import query
from faults.fleet import ServerProcess, run_servers
from faults.load import Load
from headrace.api.changes import Change
from headrace.base.errors import TooManyRequests, Unavailable
from headrace.client import Client, connect

SERVERS = 3
FOLLOWERS = 9
WRITERS = 8
WAIT_MS = 500
END_S = 60

Told = tuple[int, str, str, str]

pytestmark = pytest.mark.databases("postgresql", "mysql", reason="test_followers.py does it on a file")


def _told(changes: Sequence[Change]) -> list[Told]:
    return [(each.clock, each.kind.value, each.id, each.experiment_id) for each in changes]


def _read_log(url: str, after: int) -> list[Told]:
    """What stands in the log itself, with ids as they are told."""
    kinds = {2: "RUN", 3: "METRICS"}
    rows = query(
        url,
        "SELECT clock, kind, r.run_id, c.experiment FROM hr_change c JOIN hr_run r ON r.id = subject "
        "WHERE clock > ? AND kind IN (2, 3) ORDER BY clock, kind, subject, c.experiment",
        after,
    )
    return [(clock, kinds[kind], name, str(experiment)) for clock, kind, name, experiment in rows]


def _read_clock(url: str) -> int:
    return int(query(url, "SELECT value FROM hr_clock")[0][0])


class Follower:
    """A follower that asks now one server, now another, always with the cursor of the last answer.

    Args:
        ports: of the servers.
        number: decides whom it asks, and how much it wants to hear at once.
        cursor: where it begins.
    """

    def __init__(self, ports: Sequence[int], number: int, cursor: int) -> None:
        self._ports = ports
        self._chance = random.Random(number)
        self._limit = (1000, 10, 1)[number % 3]
        self._cursor = str(cursor)
        self.told: list[Told] = []
        self.moves = 0

    def follow(self, url: str, done: threading.Event) -> None:
        """Follow until all that there was when the writers were done is told."""
        end, until = None, 0.0
        while end is None or int(self._cursor.partition(".")[0]) < end or "." in self._cursor:
            if end is None and done.is_set():
                end, until = _read_clock(url), time.monotonic() + END_S
            assert end is None or time.monotonic() < until, f"{self._cursor} instead of {end}"
            with connect(f"http://127.0.0.1:{self._chance.choice(self._ports)}", retries=0) as client:
                self._stay(client)
            self.moves += 1

    def _stay(self, client: Client) -> None:
        """Ask one server some times, or until it does not answer."""
        for _ in range(self._chance.randrange(1, 2_000 // self._limit**2 + 4)):
            try:
                answer = client.changes.read(self._cursor, wait_ms=WAIT_MS, limit=self._limit)
            except (Unavailable, TooManyRequests):
                return
            assert not answer.reset
            self.told += _told(answer.changes)
            self._cursor = answer.cursor
            if not answer.changes:
                return


def test_followers_that_move_between_servers_are_told_every_commit_once_and_in_order(
    tmp_path: Path, url: str
) -> None:
    with run_servers(SERVERS, tmp_path, url) as servers:
        ports, start, done = [server.port for server in servers], _read_clock(url), threading.Event()
        followers = [Follower(ports, number, start) for number in range(FOLLOWERS)]
        with ThreadPoolExecutor(FOLLOWERS) as threads:
            following = [threads.submit(each.follow, url, done) for each in followers]
            try:
                with Load(ports, clients=WRITERS // 2, writers=WRITERS // 2) as load:
                    for server in servers[:2]:
                        load.wait_for_answers(4)
                        server.kill()
                        load.wait_for_answers(4)
                        server.start()
            finally:
                done.set()
            for each in following:
                each.result()
        _check(followers, load, servers, url, start)


def _check(followers: list[Follower], load: Load, servers: list[ServerProcess], url: str, start: int) -> None:
    log = _read_log(url, start)
    clocks = {clock for clock, *_ in log}
    assert clocks == set(range(start + 1, _read_clock(url) + 1))
    for number, follower in enumerate(followers):
        assert follower.told == log, f"follower {number}"
    print(f"{len(clocks)} commits, {sum(each.moves for each in followers)} moves, {load.describe()}")
    connection = servers[0].connect()
    load.check(connection)
    connection.close()
    for server in servers:
        assert "Traceback" not in server.read_log(), server.read_log()
