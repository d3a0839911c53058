"""Connections of the HTTP transport: answers in all forms that HTTP allows and some that it does not, connections that are kept, proxies."""

import base64
import gc
import io
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from headrace.api.artifacts import PROXY_PUT, ProxyPath
from headrace.base.errors import HeadraceError, InvalidParameter, Unavailable
from headrace.client import connect, connections
from headrace.client.connect import open_transport, read_settings
from headrace.client.connections import Answer as Incoming
from headrace.client.connections import Broken, Connection
from headrace.client.http import HttpTransport
from headrace.client.pools import MOST_KEPT, Pool
from headrace.client.retries import BACKOFF_S, JITTER_S, MAX_PAUSE_S, Attempts
from headrace.client.routes import build_head
from scripted_server import Answer, ScriptedServer

CERTIFICATE = Path(__file__).parent / "localhost.pem"
VERSION = b"1.2.3"
HEAD = b"HTTP/1.1 200 OK\r\n"


def _ask(server: ScriptedServer, answer: Answer, **options: object) -> str:
    server.script(answer)
    with connect(server.url, retries=0, **options) as client:  # type: ignore[arg-type]
        return client.server.version()


# Forms of answers


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"Content-Length: 5\r\n\r\n" + VERSION,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n1.\r\n3;x=y\r\n2.3\r\n0\r\nTrailer: x\r\n\r\n",
        HEAD + b"Connection: close\r\n\r\n" + VERSION,
        b"HTTP/1.0 200 OK\r\n\r\n" + VERSION,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\n\r\n"
        + HEAD
        + b"content-length:5\r\n\r\n"
        + VERSION,
    ],
    ids=["length", "chunks", "end", "1.0", "interim"],
)
def test_an_answer_is_read_in_every_form(scripted: ScriptedServer, raw: bytes) -> None:
    assert _ask(scripted, Answer(raw=raw, closes=True)) == "1.2.3"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x16", "no HTTP"),
        (b"HTTP/1.1 two hundred\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "no HTTP"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "no HTTP"),
        (HEAD + b"Content-Length: 5\r\n\r\n1.2", "within an answer"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n1.2", "within an answer"),
        (HEAD, "without an answer"),
        (b"", "without an answer"),
        (HEAD + b"X: " + b"x" * 2 * connections.MAX_HEAD_BYTES, "head of the answer is longer"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000, "head of the answer is longer"),
    ],
)
def test_what_is_no_whole_answer_is_a_clear_error(scripted: ScriptedServer, raw: bytes, message: str) -> None:
    with pytest.raises(Unavailable, match=f"No answer from {scripted.url}: .*{message}"):
        _ask(scripted, Answer(raw=raw, closes=True))


def test_the_time_that_nothing_came_is_named(scripted: ScriptedServer) -> None:
    with pytest.raises(Unavailable, match=r"nothing came for 0\.1 s"):
        _ask(scripted, Answer(headers={"Content-Length": "10"}), timeout_s=0.1)


def test_a_repeated_header_is_joined() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(HEAD + b"ETag: a\r\nVary: x\r\nVARY: y\r\nContent-Length: 0\r\n\r\n")
        answer = Incoming(Connection(ours), Connection.close)
        answer.await_head()
    assert answer.headers == {"etag": "a", "vary": "x, y", "content-length": "0"}


def test_an_answer_is_gone_with_its_last_reference() -> None:
    ours, theirs = socket.socketpair()
    gc.disable()
    try:
        with theirs:
            theirs.sendall(HEAD + b"Content-Length: 5\r\n\r\n" + VERSION)
            answer = Incoming(Connection(ours), Connection.close)
            assert answer.read_all() == VERSION
        seen = weakref.ref(answer)
        del answer
        assert seen() is None
    finally:
        gc.enable()


def test_a_part_is_no_longer_than_asked_for() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(HEAD + b"Content-Length: 5\r\n\r\n" + VERSION)
        answer = Incoming(Connection(ours), Connection.close)
        parts = [answer.read(2) for _ in range(4)]
    assert parts == [b"1.", b"2.", b"3", b""]


def test_who_gave_an_answer_up_gets_nothing_more() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(HEAD + b"Content-Length: 5\r\n\r\n")
        answer = Incoming(Connection(ours), Connection.close)
        answer.await_head()
        answer.close()
        with pytest.raises(Broken, match="given up"):
            answer.read_all()


@pytest.mark.parametrize(
    ("target", "value"), [("/a\r\nX: y", "v"), ("/a", "v\r\nX: y"), ("/a", "v\n"), ("/a\0", "v")]
)
def test_nothing_ends_a_line_of_a_request(target: str, value: str) -> None:
    with pytest.raises(ValueError, match="broken"):
        build_head("GET", target, {"Host": "h", "X": value})


# Connections that are kept


