"""MessagePack bodies that lie or explode: each is refused with an error in JSON, in bounded memory, and the server goes on."""

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from headrace.api.endpoints import ENDPOINTS
from security.attacker import Answer, Target

MIB = 2**20
MAX_GROWTH_MIB = 100
PACKED = {"Content-Type": "application/msgpack"}
ROWS = [row for row in ENDPOINTS if row.binary]
KEYS = "/api/headrace/v1/tables/keys"
ASKED = {"experiment_ids": ["0"]}


@pytest.fixture(autouse=True)
def healthy(target: Target) -> Iterator[None]:
    """After each test the server still answers and writes, and has logged no defect."""
    log = target.folder / "server.log"
    size = log.stat().st_size
    yield
    target.check_health()
    assert b"Traceback" not in log.read_bytes()[size:]


def _pack(**fields: object) -> bytes:
    return msgspec.msgpack.encode(fields)


def _refused(answer: Answer, status: int = 400, said: str = "") -> None:
    assert answer.status == status, answer.body[:500]
    assert answer.headers["content-type"] == "application/json"
    assert said in answer.message
    assert len(answer.body) < 2000


def test_a_row_that_is_binary_answers_in_the_type_that_is_wanted(target: Target) -> None:
    as_json = target.ask("POST", KEYS, ASKED)
    assert as_json.headers["content-type"] == "application/json"
    for sent in ("application/msgpack", "application/x-msgpack; charset=binary", "Application/VND.msgpack"):
        answer = target.ask("POST", KEYS, _pack(**ASKED), {"Content-Type": sent})
        assert (answer.status, answer.headers["content-type"]) == (200, "application/msgpack")
        assert int(answer.headers["content-length"]) == len(answer.body)
        assert msgspec.msgpack.decode(answer.body) == as_json.json
    answer = target.ask("POST", KEYS, ASKED, {"Accept": "text/html, application/x-msgpack;q=0.9, */*"})
    assert msgspec.msgpack.decode(answer.body) == as_json.json
    for accept in ("application/json", "application/json, application/msgpack"):
        answer = target.ask("POST", KEYS, _pack(**ASKED), {**PACKED, "Accept": accept})
        assert answer.json == as_json.json
    answer = target.ask("POST", KEYS, _pack(**ASKED), {**PACKED, "Accept": "*/*"})
    assert msgspec.msgpack.decode(answer.body) == as_json.json


def test_a_packed_body_may_be_compressed(target: Target) -> None:
    answer = target.ask("POST", KEYS, gzip.compress(_pack(**ASKED)), {**PACKED, "Content-Encoding": "gzip"})
    assert answer.status == 200
    assert "total" in msgspec.msgpack.decode(answer.body)


