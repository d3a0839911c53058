"""Answers: JSON with its length, errors in MLflow's form and with the headers that tell clients what to do."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from headrace.base import errors
from headrace.server.answers import error_body, send_bytes, send_error, unexpected

Make = Callable[..., Any]


def _tree(root: type[errors.HeadraceError]) -> list[type[errors.HeadraceError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in _tree(child))]


@pytest.mark.parametrize("kind", _tree(errors.HeadraceError), ids=lambda kind: kind.__name__)
def test_an_error_is_sent_in_mlflows_form(exchange: Make, kind: type[errors.HeadraceError]) -> None:
    answer = exchange()
    asyncio.run(send_error(answer.send, kind("what < happened é")))
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


def test_a_defect_shows_its_reference_and_nothing_else() -> None:
    body = json.loads(error_body(unexpected("1234abcd")))
    assert body["error_code"] == "INTERNAL_ERROR"
    assert "1234abcd" in body["message"]


def test_headers_of_ones_own_replace_the_type(exchange: Make) -> None:
    answer = exchange()
    asyncio.run(send_bytes(answer.send, 200, b"x", [(b"content-type", b"text/plain")]))
    assert answer.sent[0]["headers"] == [(b"content-length", b"1"), (b"content-type", b"text/plain")]
    assert answer.body == b"x"
