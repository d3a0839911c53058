"""changes.follow over HTTP: what is told, from where, in which pages, and what is refused."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from headrace.api.endpoint import Need, Resource
from headrace.services.context import Actor, Context, Platform
from headrace.store.transaction import Kind, Transaction

PATH = "/api/headrace/v1/changes/follow"
Call = Callable[..., Any]


def _touch(platform: Platform, *subjects: int, experiment: int = 1, kind: Kind = Kind.EXPERIMENT) -> None:
    def work(tx: Transaction) -> None:
        for subject in subjects:
            tx.touch(kind, subject, experiment)

    platform.store.writer.call(work)


def _clock(platform: Platform) -> int:
    with platform.store.read() as conn:
        row = conn.row("SELECT value FROM hr_clock")
    assert row is not None
    return int(row[0])


def _ask(call: Call, **fields: Any) -> Any:
    answer = call("POST", PATH, body=fields)
    assert answer.status == 200, answer.body
    return answer.json


def test_without_a_cursor_it_begins_now(call: Call, platform: Platform) -> None:
    now = str(_clock(platform))
    assert _ask(call) == {"cursor": now, "changes": [], "reset": False, "more": False}
    _touch(platform, 5)
    assert [change["id"] for change in _ask(call, cursor=now)["changes"]] == ["5"]


def test_a_clock_is_a_cursor_too(call: Call, platform: Platform) -> None:
    now = _clock(platform)
    _touch(platform, 5)
    assert _ask(call, cursor=now) == _ask(call, cursor=str(now))
    assert _ask(call, cursor=now)["changes"] == [
        {"clock": now + 1, "kind": "EXPERIMENT", "id": "5", "experiment_id": "1"}
    ]


def test_what_is_written_through_the_api_is_told(call: Call, platform: Platform) -> None:
    cursor = _ask(call)["cursor"]
    run = call("POST", "/api/2.0/mlflow/runs/create", body={"experiment_id": "0"}).json["run"]["info"][
        "run_id"
    ]
    call("POST", "/api/2.0/mlflow/runs/set-tag", body={"run_id": run, "key": "k", "value": "v"})
    call(
        "POST",
        "/api/2.0/mlflow/runs/log-metric",
        body={"run_id": run, "key": "k", "value": 1, "timestamp": 1},
    )
    call(
        "POST",
        "/api/2.0/mlflow/experiments/set-experiment-tag",
        body={"experiment_id": "0", "key": "k", "value": "v"},
    )
    told = _ask(call, cursor=cursor)["changes"]
    assert [(each["kind"], each["id"], each["experiment_id"]) for each in told] == [
        ("RUN", run, "0"),
        ("RUN", run, "0"),
        ("METRICS", run, "0"),
        ("EXPERIMENT", "0", "0"),
    ]
    assert [each["clock"] for each in told] == list(range(int(cursor) + 1, int(cursor) + 5))


def test_what_is_gone_is_told_with_what_is_known(call: Call, platform: Platform) -> None:
    cursor = _ask(call)["cursor"]
    _touch(platform, 4711, kind=Kind.RUN, experiment=3)
    _touch(platform, 4711, kind=Kind.JOB, experiment=-1)
    told = _ask(call, cursor=cursor)["changes"]
    assert [(each["kind"], each["id"], each["experiment_id"]) for each in told] == [
        ("RUN", "", "3"),
        ("JOB", "", ""),
    ]


def test_pages_tell_everything_once_even_within_a_commit(call: Call, platform: Platform) -> None:
    first = cursor = _ask(call)["cursor"]
    _touch(platform, *range(10), experiment=-1)
    _touch(platform, *range(7))
    whole = _ask(call, cursor=cursor)
    told: list[Any] = []
    pages = 0
    more = True
    while more:
        page = _ask(call, cursor=cursor, limit=3)
        told += page["changes"]
        cursor, more = page["cursor"], page["more"]
        assert len(page["changes"]) <= 3
        pages += 1
    assert told == whole["changes"]
    assert (len(told), pages, cursor) == (17, 6, whole["cursor"])
    assert whole["cursor"] == str(int(first) + 2)


def test_a_filter_passes_what_belongs_to_one_of_its_things(call: Call, platform: Platform) -> None:
    cursor = _ask(call)["cursor"]
    run = call("POST", "/api/2.0/mlflow/runs/create", body={"experiment_id": "0"}).json["run"]["info"][
        "run_id"
    ]
    _touch(platform, 8, experiment=8)
    _touch(platform, 9, experiment=9)

    def clocks(**fields: Any) -> list[int]:
        answer = _ask(call, cursor=cursor, **fields)
        assert answer["cursor"] == str(int(cursor) + 3)
        return [each["clock"] - int(cursor) for each in answer["changes"]]

    assert clocks(experiment_ids=["8"]) == [2]
    assert clocks(experiment_ids=["8", "009"]) == [2, 3]
    assert clocks(run_ids=[run]) == [1]
    assert clocks(run_ids=[run, "unknown"], experiment_ids=["9"]) == [1, 3]
    assert clocks(run_ids=["8"]) == [], "the id of an experiment is none of a run"
    assert clocks(experiment_ids=["7"]) == []


def test_few_among_very_many_are_found_page_by_page(call: Call, platform: Platform) -> None:
    cursor = first = _ask(call)["cursor"]
    _touch(platform, *range(12_000), experiment=1)
    _touch(platform, 5, experiment=2)
    told: list[Any] = []
    calls, more = 0, True
    while more:
        page = _ask(call, cursor=cursor, experiment_ids=["2"])
        told += page["changes"]
        cursor, more, calls = page["cursor"], page["more"], calls + 1
    assert [each["clock"] for each in told] == [int(first) + 2]
    assert calls == 3


@pytest.mark.parametrize("wait_ms", [0, 2000])
def test_a_cursor_that_the_log_does_not_reach_back_to_is_reset(
    call: Call, platform: Platform, wait_ms: int
) -> None:
    for _ in range(5):
        _touch(platform, 1)
    clock = _clock(platform)
    platform.store.writer.call(lambda tx: tx.change("DELETE FROM hr_change WHERE clock < ?", (clock - 1,)))
    anew = {"cursor": str(clock), "changes": [], "reset": True, "more": False}
    for cursor in (0, clock - 3, f"{clock - 2}.2.1.1", clock + 1, 10**17):
        assert _ask(call, cursor=cursor, wait_ms=wait_ms) == anew
    assert len(_ask(call, cursor=clock - 2, wait_ms=wait_ms)["changes"]) == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"cursor": "x"}, "Invalid cursor 'x'"),
        ({"cursor": "-1"}, "Invalid cursor"),
        ({"cursor": -1}, "Invalid cursor"),
        ({"cursor": "1.2"}, "Invalid cursor"),
        ({"cursor": "1.2.3.4.5"}, "Invalid cursor"),
        ({"cursor": "9" * 19}, "Invalid cursor"),
        ({"cursor": "1.2.3.\u0664"}, "Invalid cursor"),
        ({"cursor": 1.5}, "cursor"),
        ({"cursor": ["1"]}, "cursor"),
        ({"wait_ms": -1}, "Invalid wait_ms -1"),
        ({"wait_ms": 60_001}, "between 0 and 60000"),
        ({"limit": 0}, "Invalid limit 0"),
        ({"limit": 10_001}, "Invalid limit 10001"),
        ({"experiment_ids": ["x"]}, "Invalid experiment id 'x'"),
        ({"experiment_ids": [""]}, "Invalid experiment id"),
        ({"run_ids": ["a b"]}, "Invalid run id"),
        ({"run_ids": ["r"] * 600, "experiment_ids": ["1"] * 401}, "names 1001"),
        ({"run_ids": "r"}, "run_ids"),
    ],
    ids=str,
)
def test_a_wrong_value_is_refused(call: Call, fields: dict[str, Any], said: str) -> None:
    for wait_ms in {0, 1000} if "wait_ms" not in fields else {0}:
        answer = call("POST", PATH, body={"wait_ms": wait_ms, **fields})
        assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert said in answer.json["message"]


def test_a_wait_without_news_ends_in_time(call: Call, platform: Platform) -> None:
    cursor = _ask(call)["cursor"]
    for fields in ({"cursor": cursor}, {}, {"cursor": cursor, "experiment_ids": ["1"]}):
        start = time.monotonic()
        answer = _ask(call, wait_ms=300, **fields)
        assert 0.29 < time.monotonic() - start < 15
        assert answer == {"cursor": cursor, "changes": [], "reset": False, "more": False}


class Doorkeeper:
    """A policy that lets nobody read one kind of thing."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self.asked: list[str] = []

    def grants_all(self, actor: Actor) -> bool:
        return False

    def permits(self, context: Context, need: Need, target: str) -> bool:
        self.asked.append(target)
        return need.resource is not self._resource


@pytest.mark.parametrize("wait_ms", [0, 200])
def test_whoever_may_not_read_a_thing_may_not_follow_it(call: Call, wait_ms: int) -> None:
    fields = {"wait_ms": wait_ms, "experiment_ids": ["1", "2"], "run_ids": ["r"]}
    for resource, status in (
        (Resource.RUN, 403),
        (Resource.EXPERIMENT, 403),
        (Resource.SERVER, 403),
        (Resource.MODEL, 200),
    ):
        policy = Doorkeeper(resource)
        assert call("POST", PATH, replace={"policy": policy}, body=fields).status == status
        assert policy.asked
    assert policy.asked == ["", "1", "2", "r"]


def test_a_call_is_audited_once(call: Call, platform: Platform) -> None:
    records: list[Any] = []
    call("POST", PATH, replace={"audit": (records.append,)}, body={"wait_ms": 100})
    call("POST", PATH, replace={"audit": (records.append,)}, body={"limit": 0})
    assert [(each.endpoint, each.outcome) for each in records] == [
        ("changes.follow", "OK"),
        ("changes.follow", "INVALID_PARAMETER_VALUE"),
    ]
