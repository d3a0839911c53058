"""Bodies that lie, bodies that explode, requests that are no requests: each is refused in bounded memory, and the server goes on."""

import contextlib
import gzip
import json
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from security.attacker import API, FILES, Answer, Target, exchange, read_answers, serve

MIB = 2**20
TAG = f"{API}/runs/set-tag"
JSON = {"Content-Type": "application/json"}
MAX_GROWTH_MIB = 100


@pytest.fixture(autouse=True)
def healthy(target: Target) -> Iterator[None]:
    """After each test the server still answers and writes, and has logged no defect."""
    log = target.folder / "server.log"
    size = log.stat().st_size
    yield
    target.check_health()
    assert b"Traceback" not in log.read_bytes()[size:]


@pytest.fixture(scope="module")
def run(target: Target) -> str:
    return target.new_run()


def _refused(answer: Answer, status: int = 400, said: str = "") -> None:
    assert answer.status == status, answer.body[:500]
    assert said in answer.message
    assert len(answer.body) < 20_000


def _tags(target: Target, run: str) -> dict[str, str]:
    tags = target.ask("GET", f"{API}/runs/get?run_id={run}").json["run"]["data"]["tags"]
    return {tag["key"]: tag["value"] for tag in tags if tag["key"] != "mlflow.runName"}


# JSON


DEEP = 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEP + b"]" * DEEP,
        b"[" * DEEP,
        b'{"run_id":' * DEEP,
        b'{"run_id": "x", "key": "k", "value": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"run_id": "x", "key": "k", "unknown": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
        json.dumps("[" * DEEP + "]" * DEEP).encode(),
    ],
    ids=["arrays", "open arrays", "open objects", "in a field", "in an unknown field", "in a text"],
)
def test_deep_json_is_refused(target: Target, body: bytes) -> None:
    with target.memory_within(MAX_GROWTH_MIB):
        _refused(target.ask("POST", TAG, body, JSON))
        _refused(target.ask("POST", f"{API}/logged-models/m-1/params", body, JSON))


@pytest.mark.parametrize(
    "value",
    [
        b'"\\ud800"',
        b'"\\udfff\\ud800"',
        b'"a\\uD834"',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        b'"\xc0\xae"',
        b'"\xe2\x82"',
        b'"a\x00b"',
        b'"a\\u0000b"',
        b'"a\nb"',
        b"1",
        b"NaN",
        b"[]",
        b"{}",
        b"true",
        b"'a'",
        b"undefined",
        b'"' + b"1" * 5000 + b"\\ud800" + b'"',
    ],
    ids=repr,
)
def test_a_text_that_is_none_is_refused(target: Target, run: str, value: bytes) -> None:
    before = _tags(target, run)
    for more in (b"", b', "unknown": 1'):
        body = b'{"run_id": "%s", "key": "k", "value": %s%s}' % (run.encode(), value[:60], more)
        _refused(target.ask("POST", TAG, body, JSON))
    assert _tags(target, run) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((field, value) for field in ("timestamp", "step") for value in (
            b"9223372036854775808", b"-9223372036854775809", b"1" + b"0" * 400, b"1" + b"0" * 5000, b'"' + b"9" * 5000 + b'"',
            b"1e400", b"1e30", b"1.5", b"NaN", b"Infinity", b"-Infinity", b'"0x10"', b'" 1"', b'"1_0"', b'""', b"true", b"[]",
        )),
        *(("value", value) for value in (
            b"1e400", b"-1e400", b'"1e400"', b"1" + b"0" * 400, b"1" + b"0" * 5000, b'"x"', b'""', b"true", b"[]", b"{}", b'"1_0"',
        )),
    ],
)  # fmt: skip
def test_a_number_out_of_range_is_refused(target: Target, run: str, field: str, value: bytes) -> None:
    fields = {"value": b"1", "timestamp": b"1", "step": b"1"} | {field: value}
    text = b", ".join(b'"%s": %s' % (name.encode(), text) for name, text in fields.items())
    body = b'{"run_id": "%s", "key": "m", %s}' % (run.encode(), text)
    _refused(target.ask("POST", f"{API}/runs/log-metric", body, JSON))
    assert "metrics" not in target.ask("GET", f"{API}/runs/get?run_id={run}").json["run"]["data"]


