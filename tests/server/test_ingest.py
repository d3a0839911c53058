"""headrace's own ingest over HTTP: bodies as they are on the wire, good, old and bad."""

import base64
import json
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headrace.api.ingest import MAX_POINTS, MAX_RUNS
from headrace.services.context import Actor, Context, Platform
from headrace.services.permissions import AllRights

Call = Callable[..., Any]

DATA = Path(__file__).parent.parent / "data"
SEND = "/api/headrace/v1/ingest/send"
MSGPACK = {"content-type": "application/msgpack"}


def _send(call: Call, body: dict[str, Any] | bytes, **more: Any) -> Any:
    data = body if isinstance(body, bytes) else msgspec.msgpack.encode(body)
    return call("POST", SEND, body=data, headers=MSGPACK, **more)


def _read(answer: Any) -> Any:
    assert answer.status == 200, answer.body
    return msgspec.msgpack.decode(answer.body)


def _batch(seq: int = 1, **block: Any) -> dict[str, Any]:
    return {"format": 2, "writer": "w", "seq": seq, "runs": [{"run_id": "run", **block}]}


def _start(**more: Any) -> dict[str, Any]:
    return {"start": {"experiment_id": "0", **more}}


def _columns(*points: tuple[int, int, float], key: str = "loss", **series: Any) -> dict[str, Any]:
    times, steps, values = zip(*points, strict=True)
    count = len(points)
    return {
        "series": [{"key": key, "count": count, **series}],
        "time": struct.pack(f"<{count}q", *times),
        "step": struct.pack(f"<{count}q", *steps),
        "value": struct.pack(f"<{count}d", *values),
    }


def _history(call: Call, key: str, run_id: str = "run") -> list[tuple[int, int, Any]]:
    answer = call("GET", "/api/2.0/mlflow/metrics/get-history", query=f"run_id={run_id}&metric_key={key}")
    return [(each["timestamp"], each["step"], each["value"]) for each in answer.json.get("metrics", [])]


def _get(call: Call, run_id: str = "run") -> Any:
    return call("GET", "/api/2.0/mlflow/runs/get", query=f"run_id={run_id}").json["run"]


