"""The calls for series over the wire: as JSON and as MessagePack, and what is refused, with reasons."""

import array
import base64
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from headrace.api import series as api
from headrace.services.context import Platform
from headrace.store import keys, runs, series
from headrace.store.codes import encode

Call = Callable[..., Any]
CHART = "/api/headrace/v1/series/chart"
POINTS = "/api/headrace/v1/series/points"
MSGPACK = {"content-type": "application/msgpack", "accept": "application/msgpack"}


@pytest.fixture
def run(platform: Platform) -> str:
    """A run with the points 1.5, NaN and 3 of `loss`, at the steps 0, 1 and 5."""

    def work(tx: Any) -> None:
        ref = runs.insert_run(tx, ("r1", 1, "n", "u", 1_000, "mlflow-artifacts:/1"))
        key = keys.intern_keys(tx, ["loss"])["loss"]
        rows = [(2_000, 0, encode(1.5)), (3_000, 1, encode(float("nan"))), (4_000, 5, encode(3.0))]
        series.add_points(tx, ref, key, 0, rows)

    platform.store.writer.call(work)
    return "r1"


def _column(data: bytes, code: str) -> list[float]:
    return array.array(code, data).tolist()


def test_points_are_columns_in_messagepack(call: Call, run: str) -> None:
    body = msgspec.msgpack.encode({"run_ids": [run], "keys": ["loss", "never"]})
    answer = call("POST", POINTS, body=body, headers=MSGPACK)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/msgpack")
    points = msgspec.msgpack.decode(answer.body, type=api.Points)
    assert [(each.run_id, each.key, each.count) for each in points.series] == [(run, "loss", 3)]
    assert _column(points.time, "q") == [2_000, 3_000, 4_000]
    assert _column(points.step, "q") == [0, 1, 5]
    value = _column(points.value, "d")
    assert (value[0], value[2]) == (1.5, 3.0)
    assert value[1] != value[1]
    assert points.next_page_token is msgspec.UNSET


def test_columns_are_base64_in_json(call: Call, run: str) -> None:
    answer = call("POST", CHART, body={"run_ids": [run], "keys": ["loss"], "x": "relative"})
    assert answer.status == 200
    chart = answer.json
    assert (chart["mode"], chart["grid"], chart["changed"], chart["buckets"]) == ("points", "new", True, 3)
    assert _column(base64.b64decode(chart["x"]), "d") == [1_000.0, 2_000.0, 3_000.0]
    assert _column(base64.b64decode(chart["cells"]["nans"]), "I") == [0, 1, 0]
    assert _column(base64.b64decode(chart["ends"]), "d") == [1_000.0, 1.5, 3_000.0, 3.0]
    assert chart["series"] == [{"name": run, "key": "loss", "entries": 3, "sent": "whole", "since": 0}]


def test_what_single_points_say_twice_is_left_out(call: Call, run: str) -> None:
    asked = {"run_ids": [run], "keys": ["loss"]}
    single = call("POST", CHART, body=asked).json["cells"]
    assert len(_column(base64.b64decode(single["mean"]), "d")) == 3
    assert (single["count"], single["min"], single["max"]) == ("", "", "")
    together = call("POST", CHART, body={**asked, "buckets": 2}).json["cells"]
    assert sum(_column(base64.b64decode(together["count"]), "I")) == 3


def test_nothing_new_is_said_in_few_bytes(call: Call, run: str) -> None:
    asked = {"run_ids": [run], "keys": ["loss"]}
    cursor = call("POST", CHART, body=asked).json["cursor"]
    again = call("POST", CHART, body={**asked, "since": cursor}).json
    assert (again["changed"], again["cursor"], again["series"]) == (False, cursor, [])


def test_a_run_and_a_metric_without_points_are_left_out(call: Call, run: str) -> None:
    chart = call("POST", CHART, body={"run_ids": ["nobody", run], "keys": ["loss", "x"]}).json
    assert [line["name"] for line in chart["series"]] == [run]
    assert chart["missing_run_ids"] == ["nobody"]
    empty = call("POST", CHART, body={"run_ids": ["nobody"], "keys": ["x"]}).json
    assert (empty["series"], empty["buckets"], empty["changed"]) == ([], 0, True)


def test_ends_of_a_range_are_included(call: Call, run: str) -> None:
    def count(**within: float) -> int:
        chart = call("POST", CHART, body={"run_ids": [run], "keys": ["loss"], **within}).json
        return sum(line["entries"] for line in chart["series"])

    assert count(start=1, end=5) == 2
    assert count(start=0.5, end=4.9) == 1
    assert count(start=1.2, end=1.8) == 0
    assert count(start=-1e300, end=1e300) == 3
    assert count(start=1e300) == 0
    assert count(end=-1e300) == 0