@pytest.mark.parametrize(
    "size", ["9" * 30, "-1", "0", "1e30", "9223372036854775808", "1.5", "NaN", "", "%31%30x", "%D9%A1"]
)
def test_a_page_size_out_of_range_is_refused(target: Target, run: str, size: str) -> None:
    place = f"{API}/metrics/get-history?run_id={run}&metric_key=m&max_results={size}"
    _refused(target.ask("GET", place))
    if size.lstrip("-").isdigit() and size.isascii():
        for call in ("experiments/search", "runs/search", "logged-models/search"):
            fields = {"experiment_ids": ["0"], "max_results": int(size)}
            assert target.ask("POST", f"{API}/{call}", fields).status in {400, 200 if size == "0" else 400}


def test_of_a_name_given_twice_the_last_counts_and_two_spellings_are_refused(
    target: Target, run: str
) -> None:
    text = f'{{"run_id": "{run}", "key": "twice", "value": "a", "value": "b"}}'
    assert target.ask("POST", TAG, text.encode(), JSON).status == 200
    assert _tags(target, run)["twice"] == "b"
    text = f'{{"run_id": "{run}", "runId": "{run}", "key": "twice", "value": "c"}}'
    _refused(target.ask("POST", TAG, text.encode(), JSON), said="twice")
    assert _tags(target, run)["twice"] == "b"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le"])
def test_json_in_another_encoding_is_refused(target: Target, run: str, encoding: str) -> None:
    text = json.dumps({"run_id": run, "key": encoding, "value": "x"})
    _refused(target.ask("POST", TAG, text.encode(encoding), JSON))
    assert encoding not in _tags(target, run)


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonx",
        "text/json",
    ],
)
def test_json_under_another_type_is_refused(target: Target, run: str, kind: str) -> None:
    body = json.dumps({"run_id": run, "key": "csrf", "value": "x"}).encode()
    for place in (TAG, TAG.replace("/api", "/ajax-api", 1)):
        _refused(target.ask("POST", place, body, {"Content-Type": kind} if kind else {}), said="Content-Type")
    assert "csrf" not in _tags(target, run)


# Size


def _gzip(data: bytes) -> dict[str, Any]:
    return {"body": data, "headers": {**JSON, "Content-Encoding": "gzip"}}


def _bomb(mib: int, start: bytes = b'{"run_id": "', byte: bytes = b"a", end: bytes = b'"}') -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(start), *(packer.compress(byte * MIB) for _ in range(mib)), packer.compress(end)]
    return b"".join(parts) + packer.flush()


def test_a_packed_body_is_taken(target: Target, run: str) -> None:
    body = gzip.compress(json.dumps({"run_id": run, "key": "packed", "value": "x"}).encode())
    assert target.ask("POST", TAG, **_gzip(body)).status == 200
    assert _tags(target, run)["packed"] == "x"


def test_a_gzip_bomb_is_refused_in_bounded_memory(target: Target) -> None:
    bomb = _bomb(1024)
    assert len(bomb) < 2 * MIB
    with target.memory_within(MAX_GROWTH_MIB):
        _refused(target.ask("POST", TAG, **_gzip(bomb)), 413, "larger")
        _refused(target.ask("POST", TAG, **_gzip(gzip.compress(bomb))))


