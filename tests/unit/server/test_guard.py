"""The door: hosts without their port, origins as a whole, one token, and headers on every answer."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from headrace.server.answers import send_bytes
from headrace.server.guard import (
    Guard,
    GuardSettings,
    cors_headers,
    is_allowed_host,
    is_loopback_name,
    read_token,
    split_host,
)

Make = Callable[..., Any]
MakeScope = Callable[..., Scope]


class Inside:
    """The application behind the door: notes whom it lets in."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "http":
            await send_bytes(send, 200, b"inside")


@pytest.fixture
def inside() -> Inside:
    return Inside()


@pytest.mark.parametrize(
    ("netloc", "host"),
    [
        ("a", "a"),
        ("A:1", "a"),
        ("[::1]:5000", "::1"),
        ("[::1]", "::1"),
        ("::1", "::1"),
        ("a:", "a"),
        ("", ""),
    ],
)
def test_a_host_is_split_from_its_port(netloc: str, host: str) -> None:
    assert split_host(netloc) == host


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_is_known_by_name_or_address(host: str) -> None:
    assert is_loopback_name(host)


@pytest.mark.parametrize("host", ["", "localhost.com", "xlocalhost", "10.0.0.1", "::2", "127.1", "evil.com"])
def test_another_machine_is_not_this_one(host: str) -> None:
    assert not is_loopback_name(host)


@pytest.mark.parametrize(
    ("netloc", "allowed", "is_let_in"),
    [
        ("localhost:5000", [], True),
        ("10.0.0.1", [], True),
        ("[fe80::1]:80", [], True),
        ("ml", [], False),
        ("ml:80", ["ml"], True),
        ("ML", ["ml"], True),
        ("ml", ["ML"], True),
        ("ml:80", ["ml:80"], True),
        ("ml:81", ["ml:80"], False),
        ("a.b", ["*.b"], True),
        ("ab", ["*.b"], False),
        ("evil.com", ["*"], True),
        ("", ["*"], False),
        ("a b", ["*"], False),
        ("a@b", ["*"], False),
        ("[x]", ["*"], False),
        ("[::1", ["*"], False),
        ("a:123456", ["*"], False),
        ("\u0131", ["*"], False),
    ],
)
def test_a_host_is_let_in_by_name(netloc: str, allowed: list[str], is_let_in: bool) -> None:
    assert is_allowed_host(netloc, allowed) is is_let_in


def _basic(text: str) -> bytes:
    return b"Basic " + base64.b64encode(text.encode())


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (b"Bearer abc", b"abc"),
        (b"BEARER  abc ", b"abc"),
        (b"bearer ", b""),
        (_basic("user:abc"), b"abc"),
        (_basic("user:a:b"), b"a:b"),
        (_basic("user"), b""),
        (_basic("user:\u00e9"), "\u00e9".encode()),
        (b"Basic !!!", None),
        (b"Basic a", None),
        (b"Digest abc", None),
        (b"abc", None),
        (b"", None),
    ],
)
def test_a_token_is_bearer_or_the_password(header: bytes, token: bytes | None) -> None:
    assert read_token(header) == token


def test_no_origin_no_headers_for_it() -> None:
    assert cors_headers(b"") == []
    assert dict(cors_headers(b"https://a"))[b"access-control-allow-origin"] == b"https://a"


def test_who_is_let_in_gets_a_name_and_the_answer_gets_headers(
    scope: MakeScope, exchange: Make, inside: Inside
) -> None:
    answer = exchange(b"").run(Guard(inside, GuardSettings()), scope(host="localhost"))
    assert (answer.status, answer.body) == (200, b"inside")
    assert answer.headers[b"x-content-type-options"] == b"nosniff"
    assert answer.headers[b"x-frame-options"] == b"SAMEORIGIN"
    assert inside.scopes[0]["headrace.actor"].name == "anyone"


def test_frames_are_the_operators_business(scope: MakeScope, exchange: Make, inside: Inside) -> None:
    for value, expected in (("DENY", b"DENY"), ("", None)):
        guard = Guard(inside, GuardSettings(frame_options=value))
        assert exchange(b"").run(guard, scope(host="localhost")).headers.get(b"x-frame-options") == expected


