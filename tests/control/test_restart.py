"""A server that starts again: runs could not be heard of in the meantime, and none of them is LOST for it."""

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from control.world import START, World
from databases import query
from headrace.base.clock import now_ms
from headrace.client import connect
from headrace.services.alive import DEAD_AFTER_MS, MARK_EVERY_MS, AliveMark
from headrace.services.background import Background
from headrace.store import leases, runs
from headrace.store.engine import open_store
from headrace.store.transaction import Transaction
from serving import start_server

SECOND, HOUR = 1_000, 3_600_000


def _mark(world: World) -> int:
    found: int = world.query("SELECT until FROM hr_duty WHERE name = 'alive'")[0][0]
    return found


@pytest.mark.slow
def test_of_a_thousand_live_leases_none_is_lost_when_a_killed_server_comes_back(
    url: str, tmp_path: Path
) -> None:
    length = 10 * SECOND
    lost = [f"lost{number}" for number in range(10)]
    live = [f"live{number}" for number in range(1000)]

    def fill(tx: Transaction) -> None:
        now = now_ms()
        for run_id in [*lost, *live]:
            run = runs.insert_run(tx, (run_id, 0, run_id, "ann", now, "mlflow-artifacts:/0"))
            until = now + length if run_id in live else now - 60 * SECOND
            leases.renew(tx, run, until, length if run_id in live else SECOND)

    def find_dead() -> set[str]:
        ended = "SELECT r.run_id FROM hr_lease l JOIN hr_run r ON r.id = l.run WHERE l.until < ?"
        return {run_id for (run_id,) in query(url, ended, now_ms())}

    with start_server(tmp_path, backend_store_uri=url) as server:
        store = open_store(url)
        store.writer.call(fill)
        store.close()
        time.sleep(1)
        server.kill()
    time.sleep((length + DEAD_AFTER_MS - 3 * SECOND) / 1000)
    assert find_dead() == {*lost, *live}
    with (
        start_server(tmp_path, port=server.port, backend_store_uri=url) as server,
        connect(server.url) as client,
    ):
        assert find_dead() == set(lost)
        assert {client.control.get(run_id).state for run_id in live[::100]} == {"RUNNING"}
        assert {client.control.get(run_id).state for run_id in lost} == {"LOST"}
        assert {run.info.run_id for run in client.runs.search(["0"], "status = 'FAILED'")} == set(lost)
        assert len(list(client.runs.search(["0"], "status = 'RUNNING'"))) == len(live)
        assert "the leases of 1000 runs begin anew" in server.log


def test_leases_that_were_lost_while_a_server_was_there_stay_lost(
    world: World, open_world: Callable[[], World]
) -> None:
    early = world.make_run("early", lease_ms=20 * SECOND)
    mark = AliveMark(world.platform)
    mark.begin()
    for _ in range(60):  # the server is there for a minute, and nobody but `late` is heard of
        world.now += SECOND
        mark.look()
    late = world.make_run("late", lease_ms=20 * SECOND)
    again = open_world()
    again.now = world.now + HOUR
    AliveMark(again.platform).begin()
    assert (again.state(early), again.state(late)) == ("LOST", "RUNNING")


def test_the_mark_moves_only_while_leases_are_live_and_then_once_more(world: World) -> None:
    mark = AliveMark(world.platform)
    mark.begin()
    seen = [_mark(world)]

    def pass_seconds(count: int) -> None:
        for _ in range(2 * count):
            world.now += SECOND // 2
            mark.look()
            if _mark(world) != seen[-1]:
                seen.append(_mark(world))

    pass_seconds(30)
    assert seen == [START]
    world.make_run(lease_ms=10 * SECOND)
    pass_seconds(30)
    assert len(seen) > 4
    assert all(later - earlier >= MARK_EVERY_MS for earlier, later in pairwise(seen))
    assert START + 40 * SECOND < seen[-1] <= START + 40 * SECOND + 2 * MARK_EVERY_MS
    mark.finish()
    assert _mark(world) == seen[-1]


def test_a_clean_stop_leaves_the_exact_moment(world: World) -> None:
    mark = AliveMark(world.platform)
    mark.begin()
    world.make_run(lease_ms=HOUR)
    world.now += 7
    mark.finish()
    assert _mark(world) == world.now


def test_with_another_server_alive_nothing_is_extended(world: World, open_world: Callable[[], World]) -> None:
    run_id = world.make_run("heard of", lease_ms=HOUR)
    dead = world.make_run("not heard of", lease_ms=5 * SECOND)
    first = AliveMark(world.platform)
    first.begin()
    other = open_world()
    second = AliveMark(other.platform)
    for step in range(60):
        other.now = world.now = world.now + SECOND
        first.look()
        if step == 10:
            second.begin()
        elif step > 10:
            second.look()
    assert world("control.get", run_id=run_id)["lease"]["until"] == START + HOUR
    assert world.state(dead) == "LOST"


def test_a_server_that_starts_at_once_after_a_kill_waits_until_it_is_sure(
    world: World, open_world: Callable[[], World]
) -> None:
    run_id = world.make_run(lease_ms=SECOND)
    AliveMark(world.platform).begin()
    again = open_world()
    again.now = world.now + 2 * SECOND
    mark = AliveMark(again.platform)
    mark.begin()
    assert again.state(run_id) == "LOST"
    again.now = world.now + DEAD_AFTER_MS
    mark.look()
    assert again.state(run_id) == "LOST"
    again.now += 1
    mark.look()
    assert again.state(run_id) == "RUNNING"
    until = again("control.get", run_id=run_id)["lease"]["until"]
    again.now += SECOND + 1
    mark.look()
    assert again("control.get", run_id=run_id)["lease"]["until"] == until
    assert again.state(run_id) == "LOST"


def test_of_two_servers_that_start_together_one_extends(
    world: World, open_world: Callable[[], World]
) -> None:
    run_id = world.make_run(lease_ms=SECOND)
    AliveMark(world.platform).begin()
    others = [open_world(), open_world()]
    for other in others:
        other.now = world.now + HOUR
        AliveMark(other.platform).begin()
        other.now += SECOND // 2
    assert others[0]("control.get", run_id=run_id)["lease"]["until"] == world.now + HOUR + SECOND


def test_the_first_server_of_a_store_extends_nothing(world: World) -> None:
    run_id = world.make_run(lease_ms=SECOND)
    world.now += HOUR
    AliveMark(world.platform).begin()
    assert world.state(run_id) == "LOST"


def test_a_process_without_a_server_neither_marks_nor_extends(world: World) -> None:
    run_id = world.make_run(lease_ms=SECOND)
    AliveMark(world.platform).begin()
    before = _mark(world)
    world.now += HOUR
    background = Background(world.platform)
    background.start()
    background.close()
    assert (_mark(world), world.state(run_id)) == (before, "LOST")
