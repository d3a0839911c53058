"""Runs that are not heard of any more: LOST in headrace's own API, and what MLflow's wire shows of them."""

from collections.abc import Callable, Iterable
from typing import Any

from control.world import START, World
from headrace.search.fields import RUNS, complete_order
from headrace.search.parser import parse_filter, parse_order_by
from headrace.store import leases, runs
from headrace.store.connection import Connection, Params, Row
from headrace.store.run_search import RunSearch, search_runs
from headrace.store.transaction import Kind

SECOND, HOUR = 1_000, 3_600_000


def _count_changes(world: World, run_id: str) -> int:
    return len(
        world.query(
            "SELECT 1 FROM hr_change c JOIN hr_run r ON r.id = c.subject WHERE c.kind = ? AND r.run_id = ?",
            Kind.RUN,
            run_id,
        )
    )


def _find_own(world: World, text: str, *order_by: str) -> list[str]:
    """Names of the runs that a search finds in which LOST is a status."""
    search = RunSearch(
        (0,),
        parse_filter(text, RUNS),
        complete_order(parse_order_by(order_by, RUNS), RUNS),
        100,
        now=world.now,
        own=True,
    )
    with world.platform.store.read() as conn:
        ids, _ = search_runs(conn, search, None)
        return [runs.get_info(conn, number, world.now).run_name for number in ids]


def test_a_run_is_lost_when_its_lease_is_over_and_not_before(world: World) -> None:
    run_id = world.make_run(lease_ms=60 * SECOND)
    world.now += 60 * SECOND
    assert world.state(run_id) == "RUNNING"
    world.now += 1
    assert world.state(run_id) == "LOST"
    assert world("control.get", run_id=run_id)["lease"] == {
        "until": START + 60 * SECOND,
        "length_ms": 60 * SECOND,
    }


def test_a_late_heartbeat_revives_a_lost_run(world: World) -> None:
    run_id = world.make_run(lease_ms=60 * SECOND)
    for silence in (2 * 60 * SECOND, HOUR):  # shown as RUNNING by MLflow's wire in between, and as FAILED
        world.now += silence
        assert world.state(run_id) == "LOST"
        world.beat(run_id, 60 * SECOND)
        assert world.state(run_id) == "RUNNING"
        assert world.wire(run_id) == ("RUNNING", None)


def test_a_batch_that_asks_for_no_lease_does_not_revive(world: World) -> None:
    run_id = world.make_run(lease_ms=60 * SECOND)
    world.now += HOUR
    world.send(run_id, tags=[["late", "yes"]])
    assert world.state(run_id) == "LOST"


def test_followers_hear_of_a_revival_but_not_of_every_heartbeat(world: World) -> None:
    run_id = world.make_run(lease_ms=60 * SECOND)
    before = _count_changes(world, run_id)
    world.now += 30 * SECOND
    world.beat(run_id, 60 * SECOND)
    assert _count_changes(world, run_id) == before
    world.now += HOUR
    world.beat(run_id, 60 * SECOND)
    assert _count_changes(world, run_id) == before + 1


def test_a_run_without_a_lease_is_silent_for_an_hour_and_stays_running(world: World) -> None:
    run_id = world.make_run("quiet")
    world.make_run("neighbour", lease_ms=SECOND)
    world.now += HOUR
    assert world.state(run_id) == "RUNNING"
    assert world.wire(run_id) == ("RUNNING", None)
    assert world.find("status = 'RUNNING'") == ["quiet"]
    assert _find_own(world, "status = 'RUNNING'") == ["quiet"]
    assert "lease" not in world("control.get", run_id=run_id)


def test_mlflows_wire_shows_a_lost_run_as_running_until_ten_leases_have_passed(world: World) -> None:
    run_id = world.make_run(lease_ms=60 * SECOND)
    world.now += 11 * 60 * SECOND
    assert world.state(run_id) == "LOST"
    assert world.wire(run_id) == ("RUNNING", None)
    assert world.find("status = 'RUNNING'") == ["run"]
    assert world.find("status = 'FAILED'") == []
    assert world.find("end_time IS NULL") == ["run"]


def test_then_get_search_and_update_show_it_as_failed_when_its_lease_ended(world: World) -> None:
    run_id = world.make_run(lease_ms=60 * SECOND)
    world.now += 11 * 60 * SECOND + 1
    failed = ("FAILED", START + 60 * SECOND)
    assert world.wire(run_id) == failed
    info = world("runs.search", experiment_ids=["0"])["runs"][0]["info"]
    assert (info["status"], info["end_time"]) == failed
    info = world("runs.update", run_id=run_id, run_name="renamed")["run_info"]
    assert (info["status"], info["end_time"]) == failed
    assert world.state(run_id) == "LOST"


def test_then_filters_take_it_as_failed(world: World) -> None:
    world.make_run("dead", lease_ms=SECOND)
    world.make_run("alive")
    ended = world.make_run("finished")
    world("runs.update", run_id=ended, status="FINISHED", end_time=START + 5)
    world.now += HOUR
    assert world.find("status = 'FAILED'") == ["dead"]
    assert world.find("attributes.status = 'RUNNING'") == ["alive"]
    assert sorted(world.find("status != 'RUNNING'")) == ["dead", "finished"]
    assert sorted(world.find("status != 'FAILED'")) == ["alive", "finished"]
    assert sorted(world.find("status IN ('FAILED', 'FINISHED')")) == ["dead", "finished"]
    assert sorted(world.find("NOT status = 'FAILED'")) == ["alive", "finished"]
    assert world.find(f"end_time = {START + SECOND}") == ["dead"]
    assert world.find("end_time IS NULL") == ["alive"]


