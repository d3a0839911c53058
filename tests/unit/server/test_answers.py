"""Answers: JSON with its length, errors in MLflow's form and with the headers that tell clients what to do."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from headrace.base import errors
from headrace.server.answers import PIECE_BYTES, error_body, note_defect, send_bytes, send_error, send_long

Make = Callable[..., Any]
_SCOPE = {"type": "http", "method": "GET", "path": "/api/x", "headers": []}


def _tree(root: type[errors.HeadraceError]) -> list[type[errors.HeadraceError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in _tree(child))]


@pytest.mark.parametrize("kind", _tree(errors.HeadraceError), ids=lambda kind: kind.__name__)
def test_an_error_is_sent_in_mlflows_form(exchange: Make, kind: type[errors.HeadraceError]) -> None:
    answer = exchange()
    asyncio.run(send_error(dict(_SCOPE), answer.send, kind("what < happened é")))
    assert answer.status == kind.status
    assert answer.headers[b"content-type"] == b"application/json"
    assert answer.headers[b"content-length"] == str(len(answer.body)).encode()
    assert json.loads(answer.body) == {
        "error_code": kind.code,
        "message": "what < happened é",
        "sqlstate": kind.sqlstate,
        "error_class": kind.error_class,
    }
    assert (b"www-authenticate" in answer.headers) is (kind.status == 401)
    assert (b"retry-after" in answer.headers) is (kind.status in {429, 503})


@pytest.mark.parametrize("kind", _tree(errors.HeadraceError), ids=lambda kind: kind.__name__)
def test_what_is_the_servers_fault_stands_in_the_log_in_one_line(
    exchange: Make, caplog: pytest.LogCaptureFixture, kind: type[errors.HeadraceError]
) -> None:
    scope = _SCOPE | {"headers": [(b"x-request-id", b"given-7")], "path": "/api/x\ny"}
    asyncio.run(send_error(scope, exchange().send, kind("broken\nforged line")))
    lines = [record.getMessage() for record in caplog.records]
    if kind.status < 500 or kind is errors.NotImplementedByServer:
        assert not lines
    else:
        (line,) = lines
        assert "request given-7" in line
        assert "broken" in line
        assert "\n" not in line


def test_a_defect_shows_the_requests_id_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    scope = {"method": "GET", "path": "/x", "headers": [(b"x-request-id", b"1234abcd")]}
    body = json.loads(error_body(note_defect(scope, ValueError("secret"))))
    assert body["error_code"] == "INTERNAL_ERROR"
    assert "1234abcd" in body["message"]
    assert "secret" not in body["message"]
    assert "1234abcd" in caplog.text
    assert "secret" in caplog.text


def test_headers_of_ones_own_replace_the_type(exchange: Make) -> None:
    answer = exchange()
    asyncio.run(send_bytes(answer.send, 200, b"x", [(b"content-type", b"text/plain")]))
    assert answer.sent[0]["headers"] == [(b"content-length", b"1"), (b"content-type", b"text/plain")]
    assert answer.body == b"x"


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES, 24_000_000])
def test_a_long_answer_goes_in_pieces_that_are_no_copies(exchange: Make, size: int) -> None:
    answer, body = exchange(), bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    asyncio.run(send_long(answer.send, 200, [body], [(b"content-type", b"application/msgpack")]))
    assert answer.headers == {b"content-length": b"%d" % size, b"content-type": b"application/msgpack"}
    pieces = [message["body"] for message in answer.sent[1:]]
    assert b"".join(pieces) == body
    assert all(len(piece) <= PIECE_BYTES for piece in pieces)
    assert all(piece is body or piece.obj is body for piece in pieces)
    assert [message.get("more_body", False) for message in answer.sent[1:]] == [True] * (len(pieces) - 1) + [
        False
    ]


def test_an_answer_of_several_parts_ends_with_the_last(exchange: Make) -> None:
    answer, parts = exchange(), [b"head", b"x" * (PIECE_BYTES + 1), b"tail"]
    asyncio.run(send_long(answer.send, 200, parts))
    assert b"".join(message["body"] for message in answer.sent[1:]) == b"".join(parts)
    assert [message["more_body"] for message in answer.sent[1:]] == [True, True, True, False]