RUNS = [f"run{number}" for number in range(501)]
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (CHART, {"run_ids": [], "keys": ["a"]}, "needs runs"),
    (CHART, {"run_ids": ["r"], "keys": []}, "'keys'"),
    (CHART, {"run_ids": RUNS, "keys": ["a"]}, "501 runs.*at most 500.*groups"),
    (CHART, {"run_ids": ["r"], "keys": [str(each) for each in range(201)]}, "201 metrics.*at most 200"),
    (CHART, {"run_ids": RUNS[:100], "keys": [str(each) for each in range(21)]}, "2100 pairs.*at most 2000"),
    (
        CHART,
        {"run_ids": RUNS[:100], "keys": [str(each) for each in range(20)], "buckets": 700},
        "2000 lines of 700.*ask for 600",
    ),
    (CHART, {"run_ids": ["r"], "keys": ["a"], "buckets": 1}, "buckets 1.*between 2 and 2000"),
    (CHART, {"run_ids": ["r"], "keys": ["a"], "buckets": 2001}, "buckets 2001"),
    (CHART, {"run_ids": ["r"], "keys": ["a"], "x": "epoch"}, "Invalid enum value 'epoch'"),
    (CHART, {"run_ids": ["r"], "keys": ["a"], "x": "metric"}, "x_key ''"),
    (CHART, {"run_ids": ["r"], "keys": ["a"], "x_key": "b"}, "x_key 'b' with x 'step'"),
    (CHART, {"run_ids": ["r"], "keys": ["a"], "start": 2, "end": 1}, "start 2.0 lies behind end 1.0"),
    (CHART, {"run_ids": ["r"], "keys": ["a"], "start": "NaN"}, "NaN"),
    (CHART, {"run_ids": ["r"], "keys": ["a"], "attempt": -1}, "attempt -1"),
    (CHART, {"run_ids": ["r"], "keys": ["a"], "since": "x"}, "Invalid since 'x'"),
    (CHART, {"run_ids": ["!"], "keys": ["a"]}, "Invalid run id '!'"),
    (CHART, {"keys": ["a"], "groups": [{"name": "g", "run_ids": ["r"]}] * 2}, "group 'g' is given twice"),
    (
        CHART,
        {"keys": ["a"], "groups": [{"name": str(each), "run_ids": ["r"]} for each in range(201)]},
        "201 groups",
    ),
    (POINTS, {"run_ids": [], "keys": ["a"]}, "'run_ids'"),
    (POINTS, {"run_ids": ["r"], "keys": ["a"], "max_points": 0}, "max_points 0"),
    (POINTS, {"run_ids": ["r"], "keys": ["a"], "max_points": 2_000_001}, "between 1 and 2000000"),
    (POINTS, {"run_ids": ["r"], "keys": ["a"], "start_step": 3, "end_step": 2}, "start_step 3"),
    (POINTS, {"run_ids": ["r"], "keys": ["a"], "start_time": 3, "end_time": 2}, "start_time 3"),
    (POINTS, {"run_ids": ["r"], "keys": ["a"], "page_token": "x"}, "Invalid page_token 'x'"),
]


@pytest.mark.parametrize(("path", "body", "said"), REFUSED, ids=[said for _, _, said in REFUSED])
def test_what_cannot_be_answered_is_refused_with_a_reason(
    call: Call, path: str, body: dict[str, Any], said: str
) -> None:
    answer = call("POST", path, body=json.dumps(body).encode(), headers={"content-type": "application/json"})
    assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    with pytest.raises(ValueError, match=said):
        raise ValueError(answer.json["message"])


def test_a_cursor_is_good_for_its_own_question_only(call: Call, run: str) -> None:
    cursor = call("POST", CHART, body={"run_ids": [run], "keys": ["loss"]}).json["cursor"]
    answer = call("POST", CHART, body={"run_ids": [run], "keys": ["loss"], "x": "time", "since": cursor})
    assert answer.status == 400
    assert "another chart" in answer.json["message"]


def test_a_page_token_is_good_for_its_own_question_only(call: Call, run: str) -> None:
    body = {"run_ids": [run], "keys": ["loss"], "max_points": 1}
    token = call("POST", POINTS, body=body).json["next_page_token"]
    answer = call("POST", POINTS, body={**body, "keys": ["loss", "a"], "page_token": token})
    assert answer.status == 400
    assert call("POST", POINTS, body={**body, "page_token": token}).json["series"][0]["count"] == 1


def test_groups_may_have_more_runs_than_a_chart_has_lines(call: Call, run: str) -> None:
    groups = [{"name": "all", "run_ids": [run, *(f"x{number}" for number in range(1500))]}]
    chart = call("POST", CHART, body={"keys": ["loss"], "groups": groups}).json
    assert [(line["name"], line["entries"]) for line in chart["groups"]] == [("all", 2)]