@pytest.mark.parametrize(
    ("start", "unit", "end"),
    [
        (b'{"unknown": [', b"[]," * 1000, b"[]]}"),
        (b'{"experiment_ids": [', b'"1",' * 1000, b'"1"]}'),
        (b'{"order_by": [', b'"",' * 1000, b'""]}'),
        (b"{", b'"":0,' * 1000, b'"":0}'),
        (b'"[', b"[]," * 1000, b'[]]"'),
        (b"", b'\\"\\\\",' * 1000, b""),
        (b'{"\\\\": [', b"0," * 1000, b"0]}"),
    ],
    ids=["empty arrays", "ids", "empty texts", "members", "in a text", "broken texts", "numbers"],
)
def test_many_small_values_are_refused_in_bounded_memory(
    target: Target, start: bytes, unit: bytes, end: bytes
) -> None:
    body = start + unit * (30 * MIB // len(unit)) + end
    with target.memory_within(MAX_GROWTH_MIB + 50):
        _refused(target.ask("POST", f"{API}/runs/search", **_gzip(gzip.compress(body, 1))), said="values")


def test_a_large_text_of_commas_is_no_bomb(target: Target, run: str) -> None:
    profile = json.dumps([0.5, "a\\", [], {}] * 700_000)
    assert len(profile) < 16_777_215
    dataset = {"name": "large", "digest": "1", "profile": profile}
    body = json.dumps({"run_id": run, "datasets": [{"dataset": dataset}], "unknown": 1}).encode()
    with target.memory_within(2 * MAX_GROWTH_MIB):
        assert target.ask("POST", f"{API}/runs/log-inputs", **_gzip(gzip.compress(body, 1))).status == 200


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda packed: packed[:-1], "cut off"),
        (lambda packed: packed[:10], "cut off"),
        (lambda packed: packed[:-8] + b"\0" * 8, "not valid gzip"),
        (lambda packed: packed + b"more", "follow"),
        (lambda packed: packed + packed, "follow"),
        (lambda packed: b"", "cut off"),
        (lambda packed: b"\x1f\x8b", "cut off"),
        (lambda packed: b"{}", "not valid gzip"),
        (lambda packed: zlib.compress(b"{}"), "not valid gzip"),
    ],
)
def test_a_damaged_packed_body_is_refused(target: Target, run: str, damage: Any, said: str) -> None:
    before = _tags(target, run)
    packed = gzip.compress(json.dumps({"run_id": run, "key": "damaged", "value": "x"}).encode())
    _refused(target.ask("POST", TAG, **_gzip(damage(packed))), said=said)
    assert _tags(target, run) == before


@pytest.mark.parametrize(
    "encoding", ["deflate", "br", "zstd", "compress", "gzip, gzip", "gzip;q=1", "<script>"]
)
def test_an_unknown_packing_is_refused(target: Target, encoding: str) -> None:
    _refused(target.ask("POST", TAG, b"{}", {**JSON, "Content-Encoding": encoding}), said="not supported")