def test_then_orders_take_it_as_failed_on_every_page(world: World) -> None:
    for number in range(4):
        world.make_run(f"dead {number}", lease_ms=SECOND + number)
        world.make_run(f"alive {number}")
    ended = world.make_run("finished")
    world("runs.update", run_id=ended, status="FINISHED", end_time=START + 5)
    world.now += HOUR
    names = [name.partition(" ")[0] for name in world.find("", "status ASC")]
    assert names == ["dead"] * 4 + ["finished"] + ["alive"] * 4
    assert world.find("", "end_time ASC")[:5] == ["finished", "dead 0", "dead 1", "dead 2", "dead 3"]
    found, token = [], ""
    for _ in range(9):
        page = world(
            "runs.search", experiment_ids=["0"], order_by=["status ASC"], max_results=1, page_token=token
        )
        found += [run["info"]["run_name"].partition(" ")[0] for run in page["runs"]]
        token = page.get("next_page_token", "")
    assert found == names
    assert not token


def test_the_own_search_knows_lost_as_a_status(world: World) -> None:
    world.make_run("lost", lease_ms=SECOND)
    world.make_run("alive", lease_ms=HOUR)
    world.now += 2 * SECOND
    assert _find_own(world, "status = 'LOST'") == ["lost"]
    assert _find_own(world, "status = 'RUNNING'") == ["alive"]
    assert _find_own(world, "", "status ASC") == ["lost", "alive"]
    world.now += HOUR
    assert sorted(_find_own(world, "status = 'LOST'")) == ["alive", "lost"]
    assert _find_own(world, "status = 'FAILED'") == []
    assert _find_own(world, "end_time IS NULL AND status != 'LOST'") == []


def test_a_run_that_has_ended_has_no_lease_and_gets_none(world: World) -> None:
    run_id = world.make_run(lease_ms=SECOND)
    world("runs.update", run_id=run_id, status="FINISHED", end_time=START + 5)
    assert world.query("SELECT * FROM hr_lease") == []
    world.beat(run_id, SECOND)
    assert world.query("SELECT * FROM hr_lease") == []
    world.now += HOUR
    assert world.state(run_id) == "FINISHED"


def test_a_lost_run_that_mlflows_client_resumes_is_running_for_good(world: World) -> None:
    run_id = world.make_run(lease_ms=SECOND)
    world.now += HOUR
    world("runs.update", run_id=run_id, status="RUNNING")
    assert world.wire(run_id) == ("RUNNING", None)
    world.now += HOUR
    assert world.state(run_id) == "RUNNING"


class Recorder(Connection):
    """A connection that keeps what it was asked."""

    __slots__ = ("asked",)

    def rows(self, sql: str, params: Params = ()) -> list[Row]:
        self.asked.append(sql)
        return super().rows(sql, params)

    def row(self, sql: str, params: Params = ()) -> Row | None:
        self.asked.append(sql)
        return super().row(sql, params)

    def rows_in(self, sql: str, ids: Iterable[Any], before: Params = ()) -> list[Row]:
        self.asked.append(sql)
        return super().rows_in(sql, ids, before)

    def ask(self, sql: str, params: Params = ()) -> Callable[[], list[Row]]:
        self.asked.append(sql)
        return super().ask(sql, params)

    def ask_in(self, sql: str, ids: Iterable[Any], before: Params = ()) -> Callable[[], list[Row]]:
        self.asked.append(sql)
        return super().ask_in(sql, ids, before)


def test_a_search_makes_no_query_of_its_own_for_leases(world: World) -> None:
    world.make_run(lease_ms=SECOND)
    search = RunSearch((0,), None, complete_order((), RUNS), 100, now=world.now)
    with world.platform.store.read() as conn:
        recorder = Recorder(conn.cursor, conn.dialect, conn.caches)
        recorder.asked = []
        ids, _ = search_runs(recorder, search, None)
        assert len(runs.build_runs(recorder, ids, world.now)) == 1
    with_leases = [sql for sql in recorder.asked if "hr_lease" in sql]
    assert len(recorder.asked) > len(with_leases) == 1
    assert "FROM hr_run WHERE id IN" in with_leases[0]


def test_reviving_is_for_leases_that_were_valid_at_the_moment_given(world: World) -> None:
    lost = world.make_run("lost", lease_ms=SECOND)
    live = world.make_run("live", lease_ms=60 * SECOND)
    long = world.make_run("long", lease_ms=10 * HOUR)
    seen = START + 30 * SECOND
    world.now += HOUR
    assert world.write(lambda tx: leases.revive(tx, seen, world.now)) == 2
    assert [world.state(each) for each in (lost, live, long)] == ["LOST", "RUNNING", "RUNNING"]
    assert world("control.get", run_id=live)["lease"]["until"] == world.now + 60 * SECOND
    assert world("control.get", run_id=long)["lease"]["until"] == world.now + 10 * HOUR
