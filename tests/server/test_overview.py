"""What pages ask for besides MLflow's calls: experiments with their counts, the state of the server, a run's place in the order of creation."""

import base64
import random
import struct
from collections.abc import Callable
from typing import Any

import pytest

from headrace.api.runs import RunStatus
from headrace.server.guard import GuardSettings
from headrace.services.context import Platform
from headrace.store import leases

Call = Callable[..., Any]
API = "/api/2.0/mlflow/"
OVERVIEW = "/api/headrace/v1/experiments/overview"
STATE = "/api/headrace/v1/server/state"


def _create_experiment(call: Call, name: str) -> str:
    found: str = call("POST", f"{API}experiments/create", body={"name": name}).json["experiment_id"]
    return found


def _create_run(call: Call, experiment_id: str = "0", start_time: int = 1000) -> str:
    body = {"experiment_id": experiment_id, "start_time": start_time}
    found: str = call("POST", f"{API}runs/create", body=body).json["run"]["info"]["run_id"]
    return found


def _end(call: Call, run_id: str, status: str = "FINISHED") -> None:
    answer = call("POST", f"{API}runs/update", body={"run_id": run_id, "status": status, "end_time": 2000})
    assert answer.status == 200


def _overview(call: Call, **fields: Any) -> dict[str, Any]:
    answer = call("POST", OVERVIEW, body=fields)
    assert answer.status == 200, answer.body
    return {each["name"]: each for each in answer.json["experiments"]}


def _counts(call: Call, name: str = "Default", **fields: Any) -> tuple[int, int, int | None]:
    found = _overview(call, **fields)[name]
    return found["runs"], found["running"], found.get("last_run_time")


def test_an_experiment_has_its_counts_and_when_its_latest_run_began(call: Call) -> None:
    other = _create_experiment(call, "team/other")
    call(
        "POST",
        f"{API}experiments/set-experiment-tag",
        body={"experiment_id": other, "key": "a", "value": "b"},
    )
    assert _counts(call) == (0, 0, None)
    first, second = _create_run(call, start_time=5000), _create_run(call, start_time=3000)
    _create_run(call, other, start_time=7000)
    assert _counts(call) == (2, 2, 5000)
    assert _counts(call, "team/other") == (1, 1, 7000)
    _end(call, first)
    assert _counts(call) == (2, 1, 5000)
    _end(call, second, "FAILED")
    assert _counts(call) == (2, 0, 5000)
    _end(call, first, "RUNNING")
    assert _counts(call) == (2, 1, 5000)
    call("POST", f"{API}runs/delete", body={"run_id": first})
    assert _counts(call) == (1, 0, 3000)
    call("POST", f"{API}runs/restore", body={"run_id": first})
    assert _counts(call) == (2, 1, 5000)
    found = _overview(call)["team/other"]
    assert found["tags"] == [{"key": "a", "value": "b"}]
    assert found["lifecycle_stage"] == "active"
    assert found["last_update_time"] >= found["creation_time"] > 0


def test_a_deleted_experiment_shows_the_runs_that_went_with_it(call: Call) -> None:
    number = _create_experiment(call, "gone")
    _create_run(call, number, 9000)
    call("POST", f"{API}experiments/delete", body={"experiment_id": number})
    assert "gone" not in _overview(call)
    assert _counts(call, "gone", view_type="DELETED_ONLY") == (1, 1, 9000)
    assert set(_overview(call, view_type="ALL")) == {"Default", "gone"}


def test_a_run_whose_lease_is_over_does_not_run(call: Call, platform: Platform) -> None:
    run_id = _create_run(call)
    now = platform.clock()

    def lease(tx: Any) -> None:
        row = tx.row("SELECT id FROM hr_run WHERE run_id = ?", (run_id,))
        tx.change(
            "INSERT INTO hr_lease (run, until, length) VALUES (?, ?, ?)", (row[0], now + 60_000, 60_000)
        )

    platform.store.writer.call(lease)
    assert _counts(call)[1] == 1
    later = {"clock": lambda: now + 61_000}
    found = call("POST", OVERVIEW, body={}, replace=later).json["experiments"][0]
    assert (found["runs"], found["running"]) == (1, 0)
    assert leases.LOST not in {status.number for status in RunStatus}


