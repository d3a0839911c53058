"""Request ids: every answer that says no names its request, and the server's log calls it the same."""

import http.client
import json
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from typing import Any

import pytest

from headrace.server.guard import GuardSettings
from server.conftest import Answer, Call
from serving import Server, start_server

MADE = re.compile(r"[0-9a-f]{16}")
RUN = "/api/2.0/mlflow/runs/get"
CREATE = "/api/2.0/mlflow/experiments/create"
REFUSALS: dict[int, tuple[str, str, dict[str, Any]]] = {
    400: ("POST", CREATE, {"body": b"{", "headers": {"content-type": "application/json"}}),
    401: ("GET", RUN, {"guard": GuardSettings(token="secret")}),
    403: ("GET", RUN, {"headers": {"host": "elsewhere.example.org"}}),
    404: ("GET", RUN, {"query": "run_id=0123456789abcdef0123456789abcdef"}),
    405: ("PUT", "/version", {}),
    413: ("POST", CREATE, {"headers": {"content-length": "9" * 12, "content-encoding": "gzip"}}),
}
UNSAFE = [
    "",
    "a\r\nset-cookie: a=b",
    "a\nb",
    "a b",
    "-a",
    "<b>",
    'a"b',
    "é",
    "a" * 129,
    "a\x00",
    "a;b",
    "a,b",
]


BROKEN = "/api/2.0/mlflow/experiments/get?experiment_id=0"
"""What a server cannot answer whose table is gone."""


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that finds a table of its store gone."""
    with start_server(tmp_path_factory.mktemp("server")) as running:
        with closing(sqlite3.connect(running.folder / "store.db", timeout=60)) as store:
            store.execute("ALTER TABLE hr_experiment RENAME TO gone")
            store.commit()
        yield running


def _get(server: Server, path: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["X-Request-Id"], answer.read()


def _refuse(call: Call, status: int, headers: dict[str, str] | None = None) -> Answer:
    method, path, more = REFUSALS[status]
    more = {**more, "headers": {**more.get("headers", {}), **(headers or {})}}
    answer = call(method, path, **more)
    assert answer.status == status
    return answer


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_carries_an_id_of_its_own(call: Call, status: int) -> None:
    first, second = _refuse(call, status), _refuse(call, status)
    assert MADE.fullmatch(first.headers["x-request-id"])
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


@pytest.mark.parametrize("status", REFUSALS)
def test_an_id_that_a_proxy_gave_is_kept(call: Call, status: int) -> None:
    given = "Root=1-67891233:abc+/def.0_9"
    assert _refuse(call, status, {"x-request-id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("sent", UNSAFE)
def test_an_unsafe_id_is_replaced(call: Call, sent: str) -> None:
    assert MADE.fullmatch(_refuse(call, 404, {"x-request-id": sent}).headers["x-request-id"])


def test_the_longest_id_is_kept(call: Call) -> None:
    assert _refuse(call, 404, {"x-request-id": "a" * 128}).headers["x-request-id"] == "a" * 128


def test_an_answer_that_says_yes_needs_none(call: Call) -> None:
    answer = call("GET", "/version", headers={"x-request-id": "abc"})
    assert answer.status == 200
    assert "x-request-id" not in answer.headers


def test_the_body_of_a_refusal_is_what_it_was(call: Call) -> None:
    assert set(_refuse(call, 404).json) == {"error_code", "message", "sqlstate", "error_class"}


def test_a_page_of_another_origin_may_read_the_id(call: Call) -> None:
    answer = call(
        "GET",
        RUN,
        headers={"origin": "https://ui.example.org"},
        guard=GuardSettings(origins=["https://ui.example.org"]),
    )
    assert answer.headers["access-control-expose-headers"] == "x-request-id"


@pytest.mark.parametrize("given", [None, "given-7"])
def test_a_defect_is_found_in_the_log_by_its_id(broken: Server, given: str | None) -> None:
    status, request_id, body = _get(broken, BROKEN, {"X-Request-Id": given} if given else {})
    assert status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert request_id == given if given else MADE.fullmatch(request_id)
    assert request_id in json.loads(body)["message"]
    lines = broken.log.splitlines()
    found = [
        number for number, line in enumerate(lines) if f"request {request_id}: GET '/api/2.0/mlflow/" in line
    ]
    assert len(found) == 1
    assert lines[found[0] + 1].startswith("Traceback")


def test_a_defect_is_told_once_and_costs_no_connection(broken: Server) -> None:
    before = broken.log.count("Traceback")
    with closing(http.client.HTTPConnection("127.0.0.1", broken.port, timeout=60)) as connection:
        connection.connect()
        first = connection.sock
        for _ in range(2):
            connection.request("GET", BROKEN)
            connection.getresponse().read()
        assert connection.sock is first
    assert broken.log.count("Traceback") == before + 2


def test_no_id_writes_lines_of_its_own_into_the_answer_or_the_log(broken: Server) -> None:
    with socket.create_connection(("127.0.0.1", broken.port), timeout=60) as connection:
        connection.sendall(
            b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" % BROKEN.encode()
            + b"X-Request-Id: a\nX-Forged: b\x0bc\tERROR forged\r\n\r\n"
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).lower()
    head = answer.partition(b"\r\n\r\n")[0]
    assert b"forged" not in answer
    assert head.count(b"x-request-id:") <= 1  # none if the parser has refused the request
    assert "forged" not in broken.log.lower()
