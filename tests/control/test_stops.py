"""Requests to stop, and what is told of a run's life."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from control.world import START, World
from headrace.api.runs import RunStatus
from headrace.base.errors import InvalidParameter, InvalidState, NotFound
from headrace.client import connect
from headrace.store.transaction import Kind
from serving import start_server


def _clock(world: World, run_id: str) -> int:
    """The change clock's last value for a run."""
    number: int = world.query(
        "SELECT MAX(c.clock) FROM hr_change c JOIN hr_run r ON r.id = c.subject WHERE c.kind = ? AND r.run_id = ?",
        Kind.RUN,
        run_id,
    )[0][0]
    return number


def test_a_request_is_seen_by_all_and_acknowledged_by_the_run(world: World) -> None:
    run_id = world.make_run()
    assert "stop" not in world("control.get", run_id=run_id)
    world.now += 10
    answer = world("control.request_stop", run_id=run_id, reason="it diverges")
    asked = {"asked_at": START + 10, "asked_by": "ann", "reason": "it diverges"}
    assert answer["stop"] == asked
    assert answer["state"] == "RUNNING"
    world.now += 10
    assert world("control.acknowledge", run_id=run_id)["stop"] == asked | {"seen_at": START + 20}
    world.now += 10
    assert world("control.acknowledge", run_id=run_id)["stop"]["seen_at"] == START + 20
    assert world("control.get", run_id=run_id)["stop"] == asked | {"seen_at": START + 20}


def test_followers_hear_of_a_request_and_of_what_becomes_of_it(world: World) -> None:
    run_id = world.make_run()
    seen = [_clock(world, run_id)]
    for call in ("request_stop", "acknowledge", "cancel_stop"):
        world(f"control.{call}", run_id=run_id)
        seen.append(_clock(world, run_id))
    assert seen == sorted(set(seen))
    for call in ("cancel_stop", "acknowledge"):  # nothing changes, so nobody is told
        world(f"control.{call}", run_id=run_id)
        assert _clock(world, run_id) == seen[-1]


def test_a_run_hears_of_a_request_with_each_batch_until_it_says_so(world: World) -> None:
    run_id = world.make_run(lease_ms=1_000)
    assert "stop" not in world.send(run_id)
    world("control.request_stop", run_id=run_id, reason="it diverges")
    wanted = {"reason": "it diverges", "asked_at": START, "asked_by": "ann"}
    assert world.send(run_id)["stop"] == wanted
    assert world.send(run_id, lease_ms=1_000)["stop"] == wanted
    assert "stop" not in world.send(run_id, stop_seen=True)
    assert world("control.get", run_id=run_id)["stop"]["seen_at"] == START
    assert "stop" not in world.send(run_id)


def test_a_second_request_changes_nothing(world: World) -> None:
    run_id = world.make_run()
    world("control.request_stop", run_id=run_id, reason="first")
    world("control.acknowledge", run_id=run_id)
    world.now += 10
    stop = world("control.request_stop", run_id=run_id, reason="second")["stop"]
    assert (stop["reason"], stop["asked_at"], stop["seen_at"]) == ("first", START, START)


def test_a_request_that_was_taken_back_can_be_made_again(world: World) -> None:
    run_id = world.make_run()
    world("control.request_stop", run_id=run_id, reason="first")
    assert "stop" not in world("control.cancel_stop", run_id=run_id)
    assert world("control.request_stop", run_id=run_id, reason="second")["stop"]["reason"] == "second"


def test_a_run_that_has_ended_cannot_be_asked(world: World) -> None:
    run_id = world.make_run()
    world("runs.update", run_id=run_id, status="KILLED", end_time=77)
    with pytest.raises(InvalidState, match=f"{run_id}' has ended at 77, as KILLED: there is nothing to stop"):
        world("control.request_stop", run_id=run_id)


def test_a_lost_run_can_be_asked_for_it_may_come_back(world: World) -> None:
    run_id = world.make_run(lease_ms=10)
    world.now += 1_000_000
    answer = world("control.request_stop", run_id=run_id)
    assert (answer["state"], answer["stop"]["asked_at"]) == ("LOST", world.now)


def test_a_deleted_run_can_be_looked_at_and_not_be_asked(world: World) -> None:
    run_id = world.make_run()
    world("runs.delete", run_id=run_id)
    assert world.state(run_id) == "RUNNING"
    with pytest.raises(InvalidParameter, match="is deleted; restore it first"):
        world("control.request_stop", run_id=run_id)