def _count(server: ScriptedServer) -> int:
    return len({request.connection for request in server.requests})


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"Content-Length: 5\r\nConnection: close\r\n\r\n" + VERSION,
        HEAD + b"Content-Length: 5\r\n\r\n" + VERSION + b"more",
        HEAD + b"Content-Length: 5\r\n\r\n" + VERSION + HEAD + b"Content-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n" + VERSION,
    ],
    ids=["close", "surplus", "two answers", "1.0"],
)
def test_a_connection_that_cannot_be_relied_on_is_not_used_again(
    scripted: ScriptedServer, raw: bytes
) -> None:
    scripted.script(Answer(raw=raw), Answer(body=VERSION))
    with connect(scripted.url) as client:
        assert [client.server.version(), client.server.version()] == ["1.2.3", "1.2.3"]
    assert _count(scripted) == 2


def test_a_connection_that_the_server_has_closed_is_replaced_also_for_what_is_sent_once(
    scripted: ScriptedServer,
) -> None:
    scripted.script(Answer(closes=True), Answer(body=b'{"experiment_id": "7"}'))
    with connect(scripted.url, retries=0) as client:
        client.runs.log_metric("a", "m", 1)
        time.sleep(0.2)  # until the end of the connection has come here
        assert client.experiments.create("x") == "7"
    assert _count(scripted) == 2


def test_threads_have_connections_of_their_own_and_leave_them_to_others(scripted: ScriptedServer) -> None:
    with connect(scripted.url) as client:
        for _ in range(3):
            threads = [threading.Thread(target=client.runs.log_metric, args=("a", "m", 1)) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert len(scripted.requests) == 24
    assert _count(scripted) <= 8


def test_a_closed_client_refuses_calls(scripted: ScriptedServer) -> None:
    client = connect(scripted.url)
    client.runs.log_metric("a", "m", 1)
    client.close()
    client.close()
    with pytest.raises(InvalidParameter, match="is closed"):
        client.runs.log_metric("a", "m", 1)
    assert len(scripted.requests) == 1


def _is_closed(other_side: socket.socket) -> bool:
    other_side.settimeout(0.05)
    try:
        return other_side.recv(1) == b""
    except TimeoutError:
        return False


def test_a_pool_keeps_some_connections_and_closes_all_with_itself() -> None:
    pool, pairs = Pool(), [socket.socketpair() for _ in range(MOST_KEPT + 3)]
    for ours, _ in pairs[:-1]:
        pool.give(Connection(ours))
    assert [_is_closed(theirs) for _, theirs in pairs[:-1]] == [False] * MOST_KEPT + [True] * 2
    pool.close()
    pool.give(Connection(pairs[-1][0]))
    assert all(_is_closed(theirs) for _, theirs in pairs)
    assert pool.take() is None
    for _, theirs in pairs:
        theirs.close()


# Bodies


def _upload(server: ScriptedServer, data: bytes, retries: int) -> None:
    transport = open_transport(server.url, read_settings(retries=retries))
    assert isinstance(transport, HttpTransport)
    try:
        transport.upload(PROXY_PUT, ProxyPath(artifact_path="a"), io.BytesIO(data), len(data))
    finally:
        transport.close()


def test_a_file_is_sent_again_from_its_beginning(scripted: ScriptedServer) -> None:
    data = bytes(range(256)) * 4096
    scripted.script(Answer(503), Answer(silent=True), Answer())
    _upload(scripted, data, retries=2)
    assert [request.body == data for request in scripted.requests] == [True] * 3


class _Unreadable(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError(5, "Input/output error")
        return super().read(size)


def test_a_file_that_cannot_be_read_is_told_at_once(scripted: ScriptedServer) -> None:
    transport = open_transport(scripted.url, read_settings(timeout_s=60))
    begun = time.monotonic()
    with pytest.raises(OSError, match="Input/output error"):
        transport.upload(PROXY_PUT, ProxyPath(artifact_path="a"), _Unreadable(bytes(1 << 20)), 1 << 20)
    transport.close()
    assert time.monotonic() - begun < 10
    assert all(len(request.body) < 1 << 20 for request in scripted.requests)  # a part of it may have come


def test_who_takes_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        transport = open_transport(
            f"http://127.0.0.1:{listening.getsockname()[1]}", read_settings(timeout_s=0.2, retries=0)
        )
        with pytest.raises(Unavailable, match=r"nothing could be sent for 0\.2 s"):
            transport.upload(PROXY_PUT, ProxyPath(artifact_path="a"), io.BytesIO(bytes(1 << 26)), 1 << 26)
        transport.close()


def test_who_refuses_a_large_body_before_it_has_come_is_heard() -> None:
    refusal = b'HTTP/1.1 413 Too Large\r\nContent-Length: 57\r\n\r\n{"error_code":"INVALID_PARAMETER_VALUE","message":"big"}  '

    def refuse(listening: socket.socket) -> None:
        opened, _ = listening.accept()
        with opened:
            opened.recv(100)
            opened.sendall(refusal)
            opened.shutdown(socket.SHUT_WR)
            time.sleep(0.5)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=refuse, args=(listening,))
        thread.start()
        transport = open_transport(f"http://127.0.0.1:{listening.getsockname()[1]}", read_settings(retries=0))
        with pytest.raises(HeadraceError, match=r"^big$"):
            transport.upload(PROXY_PUT, ProxyPath(artifact_path="a"), io.BytesIO(bytes(1 << 26)), 1 << 26)
        transport.close()
        thread.join()


# Proxies


@contextmanager
def _tunnelling(status: int = 200, context: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[str]]]:
    """A proxy that knows CONNECT: its address, and the heads of the requests that came."""
    heads: list[str] = []
    opened: list[socket.socket] = []

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                if context is not None:
                    client = context.wrap_socket(client, server_side=True)
                opened.append(client)
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += client.recv(1)
                heads.append(head.decode())
                client.sendall(b"HTTP/1.1 %d X\r\nProxy: x\r\n\r\n" % status)
                if status != 200:
                    client.close()
                    continue
                host, _, port = head.split()[1].decode().rpartition(":")
                server = socket.create_connection((host, int(port)))
                opened.append(server)
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}", heads
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    for each in opened:
        each.close()