def _count_everything(platform: Platform) -> list[int]:
    tables = (
        "hr_run",
        "hr_param",
        "hr_tag",
        "hr_point",
        "hr_series",
        "hr_writer",
        "hr_ledger",
        "hr_experiment",
        "hr_change",
    )
    with platform.store.read() as conn:
        return [conn.rows(f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables]


@pytest.mark.parametrize("body_format", [1, 2])
def test_a_recorded_body_of_each_format_is_stored_whole(
    call: Call, platform: Platform, body_format: int
) -> None:
    body = (DATA / f"ingest-format-{body_format}.msgpack").read_bytes()
    answer = _read(_send(call, body))
    assert (answer["applied"], answer["records"], answer["stored"]) == ("NOW", 14, 14)
    assert answer["rejected"] == []
    run = _get(call, "recorded-run")
    info = run["info"]
    told = {"run_id": "recorded-run", "attempt": 0, "experiment_id": "1"}
    assert answer["runs"] == [told | {"artifact_uri": info["artifact_uri"]}]
    assert (info["run_name"], info["user_id"], info["status"]) == ("first", "ada", "FINISHED")
    assert (info["start_time"], info["end_time"]) == (1_700_000_000_000, 1_700_000_009_000)
    assert {each["key"]: each["value"] for each in run["data"]["params"]} == {"lr": "0.1", "depth": "3"}
    assert {each["key"]: each["value"] for each in run["data"]["tags"]} == {
        "team": "blue",
        "mlflow.runName": "first",
    }
    assert run["inputs"]["dataset_inputs"][0]["dataset"]["digest"] == "abc"
    assert run["inputs"]["model_inputs"] == [{"model_id": "m-1"}]
    assert run["outputs"]["model_outputs"] == [{"model_id": "m-2", "step": 5}]
    assert _history(call, "loss", "recorded-run") == [
        (1_700_000_000_001, 0, 0.5),
        (1_700_000_000_002, 1, 0.25),
        (1_700_000_000_003, 2, "NaN"),
    ]
    (negative_zero,) = _history(call, "acc", "recorded-run")
    assert math.copysign(1, negative_zero[2]) == -1
    with platform.store.read() as conn:
        stored = json.loads(conn.rows("SELECT body FROM hr_environment")[0][0])
        leases = conn.rows("SELECT COUNT(*) FROM hr_lease")
    assert stored == {"packages": {"numpy": "2.1.0"}, "platform": "Linux", "python": "3.11.7"}
    assert leases == [(0,)]  # it has ended
    again = _read(_send(call, body))
    assert again == {**answer, "applied": "BEFORE", "runs": [told]}
    assert len(_history(call, "loss", "recorded-run")) == 3


@pytest.mark.parametrize("body_format", [0, 3, -1, 2**40])
def test_another_format_is_refused_by_naming_those_understood(
    call: Call, platform: Platform, body_format: int
) -> None:
    before = _count_everything(platform)
    body = {"format": body_format, "novelty": {"a": 1}, "writer": "w", "seq": 1, "runs": [{"strange": 1}]}
    for answer in (_send(call, body), call("POST", SEND, body=body)):
        assert answer.status == 400
        assert answer.json["error_code"] == "INVALID_PARAMETER_VALUE"
        assert "format" in answer.json["message"]
        assert ("<= 2" if body_format > 2 else ">= 1") in answer.json["message"]
    assert _count_everything(platform) == before


def test_json_carries_the_same_with_bytes_as_base64(call: Call) -> None:
    columns = _columns((1, 0, 0.5), (2, 1, math.inf))
    for name in ("time", "step", "value"):
        columns[name] = base64.b64encode(columns[name]).decode()
    answer = call("POST", SEND, body=_batch(**_start(), metrics=columns, params=[["a", "b"]]))
    assert answer.status == 200, answer.body
    assert (answer.json["stored"], answer.json["records"]) == (4, 4)
    assert _history(call, "loss") == [(1, 0, 0.5), (2, 1, "Infinity")]


MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "no runs": ({"format": 2, "writer": "w", "seq": 1, "runs": []}, "name one"),
    "no writer": ({**_batch(), "writer": ""}, "writer"),
    "writer of another alphabet": ({**_batch(), "writer": "a b"}, "'a b'"),
    "writer too long": ({**_batch(), "writer": "w" * 65}, "64"),
    "seq 0": (_batch(0), "seq"),
    "seq below 0": (_batch(-1), "seq"),
    "seq as text": ({**_batch(), "seq": "1"}, "seq"),
    "rows in columns' format": (_batch(points=[["loss", 1.0, 1, 0]]), "format 2"),
    "columns in rows' format": ({**_batch(metrics=_columns((1, 0, 1.0))), "format": 1}, "format 1"),
    "column too short": (_batch(metrics={**_columns((1, 0, 1.0)), "time": b"1234567"}), "'time' has 7 bytes"),
    "column too long": (
        _batch(metrics={**_columns((1, 0, 1.0)), "value": b"x" * 16}),
        "'value' has 16 bytes",
    ),
    "column missing": (_batch(metrics={"series": [], "time": b"", "step": b""}), "value"),
    "column without series": (_batch(metrics={**_columns((1, 0, 1.0)), "series": []}), "have 0 points"),
    "count below 0": (
        _batch(metrics=_columns((1, 0, 1.0)) | {"series": [{"key": "a", "count": -1}]}),
        "count",
    ),
    "count beyond all": (
        _batch(metrics=_columns((1, 0, 1.0)) | {"series": [{"key": "a", "count": 2**60}]}),
        "count",
    ),
    "step beyond 64 bits": ({**_batch(points=[["a", 1.0, 1, 2**63]]), "format": 1}, "points"),
    "param of three": (_batch(params=[["a", "b", "c"]]), "params"),
    "param that is a number": (_batch(params=[["a", 1]]), "params"),
    "unknown field": (_batch(metric={}), "metric"),
    "unknown status": (_batch(status={"status": "LOST"}), "status"),
    "no lease": (_batch(lease_ms=0), "lease_ms"),
    "lease without end": (_batch(lease_ms=2**40), "lease_ms"),
    "too many runs": ({**_batch(), "runs": [{"run_id": "a"}] * (MAX_RUNS + 1)}, str(MAX_RUNS)),
    "too many points": (
        _batch(
            metrics={
                "series": [{"key": "a", "count": MAX_POINTS}] * 2,
                "time": b"",
                "step": b"",
                "value": b"",
            }
        ),
        "has 0 bytes",
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_batch_is_refused_whole_and_may_be_sent_anew(
    call: Call, platform: Platform, case: str
) -> None:
    body, named = MALFORMED[case]
    sound = {"run_id": "sound", "start": {"experiment_name": "new"}}
    before = _count_everything(platform)
    answer = _send(call, {**body, "runs": [sound, *body["runs"]] if body["runs"] else []})
    assert answer.status == 400, answer.body
    assert named in answer.json["message"]
    assert _count_everything(platform) == before
    assert _read(_send(call, _batch(**_start())))["applied"] == "NOW"


@pytest.mark.parametrize(
    "body",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\x84\xa6format\x02\xa6writer\xa1w\xa3seq\x01\xa4runs\xdd\xff\xff\xff\xff",
        b"\x84\xa6format\x02\xa6writer\xa1w\xa3seq\x01\xa4runs\xc6\xff\xff\xff\xff",
        b"\x84\xa6format\x02\xa6writer\xa1w\xa3seq\x01\xa4runs" + b"\x91" * 100_000,
        b"\x84\xa6format\x02\xa6writer\xa1w\xa3seq\x01\xa4runs" + b"\x81\xa1a" * 100_000,
        b"\x84\xa6format\x02\xa6writer\xa1\xff\xa3seq\x01\xa4runs\x90",
        b"\xc1",
        b"{}",
        b"\x90",
    ],
)
def test_a_hostile_body_is_refused_cheaply(call: Call, platform: Platform, body: bytes) -> None:
    before = _count_everything(platform)
    answer = _send(call, body)
    assert answer.status == 400
    assert answer.json["error_code"] == "INVALID_PARAMETER_VALUE"
    assert len(answer.body) < 1000
    assert _count_everything(platform) == before


def test_a_batch_out_of_turn_conflicts_and_names_the_one_expected(call: Call, platform: Platform) -> None:
    before = _count_everything(platform)
    answer = _send(call, _batch(2, **_start()))
    assert (answer.status, answer.json["error_code"]) == (409, "RESOURCE_CONFLICT")
    assert "is 1, but 2 was sent" in answer.json["message"]
    assert _count_everything(platform) == before
    _read(_send(call, _batch(1, **_start())))
    assert "is 2, but 4 was sent" in _send(call, _batch(4)).json["message"]


def test_a_bad_record_blocks_nothing(call: Call) -> None:
    bad = {
        "params": [["good", "1"], ["bad#key", "1"], ["long", "x" * 7000], ["nul", "a\0b"]],
        "tags": [["good", "1"], ["", "1"], ["nul", "\0"]],
        "model_inputs": [{"model_id": ""}, {"model_id": "m-1"}],
        "model_outputs": [{"model_id": "x" * 65, "step": 1}],
        "datasets": [{"dataset": {"name": ""}}, {"dataset": {"name": "d", "digest": "1"}}],
        "metrics": _columns((1, 0, 1.0), (-5, 1, 2.0), (3, 2, 3.0)),
        "status": {"status": "FINISHED"},
    }
    _read(_send(call, _batch(1, **_start())))
    body = _batch(2, **bad)
    body["runs"].insert(0, {"run_id": "../nowhere", "params": [["a", "1"]], **_start()})
    body["runs"].insert(0, {"run_id": "unknown", "params": [["a", "1"]], "tags": [["t", "1"]]})
    answer = _read(_send(call, body))
    reasons = {(each["run_id"], each["what"]): (each["record"], each["count"]) for each in answer["rejected"]}
    assert reasons == {
        ("unknown", "all records"): (1, 2),
        ("../nowhere", "all records"): (3, 2),
        ("run", "param 'bad#key'"): (6, 1),
        ("run", "param 'nul'"): (8, 1),
        ("run", "tag ''"): (10, 1),
        ("run", "tag 'nul'"): (11, 1),
        ("run", "dataset ''"): (12, 1),
        ("run", "model input"): (14, 1),
        ("run", "model output " + repr("x" * 60 + "…")): (16, 1),
        ("run", "metric 'loss'"): (18, 1),
    }
    assert (answer["first"], answer["records"], answer["stored"]) == (1, 20, 8)
    assert _get(call)["info"]["status"] == "FINISHED"
    assert _history(call, "loss") == [(1, 0, 1.0), (3, 2, 3.0)]


def test_the_ledger_tells_of_a_run_and_of_what_came_before_it(call: Call) -> None:
    _read(_send(call, _batch(1, params=[["early", "1"]])))
    _read(
        _send(
            call,
            _batch(
                2, **_start(), params=[["a", "1"], ["a", "2"], ["b#", "1"]], tags=[["t", "1"], ["t", "2"]]
            ),
        )
    )
    _read(_send(call, {**_batch(1, params=[["a", "1"], ["a", "3"]]), "writer": "other"}))
    path = "/api/headrace/v1/ingest/ledger"
    whole = call("GET", path, query="run_id=run").json
    counts = {each["writer"]: each for each in whole["writers"]}
    assert {key: counts["w"][key] for key in ("stored", "collapsed", "repeated", "late", "rejected")} == {
        "stored": 3,
        "collapsed": 1,
        "repeated": 0,
        "late": 0,
        "rejected": 2,
    }
    assert (counts["other"]["repeated"], counts["other"]["rejected"]) == (1, 1)
    assert [(each["writer"], each["record"], each["what"]) for each in whole["rejections"]] == [
        ("w", 0, "all records"),
        ("w", 3, "param 'a'"),
        ("w", 4, "param 'b#'"),
        ("other", 1, "param 'a'"),
    ]
    assert "next_page_token" not in whole
    paged, token = [], ""
    while True:
        page = call("GET", path, query=f"run_id=run&max_results=1&page_token={token}").json
        paged += page["rejections"]
        token = page.get("next_page_token", "")
        if not token:
            break
    assert paged == whole["rejections"]
    mine = call("GET", path, query="run_id=run&writer=other").json
    assert [each["writer"] for each in mine["writers"] + mine["rejections"]] == ["other", "other"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("run_id=", "run_id"),
        ("run_id=../x", "run id"),
        ("run_id=a&max_results=0", "max_results"),
        ("run_id=a&max_results=10001", "max_results"),
        ("run_id=a&page_token=x", "page_token"),
    ],
)
def test_a_bad_question_to_the_ledger_is_refused(call: Call, query: str, named: str) -> None:
    answer = call("GET", "/api/headrace/v1/ingest/ledger", query=query)
    assert answer.status == 400
    assert named in answer.json["message"]