def test_a_run_that_is_not_there_is_not_found(world: World) -> None:
    for call in ("get", "request_stop", "cancel_stop", "acknowledge"):
        with pytest.raises(NotFound, match="'nobody' does not exist"):
            world(f"control.{call}", run_id="nobody")


def test_a_reason_that_is_too_long_is_refused(world: World) -> None:
    run_id = world.make_run()
    with pytest.raises(InvalidParameter, match="1000"):
        world("control.request_stop", run_id=run_id, reason="x" * 1001)


def test_a_run_that_comes_back_is_not_stopped_by_the_request_that_ended_it(world: World) -> None:
    run_id = world.make_run()
    world("control.request_stop", run_id=run_id)
    world("runs.update", run_id=run_id, status="RUNNING")  # it runs all the time: the request stands
    assert "stop" in world("control.get", run_id=run_id)
    world("runs.update", run_id=run_id, status="KILLED", end_time=9)
    assert "stop" in world("control.get", run_id=run_id)
    world("runs.update", run_id=run_id, status="RUNNING")
    assert "stop" not in world("control.get", run_id=run_id)


def test_attempts_forks_and_changed_params_are_told(world: World) -> None:
    parent, run_id = world.make_run("parent"), world.make_run("child")
    world("runs.log_param", run_id=run_id, key="lr", value="0.3")
    first, second = (
        world.query("SELECT id FROM hr_run WHERE run_id = ?", each)[0][0] for each in (parent, run_id)
    )

    def insert(tx: Any) -> None:
        key = tx.row("SELECT id FROM hr_key WHERE name = 'lr'")[0]
        tx.change("UPDATE hr_run SET attempt = 2 WHERE id = ?", (second,))
        tx.change_many(
            "INSERT INTO hr_attempt (run, attempt, name, from_step, started_at) VALUES (?, ?, ?, ?, ?)",
            [(second, 1, "job7.1", 400, 6), (second, 0, "job7.0", None, 5), (first, 0, "job6", None, 1)],
        )
        tx.change("INSERT INTO hr_fork (run, parent, step) VALUES (?, ?, 300)", (second, first))
        tx.change_many(
            "INSERT INTO hr_param_past (run, key_id, attempt, value) VALUES (?, ?, ?, ?)",
            [(second, key, 1, "0.2"), (second, key, 0, "0.1")],
        )

    world.write(insert)
    found = world("control.get", run_id=run_id)
    assert found == {
        "run_id": run_id,
        "state": "RUNNING",
        "attempt": 2,
        "attempts": [
            {"attempt": 0, "name": "job7.0", "started_at": 5},
            {"attempt": 1, "name": "job7.1", "from_step": 400, "started_at": 6},
        ],
        "fork": {"run_id": parent, "step": 300},
        "past_params": [
            {"key": "lr", "value": "0.1", "attempt": 0},
            {"key": "lr", "value": "0.2", "attempt": 1},
        ],
    }


def test_over_http_by_client_command_and_plain_rest(url: str, tmp_path: Path) -> None:
    with start_server(tmp_path / "server", backend_store_uri=url) as server, connect(server.url) as client:
        run_id = client.runs.create("0").info.run_id
        assert client.control.get(run_id).state == "RUNNING"
        ran = subprocess.run(
            [
                sys.executable,
                "-m",
                "headrace",
                "runs",
                "stop",
                run_id,
                "--reason",
                "too slow",
                "--tracking-uri",
                server.url,
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        assert ran.stdout == f"Asked to stop run {run_id}.\n"
        assert client.control.get(run_id).stop.reason == "too slow"
        assert not client.control.get(run_id).stop.seen_at
        request = urllib.request.Request(
            f"{server.url}/api/headrace/v1/control/acknowledge",
            data=json.dumps({"run_id": run_id}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert json.load(answer)["stop"]["seen_at"] > 0
        assert client.control.get(run_id).stop.seen_at
        assert not client.control.cancel_stop(run_id).stop
        client.runs.update(run_id, status=RunStatus.FINISHED)
        with pytest.raises(InvalidState, match="has ended"):
            client.control.request_stop(run_id)
        ran = subprocess.run(
            [sys.executable, "-m", "headrace", "runs", "stop", run_id, "--tracking-uri", server.url],
            check=False,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 1
        assert "there is nothing to stop" in ran.stderr
