"""From a method, a path and bytes to a row and its parameters, and from a finished job to whoever waits for it."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from starlette.routing import Match
from starlette.types import Scope

from headrace.api.endpoint import Empty, Endpoint, Need, Permission, Resource
from headrace.api.endpoints import ENDPOINTS
from headrace.api.series import GetChart, GetPoints
from headrace.api.tables import RUNS, ListKeys, SelectRuns
from headrace.base.errors import InvalidParameter, MethodNotAllowed, NotFound
from headrace.base.json import Int64, Wire
from headrace.server.rest import (
    EndpointTable,
    Rest,
    _is_small,
    _LoopNotifier,
    _settle,
    _wants_msgpack,
    get_actor,
    not_found,
    read_request,
)
from headrace.services.context import Actor
from headrace.store.writer import Job

Make = Callable[..., Any]
MakeScope = Callable[..., Scope]
SERVER = (Need(Permission.READ, Resource.SERVER),)
JSON = {"content_type": "application/json; charset=utf-8"}


class Request(Wire, kw_only=True):
    """Parameters of a row of these tests."""

    key: str = ""
    names: list[str] = []  # noqa: RUF012 - msgspec copies it
    count: Int64 = 0
    is_on: bool = False


def _row(method: str, path: str, name: str = "tests.row", **more: Any) -> Endpoint[Any, Any]:
    return Endpoint(name, method, path, Request, Empty, SERVER, "A row.", prefixes=("/api",), **more)


GET, POST = _row("GET", "/a", "tests.get"), _row("POST", "/a", "tests.post")
ITEM, FILE = _row("PATCH", "/items/{key}", "tests.item"), _row("PUT", "/files/{key:path}", "tests.file")
TAG = _row("DELETE", "/items/{key}/tags/{count}", "tests.tag", also=(("HEAD", "/items/{key}"),))
TABLE = EndpointTable([GET, POST, ITEM, FILE, TAG])


@pytest.mark.parametrize(
    ("method", "path", "row", "fields"),
    [
        ("GET", "/api/a", GET, {}),
        ("POST", "/api/a", POST, {}),
        ("PATCH", "/api/items/x", ITEM, {"key": "x"}),
        ("HEAD", "/api/items/x", TAG, {"key": "x"}),
        ("DELETE", "/api/items/x y\n/tags/1", TAG, {"key": "x y\n", "count": "1"}),
        ("PUT", "/api/files/a/b/c", FILE, {"key": "a/b/c"}),
        ("PUT", "/api/files//a", FILE, {"key": "/a"}),
        ("PUT", "/api/files/a\n../b", FILE, {"key": "a\n../b"}),
    ],
)
def test_a_row_is_found_by_method_and_path(method: str, path: str, row: Any, fields: dict[str, str]) -> None:
    assert TABLE.find(method, path) == (row, fields)


@pytest.mark.parametrize(
    "path",
    [
        "/api/a/",
        "/api/A",
        "/a",
        "/api/items/",
        "/api/items/x/y",
        "/api/files/",
        "/api/itemsx",
        "/api.a",
        "",
        "/api/a\n",
    ],
)
def test_nothing_is_found_elsewhere(path: str) -> None:
    assert TABLE.find("GET", path) is None


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("PUT", "/api/a", "GET or POST"),
        ("get", "/api/a", "GET or POST"),
        ("GET", "/api/items/x", "HEAD or PATCH"),
    ],
)
def test_another_method_names_those_that_there_are(method: str, path: str, said: str) -> None:
    with pytest.raises(MethodNotAllowed, match=said):
        TABLE.find(method, path)


def test_parameters_come_from_the_query_of_get(scope: MakeScope) -> None:
    query = b"key=%C3%A9+x&names=a&names=b&count=7&is_on=True&unknown=1"
    assert read_request(GET, scope(query=query), b"", {}) == Request(
        key="é x", names=["a", "b"], count=7, is_on=True
    )
    assert read_request(GET, scope(query=b"key=a&key=b"), b"", {}) == Request(key="a")
    assert read_request(GET, scope(query=b"key="), b"", {}) == Request()
    assert read_request(GET, scope(), b'{"key": "in the body"}', {}) == Request(key="in the body")


@pytest.mark.parametrize(
    "query",
    [b"key=\xff", b"key=%ff", b"key=%ED%A0%80", b"count=x", b"count=1.5", b"count=99999999999999999999", b"is_on=maybe", b"a=1&" * 2001],
)  # fmt: skip
def test_a_query_that_does_not_fit_is_refused(scope: MakeScope, query: bytes) -> None:
    with pytest.raises(InvalidParameter):
        read_request(GET, scope(query=query), b"", {})


def test_parameters_come_from_the_body_of_the_others_and_from_the_path(scope: MakeScope) -> None:
    body = b'{"key": "a", "isOn": true}'
    assert read_request(POST, scope("POST", query=b"key=b", **JSON), body, {}) == Request(key="a", is_on=True)
    assert read_request(ITEM, scope("PATCH"), body, {"key": "path"}) == Request(key="path", is_on=True)
    assert read_request(ITEM, scope("PATCH"), b"", {"key": "path"}) == Request(key="path")
    assert read_request(
        TAG, scope("DELETE", query=b"is_on=true"), b"", {"key": "a", "count": "3"}
    ) == Request(key="a", count=3, is_on=True)
    assert read_request(TAG, scope("DELETE", query=b"is_on=true"), b"{}", {"key": "a"}) == Request(key="a")


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("kind", ["", "text/plain", "application/jsonp", "text/plain; application/json"])
def test_a_body_is_json_by_name(scope: MakeScope, method: str, kind: str) -> None:
    with pytest.raises(InvalidParameter, match="Content-Type must be 'application/json'"):
        read_request(POST, scope(method, content_type=kind), b"{}", {})
    assert read_request(POST, scope("PATCH", content_type=kind), b"{}", {}) == Request()


PACKED = b"\x82\xa3key\xa1a\xa5count\x07"


@pytest.mark.parametrize(
    "kind", ["application/msgpack", "application/x-msgpack", "APPLICATION/vnd.msgpack; a=b"]
)
def test_a_body_is_messagepack_by_name_where_the_row_takes_it(scope: MakeScope, kind: str) -> None:
    row = _row("POST", "/b", binary=True)
    sent = scope("POST", content_type=kind)
    assert read_request(row, sent, PACKED, {}) == Request(key="a", count=7)
    assert read_request(row, sent, b"", {}) == Request()
    assert read_request(row, scope("POST", **JSON), b'{"key": "a"}', {}) == Request(key="a")
    with pytest.raises(InvalidParameter, match="not valid MessagePack"):
        read_request(row, sent, b'{"key": "a"}', {})
    with pytest.raises(InvalidParameter, match="unknown"):
        read_request(row, sent, b"\x81\xa7unknown\x01", {})
    with pytest.raises(
        InvalidParameter, match="'application/json' or 'application/msgpack', not 'text/plain'"
    ):
        read_request(row, scope("POST", content_type="text/plain"), PACKED, {})
    with pytest.raises(
        InvalidParameter, match=r"must be 'application/json', not .* tests\.row speaks JSON alone"
    ):
        read_request(_row("POST", "/b"), sent, PACKED, {})


def test_a_body_beside_a_path_is_json(scope: MakeScope) -> None:
    """A place in the path and MessagePack do not go together; no row has both."""
    assert not any(row.binary and "{" in path for row in ENDPOINTS for _, path in row.routes())
    row = _row("POST", "/c/{key}", binary=True)
    with pytest.raises(InvalidParameter, match="Content-Type"):
        read_request(row, scope("POST", content_type="application/msgpack"), PACKED, {"key": "x"})


@pytest.mark.parametrize(
    ("accept", "sent", "wanted"),
    [
        ("", "application/json", False),
        ("", "application/msgpack", True),
        ("*/*", "application/x-msgpack", True),
        ("*/*", "", False),
        ("application/msgpack", "application/json", True),
        ("text/html, application/vnd.msgpack;q=0.5, application/json", "", True),
        ("application/json, application/msgpack", "application/msgpack", False),
        (" APPLICATION/JSON ", "application/msgpack", False),
        ("application/msgpackx", "", False),
    ],
)
def test_the_answer_has_the_type_that_is_named_first_or_else_that_of_the_request(
    scope: MakeScope, accept: str, sent: str, wanted: bool
) -> None:
    assert _wants_msgpack(scope("POST", accept=accept, content_type=sent)) is wanted


def test_a_workspace_is_refused(scope: MakeScope) -> None:
    with pytest.raises(InvalidParameter, match="X-MLFLOW-WORKSPACE"):
        read_request(GET, scope(x_mlflow_workspace="a"), b"", {})


def test_who_came_through_no_door_is_nobody(scope: MakeScope) -> None:
    assert get_actor(scope()) == Actor("nobody")
    assert get_actor({**scope(), "headrace.actor": Actor("a")}) == Actor("a")


def test_an_unknown_call_is_refused_with_its_name(scope: MakeScope, exchange: Make) -> None:
    answer = exchange()
    asyncio.run(not_found(scope("PUT", "/x" * 500), answer.receive, answer.send))
    body = json.loads(answer.body)
    assert (answer.status, body["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert "There is no PUT /x/x" in body["message"]
    assert len(body["message"]) < 500


@pytest.fixture
def rest() -> Rest:
    """The route, on a platform that these tests do not reach."""
    return Rest(None, ENDPOINTS)  # type: ignore[arg-type]


def test_the_route_takes_http_alone(rest: Rest, scope: MakeScope) -> None:
    path = "/api/2.0/mlflow/runs/get"
    assert rest.matches({"type": "websocket", "path": path})[0] is Match.NONE
    assert rest.matches(scope("GET", path))[0] is Match.FULL
    assert rest.matches(scope("PUT", path))[0] is Match.PARTIAL
    assert rest.matches(scope("GET", "/x"))[0] is Match.NONE


def test_a_client_that_leaves_gets_no_answer(rest: Rest, scope: MakeScope, exchange: Make) -> None:
    request = scope("POST", "/api/2.0/mlflow/runs/create", **JSON)
    _, found = rest.matches(request)
    answer = exchange(b"{", gone=True)
    asyncio.run(rest.handle({**request, **found}, answer.receive, answer.send))
    assert answer.sent == []


def _job(ticket: Any, *, result: Any = None, error: BaseException | None = None) -> Job:
    job = Job(lambda tx: None, lambda jobs: None, ticket)
    job.result, job.error = result, error
    return job


def test_each_of_a_group_is_told_what_became_of_it() -> None:
    async def run() -> list[Any]:
        loop = asyncio.get_running_loop()
        tickets = [loop.create_future() for _ in range(4)]
        tickets[1].cancel()
        jobs = [
            _job(tickets[0], result=1),
            _job(tickets[1], result=2),
            _job(tickets[2], error=NotFound("gone")),
            _job(tickets[3], error=StopIteration()),
        ]
        await asyncio.to_thread(_LoopNotifier(loop), jobs)
        return await asyncio.gather(*tickets, return_exceptions=True)

    done, cancelled, failed, stopped = asyncio.run(run())
    assert done == 1
    assert isinstance(cancelled, asyncio.CancelledError)
    assert isinstance(failed, NotFound)
    assert isinstance(stopped, RuntimeError)


@pytest.mark.parametrize(("binary", "most"), [(True, 2), (False, 5)])
def test_calls_that_read_columns_take_turns_and_others_do_not(
    scope: MakeScope, exchange: Make, monkeypatch: pytest.MonkeyPatch, *, binary: bool, most: int
) -> None:
    monkeypatch.setattr("headrace.server.rest.HEAVY_READS", 2)
    under_way, seen = [0], [0]
    lock, all_there = threading.Lock(), threading.Event()

    def read(*_: object) -> Empty:
        with lock:
            under_way[0] += 1
            seen[0] = max(seen[0], under_way[0])
            if under_way[0] == most:
                all_there.set()
        assert all_there.wait(20)
        threading.Event().wait(0.05)  # time for one too many to come
        with lock:
            under_way[0] -= 1
        return Empty()

    monkeypatch.setattr("headrace.server.rest.dispatch.read", read)
    rest = Rest(None, [_row("GET", "/a", binary=binary)])  # type: ignore[arg-type]

    async def call() -> None:
        asked = scope("GET", "/api/a")
        asked.update(rest.matches(asked)[1])
        answer = exchange(b"")
        await rest.handle(asked, answer.receive, answer.send)
        assert answer.status == 200

    async def call_all() -> None:
        await asyncio.gather(*(call() for _ in range(5)))

    asyncio.run(call_all())
    assert seen[0] == most


@pytest.mark.parametrize(
    ("request_", "small"),
    [
        (SelectRuns(experiment_ids=["0"], select=["run_id"] * 100, limit=1000), True),
        (SelectRuns(experiment_ids=["0"], select=["run_id"] * 100, limit=1001), False),
        (SelectRuns(experiment_ids=["0"], select=["run_id"], limit=1, bounds_of_all=True), False),
        (GetChart(keys=["loss"]), True),
        (ListKeys(experiment_ids=["0"]), False),
        (GetPoints(run_ids=[], keys=[]), False),
    ],
)
def test_what_a_screen_shows_first_is_small(request_: Wire, *, small: bool) -> None:
    assert _is_small(request_) is small


def test_what_is_small_does_not_wait_behind_what_is_not(
    scope: MakeScope, exchange: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headrace.server.rest.HEAVY_READS", 1)
    answered = threading.Event()

    def read(_: object, __: object, ___: object, request: SelectRuns) -> Empty:
        if request.limit > 1000:
            assert answered.wait(20)  # a turn of its own: or nobody would ever be answered
        return Empty()

    monkeypatch.setattr("headrace.server.rest.dispatch.read", read)
    rest = Rest(None, [RUNS])  # type: ignore[arg-type]

    async def call(limit: int) -> None:
        asked = scope("POST", "/api/headrace/v1/tables/runs", content_type="application/json")
        asked.update(rest.matches(asked)[1])
        answer = exchange(b'{"experiment_ids": ["0"], "select": ["run_id"], "limit": %d}' % limit)
        await rest.handle(asked, answer.receive, answer.send)
        assert answer.status == 200
        if limit <= 1000:
            answered.set()

    async def call_both() -> None:
        await asyncio.gather(call(100_001), call(1000))

    asyncio.run(call_both())


def test_a_loop_that_has_ended_harms_nobody_who_writes() -> None:
    loop = asyncio.new_event_loop()
    notifier = _LoopNotifier(loop)
    ticket = loop.create_future()
    loop.close()
    notifier([_job(ticket, result=1)])
    assert not ticket.done()
    _settle([])
