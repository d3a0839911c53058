"""Bodies are read to a limit, unpacked to the same, and refused when they are damaged."""

import asyncio
import gzip
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Scope

from headrace.base.errors import InvalidParameter, PayloadTooLarge
from headrace.server.body import MAX_BODY_BYTES, ClientGone, find_body_limit, find_header, read_body

Make = Callable[..., Any]
MakeScope = Callable[..., Scope]


def _read(scope: Scope, exchange: Any, limit: int = 10) -> bytes:
    return asyncio.run(read_body(scope, exchange.receive, limit))


@pytest.mark.parametrize(
    "parts", [(b"",), (b"0123456789",), (b"01234", b"56789"), (b"", b"0", b""), (b"0123456789", b"")]
)
def test_a_body_comes_as_it_was_sent(scope: MakeScope, exchange: Make, parts: tuple[bytes, ...]) -> None:
    assert _read(scope(), exchange(*parts)) == b"".join(parts)
    assert _read(scope(content_encoding="identity"), exchange(*parts)) == b"".join(parts)


@pytest.mark.parametrize(
    "parts", [(b"0123456789a",), (b"01234", b"567890"), (b"0123456789", b"a", b"b" * 99)]
)
def test_a_body_over_the_limit_is_refused(scope: MakeScope, exchange: Make, parts: tuple[bytes, ...]) -> None:
    sent = exchange(*parts)
    with pytest.raises(PayloadTooLarge, match="larger than 10 bytes"):
        _read(scope(), sent)
    assert sent.received <= 2, "what lies behind the limit is not read"


@pytest.mark.parametrize("length", ["11", "9" * 30])
def test_a_body_that_announces_too_much_is_refused_before_it_is_read(
    scope: MakeScope, exchange: Make, length: str
) -> None:
    sent = exchange(b"0", b"1")
    with pytest.raises(PayloadTooLarge):
        _read(scope(content_length=length), sent)
    assert sent.received == 1


@pytest.mark.parametrize("length", ["10", "x", ""])
def test_an_announced_length_within_the_limit_or_no_number_changes_nothing(
    scope: MakeScope, exchange: Make, length: str
) -> None:
    assert _read(scope(content_length=length), exchange(b"0", b"1")) == b"01"


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_a_packed_body_is_unpacked(scope: MakeScope, exchange: Make, encoding: str, size: int) -> None:
    packed = gzip.compress(b"0123456789")
    parts = [packed[start : start + size] for start in range(0, len(packed), size)]
    assert _read(scope(content_encoding=encoding), exchange(*parts), 100) == b"0123456789"


@pytest.mark.parametrize("size", [11, 12, 10_000])
def test_a_packed_body_is_refused_at_the_limit(scope: MakeScope, exchange: Make, size: int) -> None:
    packed = gzip.compress(b"0" * size)
    with pytest.raises(PayloadTooLarge):
        _read(scope(content_encoding="gzip"), exchange(packed, b""))
    assert _read(scope(content_encoding="gzip"), exchange(packed, b""), size + 50) == b"0" * size


def test_packed_bytes_count_as_well(scope: MakeScope, exchange: Make) -> None:
    with pytest.raises(PayloadTooLarge):
        _read(scope(content_encoding="gzip"), exchange(gzip.compress(b""), b""), 19)
    assert _read(scope(content_encoding="gzip"), exchange(gzip.compress(b"")), 20) == b""


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((b"",), "cut off"),
        ((gzip.compress(b"x")[:-1],), "cut off"),
        ((gzip.compress(b"x")[:-4] + b"\1\1\1\1",), "not valid gzip"),
        ((gzip.compress(b"x") + b"y",), "data follow"),
        ((gzip.compress(b"x"), b"y"), "data follow"),
        ((b"plain",), "not valid gzip"),
    ],
)
def test_a_damaged_body_is_refused(
    scope: MakeScope, exchange: Make, parts: tuple[bytes, ...], said: str
) -> None:
    with pytest.raises(InvalidParameter, match=said):
        _read(scope(content_encoding="gzip"), exchange(*parts), 100)


def test_an_unknown_packing_is_refused_by_its_name(scope: MakeScope, exchange: Make) -> None:
    with pytest.raises(InvalidParameter, match="'br\xe9' is not supported"):
        _read(scope(content_encoding="br\xe9"), exchange(b"x"))


@pytest.mark.parametrize("parts", [(), (b"",), (b"0", b"1")])
def test_a_client_that_leaves_is_no_body(scope: MakeScope, exchange: Make, parts: tuple[bytes, ...]) -> None:
    with pytest.raises(ClientGone):
        _read(scope(), exchange(*parts, gone=True))


def test_a_header_is_found_by_its_name(scope: MakeScope) -> None:
    assert find_header(scope(x_a="1", x_b="2"), b"x-b") == b"2"
    assert find_header(scope(x_a="1"), b"x-b") == b""


def test_the_limit_is_the_operators() -> None:
    assert find_body_limit({}) == MAX_BODY_BYTES
    assert find_body_limit({"HEADRACE_MAX_BODY_BYTES": " "}) == MAX_BODY_BYTES
    assert find_body_limit({"HEADRACE_MAX_BODY_BYTES": " 1000 "}) == 1000


@pytest.mark.parametrize("value", ["0", "-1", "1e6", "32 MiB", "\u0661", "9" * 19])
def test_a_limit_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(InvalidParameter, match="HEADRACE_MAX_BODY_BYTES"):
        find_body_limit({"HEADRACE_MAX_BODY_BYTES": value})
