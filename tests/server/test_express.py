"""Short writes are answered without ASGI: what is answered, refused and counted is what the ordinary way answers, refuses and counts."""

import contextlib
import http.client
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from msgspec.structs import replace

from headrace.api.endpoints import ENDPOINTS
from headrace.base.errors import TooManyRequests
from headrace.server.app import create_app
from headrace.server.express import MOST_BYTES, Express
from headrace.server.guard import GuardSettings
from headrace.server.protocol import BoundedProtocol
from headrace.services import dispatch
from headrace.services.context import Actor, AuditRecord, Platform

LOG_METRIC = "/api/2.0/mlflow/runs/log-metric"
PATIENCE_S = 30
TOKEN = "f3c1"


class Counts:
    """Counts as `PrometheusMetrics` does."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended: list[tuple[str, str, int]] = []

    def measure(self, app: Any) -> Any:
        return app

    def begin(self) -> None:
        self.begun += 1

    def end(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        assert 0 <= seconds < PATIENCE_S
        self.ended.append((endpoint, method, status))

    async def answer(self, request: Any) -> Any:
        pytest.fail("nobody here asks for the metrics")


class Served:
    """A server in a thread of this process, and how often the short way was taken."""

    def __init__(self, app: Any, begun: list[str]) -> None:
        self.begun = begun
        self._listening = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, http=BoundedProtocol, lifespan="off", ws="none", log_config=None)
        self.server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self._listening]})
        self._thread.start()

    @property
    def port(self) -> int:
        port: int = self._listening.getsockname()[1]
        return port

    def dial(self) -> socket.socket:
        """Return a connection for requests that are written byte by byte."""
        dialled = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
        dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return dialled

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def stop(self) -> None:
        self.server.should_exit = True
        self._thread.join(PATIENCE_S)
        self._listening.close()


@pytest.fixture
def serve(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Served]]:
    """Starts a server; `GuardSettings` and `create_app` get what is given."""
    begun: list[str] = []
    begin = Express.begin

    def note(self: Express, plain: Any, *args: Any) -> bool:
        done = begin(self, plain, *args)
        begun.append(plain.row.name if done else f"not {plain.row.name}")
        return done

    monkeypatch.setattr(Express, "begin", note)
    started: list[Served] = []

    def start(metrics: Any = None, changed: Platform | None = None, **guard: Any) -> Served:
        app = create_app(changed or platform, GuardSettings(**guard), metrics=metrics)
        started.append(Served(app, begun))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def run_id(platform: Platform) -> str:
    row = next(row for row in ENDPOINTS if row.name == "runs.create")
    return str(dispatch.call(platform, Actor("test"), row, row.request(experiment_id="0")).run.info.run_id)


def ask(
    connection: http.client.HTTPConnection,
    path: str,
    fields: dict[str, Any] | bytes,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], Any]:
    body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    connection.request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    found = answer.read()
    return (
        answer.status,
        {name.lower(): value for name, value in answer.getheaders()},
        json.loads(found or b"null"),
    )


def metric(run_id: str, step: int, **more: Any) -> dict[str, Any]:
    return {"run_id": run_id, "key": "loss", "value": step / 2, "timestamp": 5, "step": step, **more}


def count_points(platform: Platform) -> int:
    with platform.store.read() as conn:
        ((found,),) = conn.rows("SELECT COALESCE(SUM(points), 0) FROM hr_series WHERE context = 0")
        return int(found)


def test_the_second_request_of_a_connection_is_short_and_answered_as_the_first(
    serve: Callable[..., Served], platform: Platform, run_id: str
) -> None:
    served = serve()
    connection = served.connect()
    first, second, third = (ask(connection, LOG_METRIC, metric(run_id, step)) for step in range(3))
    assert served.begun == ["metrics.log"] * 2
    for each in (first, second, third):
        each[1].pop("date")
    assert first == second == third
    assert first[0] == 200
    assert first[1]["x-content-type-options"] == "nosniff"
    assert count_points(platform) == 3


def test_answers_with_fields_and_those_that_are_empty_are_both_given(
    serve: Callable[..., Served], platform: Platform
) -> None:
    served = serve()
    connection = served.connect()
    created = [
        ask(connection, "/api/2.0/mlflow/runs/create", {"experiment_id": "0"})[2]["run"] for _ in range(2)
    ]
    assert served.begun == ["runs.create"]
    assert set(created[0]["info"]) == set(created[1]["info"])
    assert created[0]["info"]["run_id"] != created[1]["info"]["run_id"]


def test_a_write_that_is_refused_in_its_transaction_is_answered_as_in_the_ordinary_way(
    serve: Callable[..., Served],
) -> None:
    served = serve()
    connection = served.connect()
    answers = [ask(connection, LOG_METRIC, metric("0" * 32, 1)) for _ in range(2)]
    assert served.begun == ["metrics.log"]
    assert [status for status, *_ in answers] == [404, 404]
    assert answers[0][2] == answers[1][2]
    assert set(answers[0][1]) == set(answers[1][1])
    assert (
        ask(connection, LOG_METRIC, metric("0" * 32, 1), {"X-Request-Id": "mine"})[1]["x-request-id"]
        == "mine"
    )


@pytest.mark.parametrize(
    ("headers", "fields", "status"),
    [
        ({"Host": "evil.example"}, {}, 403),
        ({"Origin": "https://evil.example"}, {}, 403),
        ({"Content-Type": "text/plain"}, {}, 400),
        ({"Content-Encoding": "br"}, {}, 400),
        ({"X-MLFLOW-WORKSPACE": "w"}, {}, 400),
        ({}, {"value": "much"}, 400),
        ({}, {"key": "a" * 300}, 400),
    ],
    ids=["host", "origin", "content-type", "encoding", "workspace", "type", "key"],
)
def test_what_the_ordinary_way_refuses_is_refused_behind_a_request_that_passed(
    serve: Callable[..., Served],
    platform: Platform,
    run_id: str,
    headers: dict[str, str],
    fields: dict[str, Any],
    status: int,
) -> None:
    served = serve()
    fresh, used = served.connect(), served.connect()
    assert ask(used, LOG_METRIC, metric(run_id, 0))[0] == 200
    assert ask(used, LOG_METRIC, metric(run_id, 1))[0] == 200
    first = ask(fresh, LOG_METRIC, metric(run_id, 2, **fields), headers)
    later = ask(used, LOG_METRIC, metric(run_id, 2, **fields), headers)
    assert (first[0], first[2]) == (later[0], later[2])
    assert later[0] == status
    assert count_points(platform) == 2
    assert ask(used, LOG_METRIC, metric(run_id, 3))[0] == 200


def test_damaged_json_is_refused_in_the_ordinary_words_and_the_connection_goes_on(
    serve: Callable[..., Served], platform: Platform, run_id: str
) -> None:
    served = serve()
    connection = served.connect()
    assert ask(connection, LOG_METRIC, metric(run_id, 0))[0] == 200
    status, _, answer = ask(connection, LOG_METRIC, b'{"run_id": ')
    assert (status, answer["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert served.begun == ["not metrics.log"]
    assert ask(connection, LOG_METRIC, metric(run_id, 1))[0] == 200
    assert count_points(platform) == 2


def test_a_token_is_asked_for_at_each_request(
    serve: Callable[..., Served], platform: Platform, run_id: str
) -> None:
    served = serve(token=TOKEN)
    connection = served.connect()
    right = {"Authorization": f"Bearer {TOKEN}"}
    assert [ask(connection, LOG_METRIC, metric(run_id, step), right)[0] for step in range(2)] == [200, 200]
    assert served.begun == ["metrics.log"]
    for wrong in ({}, {"Authorization": "Bearer other"}, {"Authorization": "Basic !"}):
        status, headers, _ = ask(connection, LOG_METRIC, metric(run_id, 9), wrong)
        assert status == 401
        assert headers["www-authenticate"]
    assert served.begun == ["metrics.log"]
    assert count_points(platform) == 2


def test_an_allowed_origin_gets_its_headers_at_every_request(
    serve: Callable[..., Served], run_id: str
) -> None:
    served = serve(origins=["https://ui.example"])
    connection = served.connect()
    for step in range(3):
        _, headers, _ = ask(connection, LOG_METRIC, metric(run_id, step), {"Origin": "https://ui.example"})
        assert headers["access-control-allow-origin"] == "https://ui.example"


def test_a_prefix_leads_there_too(serve: Callable[..., Served], run_id: str) -> None:
    served = serve(prefix="/lab")
    connection = served.connect()
    for step in range(3):
        assert ask(connection, "/lab" + LOG_METRIC, metric(run_id, step))[0] == 200
    assert served.begun == ["metrics.log"] * 2


def raw_request(run_id: str, step: int, headers: str = "", version: str = "1.1") -> bytes:
    body = json.dumps(metric(run_id, step)).encode()
    length = "" if "Transfer-Encoding" in headers else f"Content-Length: {len(body)}\r\n"
    head = f"POST {LOG_METRIC} HTTP/{version}\r\nHost: localhost\r\nContent-Type: application/json\r\n{length}{headers}\r\n"
    if "chunked" in headers:
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    return head.encode() + body


def read_statuses(sock: socket.socket, count: int) -> list[int]:
    data, found = b"", []
    while len(found) < count:
        part = sock.recv(65536)
        if not part:
            break
        data += part
        found = [int(piece[:3]) for piece in data.split(b"HTTP/1.1 ")[1:]]
    return found


def test_requests_that_come_at_once_are_answered_in_their_order(
    serve: Callable[..., Served], platform: Platform, run_id: str
) -> None:
    with serve().dial() as sock:
        wanted = [200, 404, 200, 404, 404, 200]
        sock.sendall(
            b"".join(
                raw_request(run_id if status == 200 else "0" * 32, step) for step, status in enumerate(wanted)
            )
        )
        assert read_statuses(sock, len(wanted)) == wanted
    assert count_points(platform) == 3


def test_a_request_that_comes_byte_by_byte_is_taken(
    serve: Callable[..., Served], platform: Platform, run_id: str
) -> None:
    served = serve()
    with served.dial() as sock:
        for step in range(2):
            for byte in raw_request(run_id, step):
                sock.sendall(bytes([byte]))
            assert read_statuses(sock, 1) == [200]
    assert served.begun == ["metrics.log"]
    assert count_points(platform) == 2


@pytest.mark.parametrize(
    ("headers", "version", "stays"),
    [
        ("Connection: close\r\n", "1.1", False),
        ("", "1.0", False),
        ("Transfer-Encoding: chunked\r\n", "1.1", True),
        ("Expect: 100-continue\r\n", "1.1", True),
    ],
)
def test_connections_end_and_go_on_as_their_clients_ask(
    serve: Callable[..., Served], platform: Platform, run_id: str, headers: str, version: str, *, stays: bool
) -> None:
    with serve().dial() as sock:
        sock.sendall(raw_request(run_id, 0))
        assert read_statuses(sock, 1) == [200]
        sock.sendall(raw_request(run_id, 1, headers, version))
        answers = read_statuses(sock, 2 if "Expect" in headers else 1)
        assert answers[-1] == 200
        if stays:
            sock.sendall(raw_request(run_id, 2))
            assert read_statuses(sock, 1) == [200]
        else:
            assert sock.recv(1) == b""
    assert count_points(platform) == (3 if stays else 2)


def test_a_longer_body_goes_the_ordinary_way(
    serve: Callable[..., Served], platform: Platform, run_id: str
) -> None:
    served = serve()
    connection = served.connect()
    assert ask(connection, LOG_METRIC, metric(run_id, 0))[0] == 200
    padding = b" " * MOST_BYTES
    assert ask(connection, LOG_METRIC, padding + json.dumps(metric(run_id, 1)).encode())[0] == 200
    assert served.begun == []
    assert count_points(platform) == 2


def test_a_client_that_leaves_before_its_answer_harms_nobody(
    serve: Callable[..., Served], platform: Platform, run_id: str
) -> None:
    served = serve()
    with served.dial() as sock:
        sock.sendall(raw_request(run_id, 0))
        assert read_statuses(sock, 1) == [200]
        sock.sendall(raw_request(run_id, 1))
    with served.dial() as sock:
        sock.sendall(raw_request(run_id, 2)[:-20])
    connection = served.connect()
    assert [ask(connection, LOG_METRIC, metric(run_id, step))[0] for step in (3, 4)] == [200, 200]
    assert count_points(platform) in {3, 4}


def test_a_server_that_stops_answers_what_is_under_way_and_says_that_it_was_the_last(
    serve: Callable[..., Served], platform: Platform, run_id: str
) -> None:
    served = serve()
    port = served.port
    connection = served.connect()
    assert ask(connection, LOG_METRIC, metric(run_id, 0))[0] == 200
    held, go = threading.Event(), threading.Event()

    def hold(_tx: Any) -> None:
        held.set()
        go.wait(PATIENCE_S)

    holding = threading.Thread(target=platform.store.writer.call, args=(hold,))
    holding.start()
    assert held.wait(PATIENCE_S)
    with socket.create_connection(("127.0.0.1", served.port), PATIENCE_S) as half:
        half.sendall(raw_request(run_id, 1))
        connection.request(
            "POST", LOG_METRIC, json.dumps(metric(run_id, 2)), {"Content-Type": "application/json"}
        )
        served.server.should_exit = True
        with contextlib.suppress(ConnectionError):
            while True:  # until the door is closed
                socket.create_connection(("127.0.0.1", port), PATIENCE_S).close()
        go.set()
        answer = connection.getresponse()
        assert (answer.status, answer.read(), answer.getheader("connection")) == (200, b"{}", "close")
        assert read_statuses(half, 1) == [200]
        assert half.recv(1) == b""
    holding.join()
    assert served.begun == ["metrics.log"]
    assert count_points(platform) == 3


def test_a_defect_is_answered_500_and_stands_in_the_log_under_the_requests_id(
    serve: Callable[..., Served],
    run_id: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    served = serve()
    connection = served.connect()
    assert ask(connection, LOG_METRIC, metric(run_id, 0))[0] == 200

    def fail(_context: Any, _request: Any) -> None:
        raise ZeroDivisionError("of the test")

    monkeypatch.setitem(dispatch._FUNCTIONS, "metrics.log", fail)
    with caplog.at_level(logging.ERROR, "headrace.server"):
        status, headers, answer = ask(connection, LOG_METRIC, metric(run_id, 1), {"X-Request-Id": "abc-1"})
    assert served.begun == ["metrics.log"]
    assert (status, answer["error_code"], headers["x-request-id"]) == (500, "INTERNAL_ERROR", "abc-1")
    assert "abc-1" in answer["message"]
    assert "abc-1" in caplog.text
    assert "of the test" in caplog.text
    assert "of the test" not in answer["message"]


def test_a_full_queue_is_answered_429_once(
    serve: Callable[..., Served], platform: Platform, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve()
    connection = served.connect()
    assert ask(connection, LOG_METRIC, metric(run_id, 0))[0] == 200

    def refuse(_job: Any) -> None:
        raise TooManyRequests("full")

    monkeypatch.setattr(platform.store.writer, "submit", refuse)
    status, headers, _ = ask(connection, LOG_METRIC, metric(run_id, 1))
    assert (status, headers["retry-after"]) == (429, "1")


def test_calls_are_audited_and_counted_however_they_are_answered(
    serve: Callable[..., Served], platform: Platform, run_id: str
) -> None:
    records: list[AuditRecord] = []
    counts = Counts()
    served = serve(counts, replace(platform, audit=(records.append,)), token=TOKEN)
    connection = served.connect()
    right = {"Authorization": f"Bearer {TOKEN}"}
    for step in range(3):
        ask(connection, LOG_METRIC, metric(run_id if step < 2 else "0" * 32, step), right)
    assert served.begun == ["metrics.log"] * 2
    assert [(record.actor.name, record.endpoint, record.outcome) for record in records] == [
        ("token", "metrics.log", "OK"),
        ("token", "metrics.log", "OK"),
        ("token", "metrics.log", "RESOURCE_DOES_NOT_EXIST"),
    ]
    assert counts.begun == 2
    assert counts.ended == [("metrics.log", "POST", 200), ("metrics.log", "POST", 404)]
