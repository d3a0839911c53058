"""Two servers of one store as processes: one that is killed, stopped, or stands still, and what becomes of leases and duties."""

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from databases import query
from headrace.api.ingest import RunBlock
from headrace.api.jobs import JobState
from headrace.base.clock import now_ms
from headrace.client import Client, connect
from headrace.services.alive import DEAD_AFTER_MS, MARK_EVERY_MS
from headrace.services.background import LEASE_S
from serving import Server, start_server

SECOND = 1_000
STILL_S = DEAD_AFTER_MS / 1000 + 3


class Pair:
    """Two servers.

    Args:
        url: their database.
        folder: for what they write.
    """

    def __init__(self, url: str, folder: Path, stack: ExitStack) -> None:
        self.url = url
        self.servers: list[Server] = []
        self.clients: list[Client] = []
        for name in ("one", "two"):
            server = stack.enter_context(
                start_server(folder / name, backend_store_uri=url, artifacts_destination=folder / "artifacts")
            )
            self.servers.append(server)
            self.clients.append(stack.enter_context(contextlib.closing(connect(server.url))))

    def beat(self, place: int, run_id: str, seq: int, lease_ms: int) -> None:
        """Let a run be heard of at a server."""
        self.clients[place].ingest.send(f"w-{run_id}", seq, [RunBlock(run_id=run_id, lease_ms=lease_ms)])

    def make_run(self, place: int, lease_ms: int) -> str:
        run_id = self.clients[place].runs.create("0").info.run_id
        self.beat(place, run_id, 1, lease_ms)
        return run_id

    def find_holder(self, duty: str) -> int | None:
        """Return which server has a duty now; None for neither."""
        rows = query(self.url, "SELECT holder, until FROM hr_duty WHERE name = ?", duty)
        if not rows or rows[0][1] < now_ms():
            return None
        pids = [server.process.pid for server in self.servers]
        found = re.search(r"-(\d+)-[0-9a-f]{8}$", rows[0][0])
        assert found
        return pids.index(int(found[1]))