@pytest.mark.parametrize("row", [row for row in ENDPOINTS if row.method in {"POST", "PUT"} and not row.binary and not row.stream], ids=lambda row: row.name)  # fmt: skip
def test_a_row_that_is_not_binary_says_so(target: Target, row: Any) -> None:
    method, path = row.routes()[0]
    if "{" not in path:
        _refused(target.ask(method, path, b"\x80", PACKED), said=f"{row.name} speaks JSON alone")
        answer = target.ask(method, path, {}, {"Accept": "application/msgpack"})
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/octet-stream", "application/msgpackx", "msgpack"]
)
def test_messagepack_under_another_type_is_refused(target: Target, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    _refused(
        target.ask("POST", KEYS, _pack(**ASKED), headers), said="'application/json' or 'application/msgpack'"
    )


def test_one_format_under_the_name_of_the_other_is_refused(target: Target) -> None:
    _refused(target.ask("POST", KEYS, json.dumps(ASKED).encode(), PACKED), said="not valid MessagePack")
    _refused(
        target.ask("POST", KEYS, _pack(**ASKED), {"Content-Type": "application/json"}), said="not valid UTF-8"
    )


def test_errors_are_json_whatever_is_wanted(target: Target) -> None:
    for headers in (PACKED, {**PACKED, "Accept": "application/msgpack"}):
        _refused(target.ask("POST", KEYS, _pack(experiment_ids=["x"]), headers))
        _refused(target.ask("PUT", KEYS, b"\x80", headers), 405)
        _refused(target.ask("POST", KEYS + "x", b"\x80", headers), 404)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\xdd\xff\xff\xff\xff", "truncated"),
        (b"\xdf\xff\xff\xff\xff", "truncated"),
        (b"\xc6\xff\xff\xff\xff", "truncated"),
        (b"\xdb\xff\xff\xff\xff", "truncated"),
        (b"\x81\xa1x\xdd\x7f\xff\xff\xff" + b"\x90" * 1000, "truncated"),
        (b"\x91" * 200_000, "nested too deeply"),
        (b"\x81\xa1a" * 200_000 + b"\xc0", "nested too deeply"),
        (b"\x80\x80", "trailing"),
        (b"\xc1", "invalid opcode"),
        (b"\x90", "Expected `object`"),
        (b"\x81\xa4nope\x01", "nope"),
        (b"\x81\x01\x01", "Expected `str`"),
        (b"\x81\xa2\xff\xff\x01", "UTF-8"),
        (b"\x81\xda\xff\xff" + b"n" * 65535 + b"\x01", "nnn"),
    ],
    ids=["array", "map", "bytes", "text", "in a field", "deep", "deep maps", "two", "no value", "list", "unknown", "number", "encoding", "long name"],
)  # fmt: skip
def test_a_hostile_body_is_refused_by_every_binary_row(
    target: Target, row: Any, body: bytes, said: str
) -> None:
    method, path = row.routes()[0]
    with target.memory_within(MAX_GROWTH_MIB):
        _refused(target.ask(method, path, body, PACKED), said=said)


@pytest.mark.parametrize(
    "value",
    [b"\xa3\xed\xa0\x80", b"\xa1\xff", b"\xa2\xc0\xae", b"\xa3\xe2\x82a", b"\x01", b"\xc0", b"\xc4\x01a", b"\x90", b"\xd6\xff\0\0\0\0"],
)  # fmt: skip
def test_a_text_that_is_none_is_refused(target: Target, value: bytes) -> None:
    for field in ("prefix", "contains"):
        body = b"\x82\xaeexperiment_ids\x91\xa10" + msgspec.msgpack.encode(field) + value
        _refused(target.ask("POST", KEYS, body, PACKED))


@pytest.mark.parametrize(
    ("start", "unit"),
    [
        (b"\x81\xaeexperiment_ids", b"\xa0"),
        (b"\x81\xaeexperiment_ids", b"\xa10"),
        (b"\x81\xaeexperiment_ids", b"\x90"),
        (b"\x81\xa7unknown", b"\x80"),
        (b"\x81\xa7unknown", b"\x91\x91\x90"),
        (b"", b"\xc0"),
    ],
    ids=["empty texts", "ids", "empty arrays", "empty maps", "arrays in arrays", "nulls"],
)
def test_many_small_values_are_refused_in_bounded_memory(target: Target, start: bytes, unit: bytes) -> None:
    count = 30 * MIB // len(unit)
    body = start + b"\xdd" + count.to_bytes(4) + unit * count
    with target.memory_within(MAX_GROWTH_MIB + 50):
        _refused(target.ask("POST", KEYS, body, PACKED), said="values")
        packed = {**PACKED, "Content-Encoding": "gzip"}
        _refused(target.ask("POST", KEYS, gzip.compress(body, 1), packed), said="values")


def test_a_gzip_bomb_is_refused_in_bounded_memory(target: Target) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packer.compress(b"\x81\xa1x\xc6\x40\x00\x00\x00")
    bomb += b"".join(packer.compress(bytes(MIB)) for _ in range(1024)) + packer.flush()
    with target.memory_within(MAX_GROWTH_MIB):
        _refused(target.ask("POST", KEYS, bomb, {**PACKED, "Content-Encoding": "gzip"}), 413, "larger")


def test_a_page_of_another_site_cannot_send_it(target: Target) -> None:
    headers = {**PACKED, "Origin": "https://evil.example"}
    _refused(target.ask("POST", KEYS, _pack(**ASKED), headers), 403, "Cross-origin")