class GrantAllBut(AllRights):
    """Refuses one thing."""

    def __init__(self, kind: str, target: str) -> None:
        self._refused = (kind, target)

    def grants_all(self, actor: Actor) -> bool:
        return False

    def permits(self, context: Context, need: Any, target: str) -> bool:
        return (need.resource.value, target) != self._refused


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("run", "run"),
        ("run", "parent"),
        ("run", "origin"),
        ("experiment_name", "secret"),
        ("experiment", "0"),
        ("model", "m-in"),
        ("model", "m-out"),
        ("model", "m-metric"),
    ],
)
def test_each_thing_that_a_batch_refers_to_needs_a_permission(
    call: Call, platform: Platform, kind: str, target: str
) -> None:
    before = _count_everything(platform)
    body = _batch(
        start={
            "experiment_name": "secret",
            "parent_run_id": "parent",
            "fork": {"run_id": "origin", "step": 1},
        },
        model_inputs=[{"model_id": "m-in"}],
        model_outputs=[{"model_id": "m-out", "step": 1}],
        metrics=_columns((1, 0, 1.0), model_id="m-metric"),
    )
    body["runs"].append({"run_id": "second", **_start()})
    answer = _send(call, body, replace={"policy": GrantAllBut(kind, target)})
    assert (answer.status, answer.json["error_code"]) == (403, "PERMISSION_DENIED")
    assert target in answer.json["message"]
    assert _count_everything(platform) == before


def test_a_batch_sent_again_tells_only_of_runs_that_the_request_names(call: Call) -> None:
    body = _batch(**_start(), params=[["bad#", "1"]])
    body["runs"].append({"run_id": "second", **_start()})
    whole = _read(_send(call, body))
    assert [each["run_id"] for each in whole["runs"]] == ["run", "second"]
    part = _read(_send(call, {**body, "runs": body["runs"][1:]}))
    assert [each["run_id"] for each in part["runs"]] == ["second"]
    assert part["rejected"] == []
    assert (part["applied"], part["records"]) == ("BEFORE", whole["records"])