def test_an_overview_comes_in_pages_and_by_filter(call: Call) -> None:
    for at in range(5):
        _create_experiment(call, f"team/{at}")
    seen: list[str] = []
    token = ""
    while True:
        body = {"max_results": 2, "page_token": token, "filter": "name LIKE 'team/%'", "order_by": ["name"]}
        page = call("POST", OVERVIEW, body=body).json
        seen += [each["name"] for each in page["experiments"]]
        token = page.get("next_page_token", "")
        if not token:
            break
    assert seen == [f"team/{at}" for at in range(5)]
    assert call("POST", OVERVIEW, body={"filter": "nonsense"}).status == 400


def test_counts_stay_right_whatever_the_order_of_changes(call: Call) -> None:
    """What is kept between calls is compared with a count of everything."""
    other = _create_experiment(call, "other")
    runs: list[str] = []
    chance = random.Random(7)
    for at in range(80):
        match chance.choice(["create", "update", "delete", "restore"]) if runs else "create":
            case "create":
                runs.append(_create_run(call, chance.choice(["0", other]), at))
            case "update":
                status = chance.choice(["FINISHED", "RUNNING", "KILLED"])
                call("POST", f"{API}runs/update", body={"run_id": chance.choice(runs), "status": status})
            case verb:
                call("POST", f"{API}runs/{verb}", body={"run_id": chance.choice(runs)})
        if at % 3 == 0:
            found = _overview(call)
            for name, number in (("Default", "0"), ("other", other)):
                every = call("POST", f"{API}runs/search", body={"experiment_ids": [number]}).json.get(
                    "runs", []
                )
                running = sum(each["info"]["status"] == "RUNNING" for each in every)
                assert (found[name]["runs"], found[name]["running"]) == (len(every), running)


def test_the_state_says_what_the_server_is_and_holds(call: Call, platform: Platform) -> None:
    _create_experiment(call, "second")
    _end(call, _create_run(call))
    _create_run(call)
    found = call("GET", STATE).json
    assert found["database"] == platform.store.address.shown
    assert found["database_version"].startswith("3.")
    assert found["python"].startswith("3.")
    assert found["schema"].isdigit()
    assert found["artifact_root"].endswith("artifacts")
    assert (found["experiments"], found["runs"], found["running"]) == (2, 2, 1)
    assert (found["jobs_pending"], found["jobs_running"], found["duties"]) == (0, 0, [])
    assert found["serves_artifacts"] is True
    assert found["started_at"] == platform.started_at > 0
    assert 0 <= found["uptime_ms"] < 600_000
    assert found["needs_token"] is False
    guarded = call(
        "GET", STATE, guard=GuardSettings(token="secret"), headers={"authorization": "Bearer secret"}
    )
    assert guarded.json["needs_token"] is True


@pytest.mark.parametrize("select", [["number"], ["number", "run_id", "metrics.loss"]])
def test_a_run_s_number_is_its_place_in_the_order_of_creation_and_stays(
    call: Call, select: list[str]
) -> None:
    other = _create_experiment(call, "other")
    made = [_create_run(call, number, start) for number, start in (("0", 9), (other, 1), ("0", 5), ("0", 7))]

    def read() -> list[int]:
        body = {"experiment_ids": ["0", other], "select": select, "order_by": ["attributes.start_time ASC"]}
        column = call("POST", "/api/headrace/v1/tables/runs", body=body).json["columns"][0]
        assert (column["name"], column["type"]) == ("number", "int64")
        values = base64.b64decode(column["values"])
        return list(struct.unpack(f"<{len(values) // 8}q", values))

    numbers = read()
    assert sorted(numbers) == [numbers[3], numbers[0], numbers[1], numbers[2]]
    call("POST", f"{API}runs/delete", body={"run_id": made[1]})
    assert read() == numbers[1:]


def test_without_a_choice_of_columns_the_number_is_left_out(call: Call) -> None:
    _create_run(call)
    names = [
        each["name"]
        for each in call("POST", "/api/headrace/v1/tables/runs", body={"experiment_ids": ["0"]}).json[
            "columns"
        ]
    ]
    assert "run_id" in names
    assert "number" not in names