def test_a_body_of_200_mb_is_refused_before_it_is_read(target: Target) -> None:
    size = 200_000_000
    head = f"POST {TAG} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    part = b" " * MIB
    with target.memory_within(MAX_GROWTH_MIB), target.connect() as sock:
        sock.sendall(head.encode())
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(size // MIB):
                sock.sendall(part)
            sock.sendall(b" " * (size % MIB))
        _refused(exchange(sock, b""), 413, "larger")


def test_a_chunked_body_of_200_mb_is_refused_in_bounded_memory(target: Target) -> None:
    head = f"POST {TAG} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b" " * MIB + b"\r\n"
    with target.memory_within(MAX_GROWTH_MIB), target.connect() as sock:
        sock.sendall(head.encode())
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(200):
                sock.sendall(chunk)
            sock.sendall(b"0\r\n\r\n")
        _refused(exchange(sock, b""), 413, "larger")


def test_the_limit_is_the_operators(tmp_path: Path) -> None:
    with serve(tmp_path / "small", environ={"HEADRACE_MAX_BODY_BYTES": "1000"}) as small:
        run = small.new_run()
        fields = {"run_id": run, "key": "k", "value": ""}
        room = 1000 - len(json.dumps(fields))
        assert small.ask("POST", TAG, fields | {"value": "v" * room}).status == 200
        _refused(small.ask("POST", TAG, fields | {"value": "v" * (room + 1)}), 413, "1000 bytes")
        _refused(small.ask("POST", TAG, **_gzip(gzip.compress(b" " * 1001))), 413, "1000 bytes")
        path = f"{FILES}/big"
        assert small.ask("PUT", path, b"x" * 5000).status == 200, "files have no such limit"


# HTTP


def _head(*lines: str, place: str = TAG) -> bytes:
    return "\r\n".join([f"POST {place} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def test_a_body_shorter_than_announced_stores_nothing(target: Target, run: str) -> None:
    body = json.dumps({"run_id": run, "key": "short", "value": "x"}).encode()
    request = _head("Content-Type: application/json", f"Content-Length: {len(body) + 1}")
    assert target.send(request + body, half=True) == []
    assert "short" not in _tags(target, run)


def test_what_follows_a_body_is_no_request_of_its_own_unless_it_is_one(target: Target, run: str) -> None:
    before = _tags(target, run).keys()
    body = json.dumps({"run_id": run, "key": "long", "value": "x"}).encode()
    request = _head("Content-Type: application/json", f"Content-Length: {len(body)}")
    answers = target.send(request + body + b'{"run_id": "')
    assert [answer.status for answer in answers] in ([200, 400], [400])
    assert _tags(target, run).keys() <= {"long"} | before


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 2", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 2"],
        ["Content-Length: 2", "Content-Length: 3"],
        ["Content-Length: +2"],
        ["Content-Length: 0x2"],
        ["Content-Length: -1"],
        ["Content-Length: 2 2"],
        ["Content-Length: 99999999999999999999999999"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: xchunked"],
        ["X-A : b"],
        ["X-A\0: b"],
        [" folded"],
    ],
    ids=str,
)
def test_an_ambiguous_request_is_refused_and_the_connection_closed(target: Target, lines: list[str]) -> None:
    smuggled = b"{}GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answers = target.send(_head("Content-Type: application/json", *lines) + smuggled)
    assert [answer.status for answer in answers] in ([400], []), answers


@pytest.mark.parametrize("line", ["GET", "GET /x", "GET  /x HTTP/1.1", "G T / HTTP/1.1", "GET / HTTP/9.9", "\0\0\0", "GET /\xff HTTP/1.1",
    "GET * HTTP/1.1", "CONNECT evil.com:80 HTTP/1.1", "GET http://[ HTTP/1.1", "PRI * HTTP/2.0", "\x16\x03\x01\x02\x00\x01\x00"])  # fmt: skip
def test_what_is_no_request_is_refused(target: Target, line: str) -> None:
    answers = target.send(f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1"))
    assert all(answer.status in {400, 404, 405} for answer in answers), answers


def test_requests_sent_at_once_are_answered_in_their_order(target: Target, run: str) -> None:
    parts = []
    for number in range(50):
        body = json.dumps({"run_id": run if number % 2 else "x", "key": f"p{number}", "value": "x"}).encode()
        parts.append(_head("Content-Type: application/json", f"Content-Length: {len(body)}") + body)
    answers = target.send(
        b"".join(parts) + b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert [answer.status for answer in answers] == [200 if number % 2 else 404 for number in range(50)] + [
        200
    ]


def test_http_1_0_is_answered_and_the_connection_closed(target: Target) -> None:
    [answer] = target.send(b"GET /health HTTP/1.0\r\n\r\n")
    assert (answer.status, answer.body) == (200, b"OK")
    [answer] = target.send(
        f"GET {API}/experiments/get?experiment_id=0 HTTP/1.0\r\nHost: localhost\r\n\r\n".encode()
    )
    assert answer.json["experiment"]["name"] == "Default"
    [answer] = target.send(f"GET {API}/experiments/get?experiment_id=0 HTTP/1.0\r\n\r\n".encode())
    assert answer.status == 403


def test_endless_headers_are_cut_off_in_bounded_memory(target: Target) -> None:
    for line in (b"X-A: " + b"a" * 1000 + b"\r\n", b"a" * 1000):
        with target.memory_within(20), target.connect() as sock:
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-B: b")
            sock.sendall(b"\r\n" if line.endswith(b"\n") else b"")
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for _ in range(200):
                    sock.sendall(line * 1000)
                pytest.fail("the server took 200 MB of headers")
            answers = read_answers(sock)
            assert [answer.status for answer in answers] in ([431], [])


def test_endless_lines_after_a_body_are_cut_off_in_bounded_memory(target: Target) -> None:
    with target.memory_within(20), target.connect() as sock:
        sock.sendall(
            _head("Content-Type: application/json", "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n"
        )
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(200):
                sock.sendall((b"X-A: " + b"a" * 1000 + b"\r\n") * 1000)
            pytest.fail("the server took 200 MB of trailers")


def test_a_long_address_is_answered(target: Target) -> None:
    for size, statuses in ((60_000, {404}), (5 * MIB, {431, 400, 414})):
        with contextlib.suppress(ConnectionResetError):
            answers = target.send(
                b"GET /" + b"a" * size + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
            assert {answer.status for answer in answers} <= statuses
            assert all(len(answer.body) < 1000 for answer in answers)


def test_a_client_that_leaves_in_the_middle_of_a_body_stores_nothing(target: Target, run: str) -> None:
    body = json.dumps({"run_id": run, "key": "left", "value": "x"}).encode()
    files = target.list_files()
    for head, sent in (
        (_head("Content-Type: application/json", f"Content-Length: {len(body)}"), body[:-1]),
        (_head("Content-Type: application/json", "Transfer-Encoding: chunked"), b"ff\r\n" + body),
        (f"PUT {FILES}/left HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n".encode(), b"half"),
    ):
        for _ in range(20):
            with target.connect() as sock:
                sock.sendall(head + sent)
                # closing with a reset, as a killed client does
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(0.2)
    assert "left" not in _tags(target, run)
    assert target.list_files() == files


def test_slow_clients_hold_up_nobody(target: Target, run: str) -> None:
    body = json.dumps({"run_id": run, "key": "slow", "value": "x"}).encode()
    request = _head("Content-Type: application/json", f"Content-Length: {len(body)}") + body
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(target.connect()) for _ in range(100)]
        for position in range(3):
            for sock in slow:
                sock.sendall(request[position * 10 : position * 10 + 10])
            start = time.monotonic()
            target.check_health()
            assert time.monotonic() - start < 20  # who waited for them would wait for ever
        for sock in slow:
            sock.sendall(request[30:])
        assert {exchange(sock, b"").status for sock in slow} == {200}


def test_what_a_header_says_twice_is_refused(target: Target) -> None:
    for name in ("Host", "Authorization", "Origin"):
        request = f"GET {API}/experiments/get?experiment_id=0 HTTP/1.1\r\nHost: localhost\r\n".encode()
        first, second = (
            (b"localhost", b"evil.com") if name == "Host" else (b"http://localhost", b"http://evil.com")
        )
        lines = b"" if name == "Host" else name.encode() + b": " + first + b"\r\n"
        answers = target.send(
            request + lines + name.encode() + b": " + second + b"\r\nConnection: close\r\n\r\n"
        )
        assert [answer.status for answer in answers] == [400], name
        assert f"{name} twice" in answers[0].message


def test_an_upgrade_is_not_taken(target: Target) -> None:
    lines = (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n"
    )
    with target.connect() as sock:
        answer = exchange(sock, f"GET /health HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())
    assert answer.status in {200, 400, 403, 426}
    assert b"101" not in answer.body