@pytest.fixture
def pair(url: str, tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(url, tmp_path, stack)


def _wait_for(condition: Callable[[], object], limit_s: float = 30.0) -> None:
    until = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < until, "it has not come"
        time.sleep(0.05)


@contextlib.contextmanager
def _standing_still(server: Server) -> Iterator[None]:
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


def _let_both_know(pair: Pair) -> None:
    """Wait until a server that has just started knows that it is not alone, or that it is."""
    pair.make_run(0, 10 * SECOND)
    time.sleep(DEAD_AFTER_MS / 1000 + 1)


@pytest.mark.slow
def test_a_run_that_is_heard_of_by_one_server_is_not_lost_when_another_is_killed(pair: Pair) -> None:
    _let_both_know(pair)
    living, dead = pair.make_run(0, 4 * SECOND), pair.make_run(0, 4 * SECOND)
    pair.servers[0].kill()
    for seq in range(2, 12):
        pair.beat(1, living, seq, 4 * SECOND)
        assert pair.clients[1].control.get(living).state == "RUNNING"
        time.sleep(1)
    assert pair.clients[1].control.get(dead).state == "LOST"
    assert "begin anew" not in pair.servers[1].log


@pytest.mark.slow
def test_a_server_that_stands_still_beside_another_changes_nothing_when_it_goes_on(pair: Pair) -> None:
    _let_both_know(pair)
    living, dead = pair.make_run(0, 4 * SECOND), pair.make_run(0, 4 * SECOND)
    with _standing_still(pair.servers[0]):
        until, seq = time.monotonic() + STILL_S, 2
        while time.monotonic() < until:
            pair.beat(1, living, seq, 4 * SECOND)
            seq += 1
            time.sleep(0.5)
        assert pair.clients[1].control.get(dead).state == "LOST"
    time.sleep(2)
    assert [client.control.get(dead).state for client in pair.clients] == ["LOST", "LOST"]
    assert [client.control.get(living).state for client in pair.clients] == ["RUNNING", "RUNNING"]
    assert "begin anew" not in pair.servers[0].log + pair.servers[1].log


@pytest.mark.slow
def test_when_all_servers_stood_still_no_run_is_lost_for_it(pair: Pair) -> None:
    _let_both_know(pair)
    dead = pair.make_run(1, SECOND)
    time.sleep(
        1 + MARK_EVERY_MS / 1000 + 1
    )  # so long it takes until all know that it was lost while they were there
    living = pair.make_run(0, 5 * SECOND)
    with _standing_still(pair.servers[0]), _standing_still(pair.servers[1]):
        time.sleep(STILL_S)
    _wait_for(lambda: "the leases of" in pair.servers[0].log + pair.servers[1].log)
    assert [client.control.get(living).state for client in pair.clients] == ["RUNNING", "RUNNING"]
    assert pair.clients[0].control.get(dead).state == "LOST"


def test_a_duty_goes_to_another_server_at_once_when_its_own_is_stopped(pair: Pair) -> None:
    pair.clients[0].runs.create("0")
    _wait_for(lambda: pair.find_holder("jobs") is not None)
    first = pair.find_holder("jobs")
    assert first is not None
    other = 1 - first
    assert pair.servers[first].stop() == 0
    run_id = pair.clients[other].runs.create("0").info.run_id
    began = time.monotonic()
    job = pair.clients[other].jobs.wait(
        pair.clients[other].jobs.tag_runs({"a": "b"}, run_ids=[run_id]).job_id, 30
    )
    assert (job.state, job.done) == (JobState.FINISHED, 1)
    assert time.monotonic() - began < LEASE_S / 2  # of his lease more was left when he gave it back
    assert pair.find_holder("jobs") == other


@pytest.mark.slow
def test_a_job_of_a_killed_server_goes_on_at_another_and_counts_every_run_once(pair: Pair) -> None:
    made = [pair.clients[0].runs.create("0").info.run_id for _ in range(400)]
    _wait_for(lambda: pair.find_holder("jobs") is not None)
    first = pair.find_holder("jobs")
    assert first is not None
    other = pair.clients[1 - first]
    job_id = other.jobs.delete_runs(made).job_id
    _wait_for(lambda: other.jobs.get(job_id).done > 0)
    pair.servers[first].kill()
    began = time.monotonic()
    job = other.jobs.wait(job_id, 2 * LEASE_S)
    assert time.monotonic() - began < LEASE_S + 10
    assert (job.state, job.total, job.done, job.failed) == (JobState.FINISHED, 400, 400, 0)
    assert list(other.runs.search(["0"])) == []


@pytest.mark.slow
@pytest.mark.databases("postgresql", "mysql", reason="who stands still with the lock of a file holds up all")
def test_a_job_goes_on_while_its_server_stands_still_and_nothing_is_done_twice_when_that_goes_on(
    pair: Pair,
) -> None:
    made = [pair.clients[0].runs.create("0").info.run_id for _ in range(400)]
    _wait_for(lambda: pair.find_holder("jobs") is not None)
    first = pair.find_holder("jobs")
    assert first is not None
    other = pair.clients[1 - first]
    for attempt in range(20):  # a quick machine may be through with a job before its server is stopped
        seen = f"once-{attempt}"
        job_id = other.jobs.tag_runs({"seen": seen}, run_ids=made).job_id
        _wait_for(lambda job_id=job_id: other.jobs.get(job_id).done > 0)
        with _standing_still(pair.servers[first]):
            if other.jobs.get(job_id).state == JobState.FINISHED:
                continue
            job = other.jobs.wait(job_id, 3 * LEASE_S)
            assert pair.find_holder("jobs") == 1 - first
            break
    else:
        pytest.fail("every job was done before its server stood still")
    assert (job.state, job.total, job.done, job.failed) == (JobState.FINISHED, 400, 400, 0)
    time.sleep(2)
    again = pair.clients[first].jobs.get(job_id)
    assert (again.state, again.done, again.failed) == (JobState.FINISHED, 400, 0)
    assert len(list(other.runs.search(["0"], f"tags.seen = '{seen}'"))) == 400
