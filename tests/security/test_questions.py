"""Searches that are meant to cost much, and page tokens that no server gave."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from security.attacker import API, Target

SECONDS = 5
RUNS = 200


@pytest.fixture(autouse=True)
def healthy(target: Target) -> Iterator[None]:
    """After each test the server still answers and writes, and has logged no defect."""
    log = target.folder / "server.log"
    size = log.stat().st_size
    yield
    target.check_health()
    assert b"Traceback" not in log.read_bytes()[size:]


@pytest.fixture(scope="module")
def experiment(target: Target) -> str:
    """An experiment with runs that have a tag made to be matched slowly."""
    number = target.new_experiment()
    for _ in range(RUNS):
        run = target.new_run(number)
        fields = {
            "run_id": run,
            "tags": [{"key": "t", "value": "a" * 4000}],
            "metrics": [{"key": "m", "value": 1, "timestamp": 0}],
        }
        assert target.ask("POST", f"{API}/runs/log-batch", fields).status == 200
    return number


def _quick(target: Target, call: str, status: int, **fields: Any) -> str:
    start = time.monotonic()
    with target.memory_within(100):
        answer = target.post(call, **fields)
    took = time.monotonic() - start
    assert took < SECONDS
    assert answer.status == status, answer.body[:300]
    assert len(answer.body) < 20_000 or status == 200
    return answer.body.decode()


@pytest.mark.parametrize("call", ["runs/search", "experiments/search", "logged-models/search"])
@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000 + "name = 'a'" + ")" * 100_000,
        "NOT " * 100_000 + "name = 'a'",
        " AND ".join(["name = 'a'"] * 20_000),
        " OR ".join(["name = 'a'"] * 20_000),
        "name = '" + "a" * 5_000_000,
        "name IN (" + ", ".join(["'a'"] * 200_000) + ")",
        "`" * 100_000,
        "'" * 100_001,
        "\\" * 100_000,
        "tags.`" + "a" * 1_000_000 + "` = 'x'",
        "tags." + "." * 100_000 + " = 'x'",
        "9" * 100_000,
        "metrics.m > " + "9" * 100_000,
        "metrics.m > 1e" + "9" * 1000,
        "a" * 1_000_000,
        "\0",
        "name = 'a\0b",
        "name = 'a' ; DROP TABLE hr_run; --",
        "name = 'a' UNION SELECT 1",
        "tags.x = 'a' OR 1 = 1 --",
        "name LIKE",
        "\u202e\u2066",
        "\uff11 = \uff11",
    ],
    ids=lambda text: ascii(text)[:24],
)
def test_a_filter_bomb_is_refused_at_once(target: Target, experiment: str, call: str, text: str) -> None:
    _quick(target, call, 400, experiment_ids=[experiment], filter=text, max_results=10)


@pytest.mark.parametrize(
    "pattern",
    [
        "%a" * 500 + "%b",
        "%" * 2000 + "b",
        "%_" * 1000 + "b",
        "a%" * 1000 + "b",
        "_" * 4001,
        "[" * 1000,
        "*?" * 500,
    ],
)
@pytest.mark.parametrize("operator", ["LIKE", "ILIKE"])
def test_a_pattern_bomb_ends_soon(target: Target, experiment: str, operator: str, pattern: str) -> None:
    start = time.monotonic()
    answer = target.post("runs/search", experiment_ids=[experiment], filter=f"tags.t {operator} '{pattern}'")
    assert time.monotonic() - start < SECONDS
    assert answer.status == 400 or (answer.status == 200 and "runs" not in answer.json)


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        ("runs/search", {"order_by": ["metrics.m"] * 10_000}),
        ("runs/search", {"order_by": [f"metrics.m{number}" for number in range(1000)]}),
        ("runs/search", {"order_by": ["a" * 1_000_000]}),
        ("runs/search", {"order_by": ["start_time; DROP TABLE hr_run"]}),
        ("runs/search", {"order_by": ["\0"]}),
        ("runs/search", {"max_results": 2**31 - 1}),
        ("runs/search", {"max_results": -(2**31)}),
        ("runs/search", {"experiment_ids": ["0' OR 1=1"]}),
        ("runs/search", {"experiment_ids": ["-1"]}),
        ("runs/search", {"run_view_type": "EVERYTHING"}),
        ("experiments/search", {"order_by": ["name"] * 10_000}),
        ("logged-models/search", {"order_by": [{"field_name": "metrics.m"}] * 10_000}),
        ("logged-models/search", {"datasets": [{"dataset_name": "d"}] * 10_000}),
        ("experiments/search-datasets", {"experiment_ids": ["0"] * 1000}),
    ],
)
def test_a_costly_question_is_refused(target: Target, call: str, fields: dict[str, Any]) -> None:
    _quick(target, call, 400, **{"experiment_ids": ["0"], **fields})


@pytest.mark.parametrize("call", ["runs/search", "logged-models/search"])
@pytest.mark.parametrize("count", [1000, 40_000, 200_000])
def test_very_many_experiments_are_searched_or_refused(target: Target, call: str, count: int) -> None:
    ids = [str(1_000_000 + number) for number in range(count)]
    start = time.monotonic()
    with target.memory_within(150):
        answer = target.post(call, experiment_ids=ids)
    assert answer.status in {200, 400}, answer.body
    assert time.monotonic() - start < SECONDS


@pytest.mark.parametrize("call", ["get-history-bulk?run_id=", "get-history-bulk-interval?run_ids="])
def test_very_many_runs_are_refused(target: Target, call: str) -> None:
    place, _, name = call.partition("?")
    query = "&".join([f"{name}{number:032x}" for number in range(1500)])
    answer = target.ask("GET", f"{API}/metrics/{place}?metric_key=m&{query}")
    assert answer.status == 400
    query = "&".join(["a=b"] * 20_000)
    assert target.ask("GET", f"{API}/metrics/{place}?metric_key=m&{query}").status in {400, 431}


def _token(value: Any, prefix: str = "hr1.") -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return prefix + base64.urlsafe_b64encode(text).decode().rstrip("=")


QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("runs/search", {}),
    ("runs/search", {"order_by": ["metrics.m DESC"]}),
    ("runs/search", {"order_by": ["tags.t", "params.p DESC", "end_time"]}),
    ("experiments/search", {"view_type": "ALL"}),
    ("logged-models/search", {}),
]
PLACES: list[Any] = [
    [],
    [0],
    [None] * 4,
    [[]] * 4,
    [{}] * 4,
    [True] * 4,
    ["x"] * 4,
    [0] * 1000,
    [2**63] * 2,
    [2**63, 0, 0, "x"],
    [0, 2**64, 0, "x"],
    [-(2**63) - 1] * 3,
    [1e308, -1e308, 1e308, "x"],
    ["\0", "\ud800", "'; DROP TABLE hr_run; --", "x"],
    ["x", 0, 0, "x"],
    [None, 0, 0, "x"],
    [3, 0, 0, "x"],
    [-1, 0, 0, "x"],
    ["x" * 100_000] * 4,
    {"offset": 1},
    "x",
    None,
    1,
]


def _page(target: Target, call: str, fields: dict[str, Any]) -> str:
    """The token of a first page, or of nothing if there is but one."""
    answer = target.post(call, **fields, max_results=1)
    assert answer.status == 200, answer.body
    return str(answer.json.get("next_page_token", ""))


@pytest.mark.parametrize(("call", "fields"), QUESTIONS, ids=str)
def test_a_forged_page_token_is_refused(
    target: Target, experiment: str, call: str, fields: dict[str, Any]
) -> None:
    fields = {"experiment_ids": [experiment], **fields}
    if call == "logged-models/search":
        for name in ("a", "b"):
            target.post("logged-models", experiment_id=experiment, name=name)
    token = _page(target, call, fields)
    question, place = json.loads(base64.urlsafe_b64decode(token.removeprefix("hr1.") + "=="))
    assert target.post(call, **fields, max_results=1, page_token=_token([question, place])).status == 200
    forged = [
        *(_token([question, value]) for value in PLACES),
        *(
            _token([question, [value, *place[1:]]])
            for value in (None, 2**63, -(2**64), [], {}, 1e400, "\ud800")
        ),
        *(
            _token([question, [*place[:-1], value]])
            for value in (None, 2**63, -(2**64), [], {}, 1e400, "\ud800")
        ),
        *(_token([question, place[:number]]) for number in range(len(place))),
        _token([question, [*place, 0]]),
        _token(["other", place]),
        _token([question]),
        _token([question, place, 0]),
        _token({"offset": 1}),
        _token({"offset": 1}, prefix=""),
        _token(b"[" * 100_000),
        _token(b'["%s",' % question.encode() + b"[" * 100_000 + b"]" * 100_001),
        _token(b"\xff\xfe"),
        _token(b""),
        "hr1.",
        "hr1.====",
        "hr1.\u00e9",
        "x",
        token[:-2] + "!!",
        token.upper(),
        "hr2." + token.removeprefix("hr1."),
        " ",
        "0",
        "a" * 1_000_000,
    ]
    for each in forged:
        answer = target.post(call, **fields, max_results=1, page_token=each)
        if answer.status == 200:  # the place is one that some row might have had: it only says where to go on
            assert len(json.loads(base64.urlsafe_b64decode(each.removeprefix("hr1.") + "=="))[1]) == len(
                place
            )
            continue
        assert answer.status == 400, (each[:200], answer.body)
        assert "page_token" in answer.message
        assert len(answer.body) < 2000


def test_a_forged_token_of_a_history_is_refused(target: Target) -> None:
    run = target.new_run()
    points = [{"key": "m", "value": 1, "timestamp": number, "step": number} for number in range(3)]
    assert target.post("runs/log-batch", run_id=run, metrics=points).status == 200
    place = f"{API}/metrics/get-history?run_id={run}&metric_key=m&max_results=1"
    token = target.ask("GET", place).json["next_page_token"]
    question, after = json.loads(base64.urlsafe_b64decode(token.removeprefix("hr1.") + "=="))
    assert target.ask("GET", f"{place}&page_token={token}").status == 200
    for value in [*PLACES, [True] * 3, [2**63] * 3, [0, 0, -(2**64)], [0.5] * 3, ["0"] * 3, [*after, 0]]:
        answer = target.ask("GET", f"{place}&page_token={_token([question, value])}")
        assert answer.status in {400, 431}, (value, answer.body)
    other = target.new_run()
    answer = target.ask(
        "GET", f"{API}/metrics/get-history?run_id={other}&metric_key=m&max_results=1&page_token={token}"
    )
    assert answer.status == 400
