"""Sealing and jobs when the server that does them is killed: another one goes on within the lease, and nothing is done twice."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from databases import query
from faults.fleet import ServerProcess, run_servers
from faults.load import Roaming
from headrace.api.ingest import FORMAT, Ingest, RunBlock, StartRecord
from headrace.client import connect
from headrace.services.background import LEASE_S
from headrace.store.transaction import Kind
from proxy import Proxy

RUNS = 600
POINTS = 6000
BLOCKS = 200
MORE_S = 15.0

pytestmark = pytest.mark.databases("postgresql", "mysql", reason="test_job_kill.py does it on a file")


@pytest.fixture
def proxy(url: str) -> Iterator[Proxy]:
    """What stands between the servers and the database."""
    with Proxy(make_url(url).port or 0) as running:
        yield running


def _fill(server: ServerProcess) -> None:
    """Make runs in the experiment 0."""
    way = Roaming([server.port], "fill", answer_s=60)
    for seq, begin in enumerate(range(0, RUNS, BLOCKS), 1):
        blocks = [
            RunBlock(run_id=f"r{number}", start=StartRecord(experiment_id="0"))
            for number in range(begin, begin + BLOCKS)
        ]
        assert way.ingest(Ingest(format=FORMAT, writer="fill", seq=seq, runs=blocks)).stored == BLOCKS
    way.close()


def _wait_for_holder(url: str, duty: str, servers: list[ServerProcess]) -> ServerProcess:
    """Return the server that has a duty, as soon as it is one of these."""
    until = time.monotonic() + LEASE_S + MORE_S
    while time.monotonic() < until:
        for (holder,) in query(url, "SELECT holder FROM hr_duty WHERE name = ?", duty):
            for server in servers:
                assert server.process is not None
                if f"-{server.process.pid}-" in holder:
                    return server
        time.sleep(0.05)
    raise AssertionError(f"none of the servers has taken the duty {duty}")


def _wait_until_moved(url: str, more_than: int) -> int:
    until = time.monotonic() + LEASE_S + MORE_S
    while time.monotonic() < until:
        ((done,),) = query(url, "SELECT done FROM hr_job")
        if done > more_than:
            return int(done)
        time.sleep(0.02)
    raise AssertionError("the job stands still")


@pytest.mark.timeout(180)
def test_another_server_goes_on_with_the_duties_of_one_that_is_killed(
    proxy: Proxy, tmp_path: Path, url: str
) -> None:
    through = make_url(url).set(port=proxy.port).render_as_string(hide_password=False)
    with run_servers(2, tmp_path, through) as servers:
        _fill(servers[0])
        target = servers[0].connect().post("experiments/create", name="new")["experiment_id"]
        proxy.delay_s = 0.005  # or the job would be done before anybody could be killed
        with connect(f"http://127.0.0.1:{servers[0].port}") as client:
            job_id = client.jobs.move_runs(target, experiment_ids=["0"]).job_id
        killed = _wait_for_holder(url, "jobs", servers)
        _wait_until_moved(url, 0)
        killed.kill()
        begun = time.monotonic()
        ((before,),) = query(url, "SELECT done FROM hr_job")
        assert query(url, "SELECT COUNT(*) FROM hr_run WHERE experiment = ?", int(target)) == [(before,)]
        assert before < RUNS
        proxy.delay_s = 0
        (other,) = [server for server in servers if server is not killed]
        _wait_until_moved(url, before)
        took_s = time.monotonic() - begun
        assert _wait_for_holder(url, "jobs", [other]) is other
        with connect(f"http://127.0.0.1:{other.port}") as client:
            job = client.jobs.wait(job_id, 60)
        print(f"{before} runs moved before the kill; {took_s:.1f} s until another server went on")
        assert took_s < LEASE_S + 5
        assert (job.state.value, job.total, job.done, job.failed) == ("FINISHED", RUNS, RUNS, 0)
        _check_each_was_moved_once(url, int(target))
        _check_it_seals(other, url)
        assert "Traceback" not in killed.read_log() + other.read_log()


def _check_each_was_moved_once(url: str, target: int) -> None:
    assert query(url, "SELECT COUNT(*) FROM hr_run WHERE experiment = ?", target) == [(RUNS,)]
    told = query(
        url,
        "SELECT subject, COUNT(*) FROM hr_change WHERE kind = ? AND experiment = ? GROUP BY subject",
        int(Kind.RUN),
        target,
    )
    assert len(told) == RUNS
    assert {count for _, count in told} == {1}


def _check_it_seals(server: ServerProcess, url: str) -> None:
    connection = server.connect()
    for begin in range(0, POINTS, 1000):
        metrics = [{"key": "m", "value": s, "timestamp": 1, "step": s} for s in range(begin, begin + 1000)]
        connection.post("runs/log-batch", run_id="r0", metrics=metrics)
    assert _wait_for_holder(url, "sealing", [server]) is server
    until = time.monotonic() + MORE_S
    while query(url, "SELECT COUNT(*) FROM hr_chunk") == [(0,)]:
        assert time.monotonic() < until, "nothing is sealed"
        time.sleep(0.1)
    assert connection.read_history("r0", "m") == [(step, float(step)) for step in range(POINTS)]
    connection.close()