@pytest.fixture
def encrypted(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(CERTIFICATE))
    monkeypatch.setattr(
        "headrace.client.addresses.Address.is_here", lambda _: False
    )  # else no proxy is asked
    with ScriptedServer(context) as running:
        yield running


def test_an_encrypted_server_is_reached_through_a_proxy_that_sees_nothing(
    encrypted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _tunnelling() as (address, heads):
        monkeypatch.setenv("https_proxy", f"http://ann:p%40w@{address}")
        with connect(encrypted.url, token="secret") as client:
            for _ in range(2):
                client.runs.log_param("a", "k", 1)
    name = encrypted.url.removeprefix("https://")
    pair = base64.b64encode(b"ann:p@w").decode()
    assert heads == [f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\nProxy-Authorization: Basic {pair}\r\n\r\n"]
    assert [request.headers["authorization"] for request in encrypted.requests] == ["Bearer secret"] * 2
    assert all("proxy-authorization" not in request.headers for request in encrypted.requests)


@pytest.mark.parametrize(("status", "attempts"), [(407, 1), (502, 2)])
def test_a_proxy_that_refuses_is_named(
    encrypted: ScriptedServer, monkeypatch: pytest.MonkeyPatch, status: int, attempts: int
) -> None:
    with _tunnelling(status) as (address, heads):
        monkeypatch.setenv("https_proxy", address)
        with (
            connect(encrypted.url, retries=1) as client,
            pytest.raises(Unavailable, match=f"the proxy {address} answered with status {status}"),
        ):
            client.runs.create("0")
    assert len(heads) == attempts
    assert encrypted.requests == []


def test_a_proxy_may_be_spoken_to_with_tls_for_a_server_without(
    encrypted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    encrypted.script(Answer(body=VERSION))
    monkeypatch.setenv("http_proxy", encrypted.url)
    with connect("http://tracking.example") as client:
        assert client.server.version() == "1.2.3"
    assert encrypted.requests[0].line == "GET http://tracking.example/version HTTP/1.1"


@pytest.mark.parametrize(
    ("proxy", "message"),
    [
        ("socks5://u:secret@p.example", "of a kind that is not supported"),
        ("http://p.example:port", "of a kind that is not supported"),
        ("https://u:secret@p.example", "with TLS, and the server as well"),
    ],
)
def test_a_proxy_of_another_kind_is_refused(
    monkeypatch: pytest.MonkeyPatch, proxy: str, message: str
) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(InvalidParameter, match=message) as caught:
        connect("https://tracking.example")
    assert "secret" not in caught.value.message


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing")
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(tmp_path / "no.pem"))
        with (
            connect(f"https://127.0.0.1:{listening.getsockname()[1]}") as client,
            pytest.raises(InvalidParameter, match=r"no\.pem' cannot be used"),
        ):
            client.runs.get("a")


# When a call is sent again


def test_pauses_grow_to_a_bound() -> None:
    attempts = Attempts(9, repeat=True)
    pauses = [attempts.pause_broken() for _ in range(10)]
    assert pauses[0] == 0
    assert pauses[-1] is None
    for number, pause in enumerate(pauses[1:-1], 1):
        assert pause is not None
        assert (
            min(BACKOFF_S * 2**number, MAX_PAUSE_S)
            <= pause
            <= min(BACKOFF_S * 2**number + JITTER_S, MAX_PAUSE_S)
        )


def test_what_may_have_been_done_is_repeated_only_where_that_is_the_same() -> None:
    assert Attempts(1, repeat=False).pause_broken() is None
    assert Attempts(1, repeat=False).pause_unreached() == 0
    assert Attempts(1, repeat=False).pause_refused(503, None) is None
    assert Attempts(1, repeat=False).pause_refused(503, "3") == 3
    assert Attempts(1, repeat=True).pause_refused(503, None) == 0
    assert Attempts(1, repeat=True).pause_refused(404, "3") is None
    assert Attempts(0, repeat=True).pause_refused(503, "3") is None