def test_a_name_is_looked_at_once(
    scope: MakeScope, exchange: Make, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = Guard(inside, GuardSettings(hosts=["*"]))
    for number in range(150):
        assert exchange(b"").run(guard, scope(host=f"h{number}")).status == 200
    assert len(guard._known_hosts) == 100
    monkeypatch.setattr("headrace.server.guard.is_allowed_host", lambda *_: False)
    assert exchange(b"").run(guard, scope(host="h0")).status == 200
    assert exchange(b"").run(guard, scope(host="h149")).status == 403


def test_a_token_is_needed_and_names_who_has_it(scope: MakeScope, exchange: Make, inside: Inside) -> None:
    guard = Guard(inside, GuardSettings(token="s\u00e9cret"))
    missing = exchange(b"").run(guard, scope(host="localhost"))
    wrong = exchange(b"").run(guard, scope(host="localhost", authorization="Bearer x"))
    assert (missing.status, wrong.status, inside.scopes) == (401, 401, [])
    assert json.loads(missing.body)["message"] != json.loads(wrong.body)["message"]
    header = "Bearer " + "s\u00e9cret".encode().decode("latin-1")
    assert exchange(b"").run(guard, scope(host="localhost", authorization=header)).status == 200
    assert inside.scopes[0]["headrace.actor"].name == "token"
    for path in ("/health", "/version"):
        assert exchange(b"").run(guard, scope(path=path)).status == 200


@pytest.mark.parametrize("name", ["host", "origin", "authorization"])
def test_a_header_that_is_meant_once_is_refused_twice(
    scope: MakeScope, exchange: Make, inside: Inside, name: str
) -> None:
    request = scope(host="localhost")
    request["headers"] += [(name.encode(), b"localhost"), (name.encode(), b"localhost")]
    answer = exchange(b"").run(Guard(inside, GuardSettings()), request)
    assert answer.status == 400
    assert f"{name.title()} twice" in json.loads(answer.body)["message"]
    assert inside.scopes == []


@pytest.mark.parametrize(
    ("origin", "status", "named"),
    [
        ("https://ui.example.org", 200, True),
        ("http://localhost:1", 200, False),
        ("http://ml:5000", 200, False),
        ("https://ml", 403, False),
        ("http://evil.com", 403, False),
        ("null", 403, False),
        ("http://[", 403, False),
        ("ftp://localhost", 403, False),
        ("http://localhost@evil.com", 403, False),
    ],
)
def test_an_origin_is_this_machine_the_same_or_on_the_list(
    scope: MakeScope, exchange: Make, inside: Inside, origin: str, status: int, named: bool
) -> None:
    guard = Guard(inside, GuardSettings(hosts=["ml"], origins=["https://*.example.org"]))
    for method in ("POST", "OPTIONS"):
        answer = exchange(b"").run(guard, scope(method, host="ml:5000", origin=origin))
        assert answer.status == (204 if method == "OPTIONS" and status == 200 else status)
        assert (b"access-control-allow-origin" in answer.headers) is named
    answer = exchange(b"").run(guard, scope("GET", host="ml:5000", origin=origin))
    assert answer.status == 200
    assert (b"access-control-allow-origin" in answer.headers) is named


def test_a_preflight_has_no_body_and_needs_no_token(scope: MakeScope, exchange: Make, inside: Inside) -> None:
    guard = Guard(inside, GuardSettings(token="secret"))
    answer = exchange(b"").run(guard, scope("OPTIONS", host="localhost"))
    assert (answer.status, answer.body, inside.scopes) == (204, b"", [])
    assert b"content-length" not in answer.headers


@pytest.mark.parametrize(
    ("path", "stripped"),
    [("/x/y", "/y"), ("/x", "/"), ("/x/", "/"), ("/xy", "/xy"), ("/y", "/y"), ("/x/x/y", "/x/y")],
)
def test_a_prefix_is_taken_off_once(
    scope: MakeScope, exchange: Make, inside: Inside, path: str, stripped: str
) -> None:
    exchange(b"").run(Guard(inside, GuardSettings(prefix="/x")), scope(path=path, host="localhost"))
    assert inside.scopes[0]["path"] == stripped


def test_what_is_no_request_is_passed_or_closed(exchange: Make, inside: Inside) -> None:
    guard = Guard(inside, GuardSettings(token="secret"))
    exchange().run(guard, {"type": "lifespan"})
    assert [scope["type"] for scope in inside.scopes] == ["lifespan"]
    answer = exchange().run(guard, {"type": "websocket", "path": "/", "headers": []})
    assert [message["type"] for message in answer.sent] == ["websocket.close"]
    assert len(inside.scopes) == 1
