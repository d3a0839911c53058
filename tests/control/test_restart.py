"""A server that starts again: runs could not be heard of in the meantime, and none of them is LOST for it."""

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

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


def test_a_server_that_stood_still_alone_gives_leases_their_time_back(world: World) -> None:
    mark = AliveMark(world.platform)
    mark.begin()
    dead = world.make_run("dead", lease_ms=5 * SECOND)
    for _ in range(20):
        world.now += SECOND // 2
        mark.look()
    run_id = world.make_run(lease_ms=20 * SECOND)
    mark.look()
    world.now += 60 * SECOND  # nothing of the process runs meanwhile, or it cannot reach the database
    mark.look()
    assert world("control.get", run_id=run_id)["lease"]["until"] == world.now + 20 * SECOND
    assert world.state(dead) == "LOST"
    world.now += SECOND // 2
    mark.look()
    assert world("control.get", run_id=run_id)["lease"]["until"] == world.now + 20 * SECOND - SECOND // 2


def test_a_server_that_stood_still_extends_nothing_while_another_listened(
    world: World, open_world: Callable[[], World]
) -> None:
    first, other = AliveMark(world.platform), open_world()
    second = AliveMark(other.platform)
    first.begin()
    second.begin()
    run_id = world.make_run(lease_ms=20 * SECOND)
    for step in range(120):
        other.now = world.now = world.now + SECOND // 2
        second.look()
        if step < 20:
            first.look()
    first.look()
    assert world.state(run_id) == "LOST"


def test_of_two_servers_that_stood_still_one_gives_leases_their_time_back_and_once(
    world: World, open_world: Callable[[], World], caplog: pytest.LogCaptureFixture
) -> None:
    first, other = AliveMark(world.platform), open_world()
    second = AliveMark(other.platform)
    first.begin()
    second.begin()
    run_id = world.make_run(lease_ms=20 * SECOND)
    for _ in range(20):  # the second one learns that the first one lives
        other.now = world.now = world.now + SECOND // 2
        first.look()
        second.look()
    other.now = world.now = world.now + HOUR
    first.look()
    until = world("control.get", run_id=run_id)["lease"]["until"]
    assert until == world.now + 20 * SECOND
    other.now = world.now = world.now + SECOND
    second.look()
    assert world("control.get", run_id=run_id)["lease"]["until"] == until
    assert len(caplog.records) == 1


def test_a_lease_given_to_an_idle_server_is_left_as_it_is(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    mark = AliveMark(world.platform)
    mark.begin()
    for _ in range(100):
        world.now += SECOND // 2
        mark.look()
    run_id = world.make_run(lease_ms=20 * SECOND)
    until = world.now + 20 * SECOND
    world.now += SECOND // 2
    mark.look()
    assert _mark(world) == world.now
    assert world("control.get", run_id=run_id)["lease"]["until"] == until
    assert caplog.records == []


def test_a_mark_that_is_written_long_after_it_was_decided_gives_leases_their_time_back(world: World) -> None:
    moments: list[int] = []
    clock = replace(world.platform, clock=lambda: moments.pop(0) if moments else world.now)
    mark = AliveMark(clock)
    mark.begin()
    run_id = world.make_run(lease_ms=20 * SECOND)
    world.now += MARK_EVERY_MS
    # The process stands still between its look and the transaction, or that waits for a lock.
    moments += [world.now, world.now + HOUR]
    mark.look()
    assert moments == []
    world.now += HOUR
    assert world("control.get", run_id=run_id)["lease"]["until"] == world.now + 20 * SECOND


def test_a_server_that_stops_counts_as_gone_from_when_it_takes_no_more_calls(
    world: World, open_world: Callable[[], World]
) -> None:
    mark = AliveMark(world.platform)
    mark.begin()
    run_id = world.make_run(lease_ms=10 * SECOND)
    world.now += 2 * SECOND
    mark.look()
    world.now += SECOND
    mark.leave()
    left = world.now
    for _ in range(40):  # what is under way takes twenty seconds
        world.now += SECOND // 2
        mark.look()
    mark.finish()
    assert _mark(world) == left
    again = open_world()
    again.now = world.now
    AliveMark(again.platform).begin()
    assert again("control.get", run_id=run_id)["lease"]["until"] == again.now + 10 * SECOND


def test_a_mark_of_a_clock_that_was_set_back_is_put_right_and_extends_nothing(
    world: World, open_world: Callable[[], World]
) -> None:
    running = AliveMark(world.platform)
    running.begin()
    run_id = world.make_run(lease_ms=20 * SECOND)
    until = world.now + 20 * SECOND
    for start in (False, True):
        world.now -= HOUR
        if start:
            AliveMark(world.platform).begin()
        else:
            running.look()
        assert _mark(world) == world.now
        assert world("control.get", run_id=run_id)["lease"]["until"] == until


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
