"""The HTTP transport with servers and proxies that have bad days: repeats, redirects, foreign answers, tokens."""

import base64
import json
import os
import secrets
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.base.errors import (
    EndpointNotFound,
    HeadraceError,
    InternalError,
    InvalidParameter,
    NotFound,
    PermissionDenied,
    Unauthenticated,
    Unavailable,
)
from headrace.client import Client, connect, http
from headrace.client.tls import UncheckedCertificateWarning
from scripted_server import Answer, ScriptedServer
from serving import find_free_port, start_server

RUN = b'{"run":{"info":{"run_id":"a","run_uuid":"a","run_name":"n","experiment_id":"0","user_id":"","status":"RUNNING","start_time":1,'
RUN += b'"artifact_uri":"mlflow-artifacts:/0/a/artifacts","lifecycle_stage":"active"},"data":{},"inputs":{}}}'
# made with: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=localhost
#   -addext subjectAltName=IP:127.0.0.1,DNS:localhost
CERTIFICATE = Path(__file__).parent / "localhost.pem"
SILENT = Answer(silent=True)
BUSY = Answer(503, b'{"error_code":"TEMPORARILY_UNAVAILABLE","message":"stopping"}', {"Retry-After": "0"})


def _connect(server: ScriptedServer, path: str = "", **options: object) -> Client:
    return connect(server.url + path, **options)  # type: ignore[arg-type]


# Calls that are sent again, and calls that are not


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_read_is_sent_again_after_a_passing_failure(scripted: ScriptedServer, status: int) -> None:
    scripted.script(Answer(status, b"passing"), Answer(body=RUN))
    assert _connect(scripted).runs.get("a").info.run_id == "a"
    assert len(scripted.requests) == 2


def test_a_read_is_sent_again_after_a_broken_connection(scripted: ScriptedServer) -> None:
    scripted.script(SILENT, Answer(body=RUN, cut=20), Answer(body=RUN))
    assert _connect(scripted).runs.get("a").info.run_id == "a"
    assert len(scripted.requests) == 3


def test_a_metric_is_sent_again_as_it_was(scripted: ScriptedServer) -> None:
    scripted.script(SILENT, Answer())
    _connect(scripted).runs.log_metric("a", "m", 0.5, timestamp=7)
    assert len({request.body for request in scripted.requests}) == 1
    assert len(scripted.requests) == 2


@pytest.mark.parametrize("failure", [SILENT, *(Answer(status, b"?") for status in (408, 500, 502, 503, 504))])
def test_a_run_is_not_created_twice(scripted: ScriptedServer, failure: Answer) -> None:
    scripted.script(failure, Answer(body=RUN))
    with pytest.raises(HeadraceError):
        _connect(scripted).runs.create("0")
    assert len(scripted.requests) == 1


def test_a_create_without_an_answer_says_that_it_may_have_happened(scripted: ScriptedServer) -> None:
    scripted.script(SILENT)
    with pytest.raises(Unavailable, match=r"runs\.create had been sent.*look before sending it again"):
        _connect(scripted).runs.create("0")


@pytest.mark.parametrize("status", [429, 503])
def test_a_create_that_was_not_taken_is_sent_again(scripted: ScriptedServer, status: int) -> None:
    scripted.script(Answer(status, b"busy", {"Retry-After": "0"}), Answer(body=RUN))
    assert _connect(scripted).runs.create("0").info.run_id == "a"
    assert len(scripted.requests) == 2


def test_the_pause_that_a_server_asks_for_is_kept(scripted: ScriptedServer) -> None:
    scripted.script(Answer(429, b"busy", {"Retry-After": "1"}), Answer(body=RUN))
    begin = time.monotonic()
    _connect(scripted).runs.get("a")
    assert 0.95 < time.monotonic() - begin < 10


def test_the_last_error_is_shown_when_no_repeat_helps(scripted: ScriptedServer) -> None:
    scripted.script(BUSY, BUSY)
    with pytest.raises(Unavailable, match=r"^stopping$"):
        _connect(scripted, retries=1).runs.get("a")
    assert len(scripted.requests) == 2


def test_a_refusal_is_not_sent_again(scripted: ScriptedServer) -> None:
    scripted.script(Answer(404, b'{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no run"}'))
    with pytest.raises(NotFound, match=r"^no run$"):
        _connect(scripted).runs.get("a")
    assert len(scripted.requests) == 1


def test_no_server_is_a_clear_error() -> None:
    url = f"http://127.0.0.1:{find_free_port()}"
    with connect(url, retries=0) as client:
        with pytest.raises(Unavailable, match=rf"No answer from {url}: Connection refused\."):
            client.runs.get("a")
        assert not client.server.health()


def test_a_server_that_never_answers_is_given_up(scripted: ScriptedServer) -> None:
    scripted.script(Answer(headers={"Content-Length": "10"}))
    with pytest.raises(Unavailable, match="No answer"):
        _connect(scripted, timeout_s=0.2, retries=0).runs.get("a")


def test_an_answer_may_take_longer_than_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CONNECT_TIMEOUT_S", 0.3)

    def answer_late(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            time.sleep(1)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(RUN), RUN))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer_late, args=(listening,))
        thread.start()
        with connect(f"http://127.0.0.1:{listening.getsockname()[1]}", retries=0) as client:
            assert client.runs.get("a").info.run_id == "a"
        thread.join()


def test_a_client_outlives_its_server(tmp_path: Path) -> None:
    first = start_server(tmp_path)
    with connect(first.url) as client:
        run_id = client.runs.create("0").info.run_id
        client.runs.log_metric(run_id, "m", 1, timestamp=1)
        first.kill()
        with start_server(tmp_path, port=first.port):
            client.runs.log_metric(run_id, "m", 2, timestamp=2)
            assert [point.value for point in client.metrics.history(run_id, "m")] == [1.0, 2.0]


def test_calls_share_a_connection(scripted: ScriptedServer) -> None:
    client = _connect(scripted)
    for _ in range(20):
        client.runs.log_metric("a", "m", 1)
    assert {request.connection for request in scripted.requests} == {1}


# What is answered by something else than a tracking server


def test_a_page_instead_of_json_names_the_address(scripted: ScriptedServer) -> None:
    scripted.script(Answer(body=b"<html><title>Welcome to\nthe wiki</title><body>...</body></html>"))
    with pytest.raises(InternalError, match=rf"{scripted.url} .*Welcome to the wiki.*tracking URI"):
        _connect(scripted).runs.get("a")


def test_the_error_of_a_proxy_keeps_its_kind(scripted: ScriptedServer) -> None:
    scripted.script(Answer(403, b"<html><head><title>Forbidden by policy</title></head></html>"))
    with pytest.raises(PermissionDenied, match="HTTP 403: Forbidden by policy"):
        _connect(scripted).runs.get("a")


def test_a_wrong_address_is_not_taken_for_a_missing_experiment(scripted: ScriptedServer) -> None:
    scripted.script(Answer(404, b"<html>no such page</html>"))
    with pytest.raises(EndpointNotFound, match="no such page"):
        _connect(scripted).experiments.find_by_name("x")


def test_fields_that_this_version_does_not_know_are_left_out(scripted: ScriptedServer) -> None:
    body = json.loads(RUN)
    body["run"]["info"]["color"] = "blue"
    body["run"]["data"]["metrics"] = [{"key": "m", "value": "NaN", "timestamp": 1, "step": 0, "run_id": "a"}]
    scripted.script(Answer(body=json.dumps(body).encode()))
    assert [metric.key for metric in _connect(scripted).runs.get("a").data.metrics or ()] == ["m"]


def test_an_answer_of_very_many_values_is_read(scripted: ScriptedServer) -> None:
    points = [{"key": "m", "value": n, "timestamp": n, "step": n} for n in range(100_000)]
    scripted.script(Answer(body=json.dumps({"metrics": points}).encode()))
    assert sum(1 for _ in _connect(scripted).metrics.history("a", "m")) == 100_000


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_server_is_followed_by_reads(scripted: ScriptedServer, status: int) -> None:
    scripted.script(Answer(status, headers={"Location": "/elsewhere?run_id=a"}), Answer(body=RUN))
    _connect(scripted).runs.get("a")
    assert scripted.lines[1] == "GET /elsewhere?run_id=a HTTP/1.1"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_server_takes_nothing_there(scripted: ScriptedServer, status: int) -> None:
    with ScriptedServer() as other:
        scripted.script(Answer(status, headers={"Location": f"{other.url}/login"}))
        with pytest.raises(InvalidParameter, match=rf"redirects GET to '{other.url}/login'"):
            _connect(scripted, token="secret").runs.get("a")
        assert other.requests == []


def test_a_write_is_redirected_only_as_it_is(scripted: ScriptedServer) -> None:
    scripted.script(Answer(307, headers={"Location": "/elsewhere"}), Answer())
    _connect(scripted).runs.log_param("a", "k", 1)
    assert scripted.lines[1] == "POST /elsewhere HTTP/1.1"
    assert scripted.requests[1].body == scripted.requests[0].body
    scripted.script(Answer(302, headers={"Location": "/elsewhere"}))
    with pytest.raises(InvalidParameter, match="not followed"):
        _connect(scripted).runs.log_param("a", "k", 1)


@pytest.mark.parametrize(
    "location", ["https://127.0.0.1/x", "//evil.example/x", "http://[bad", "file:///etc/passwd"]
)
def test_a_redirect_to_another_origin_is_refused(scripted: ScriptedServer, location: str) -> None:
    scripted.script(Answer(302, headers={"Location": location}))
    with pytest.raises(InvalidParameter, match="not followed"):
        _connect(scripted).runs.get("a")


def test_a_circle_of_redirects_ends(scripted: ScriptedServer) -> None:
    scripted.script(*(Answer(302, headers={"Location": "/again"}) for _ in range(20)))
    with pytest.raises(InvalidParameter, match="circle"):
        _connect(scripted).runs.get("a")
    assert len(scripted.requests) < 10


# Who calls


def test_a_request_says_who_sends_it(scripted: ScriptedServer) -> None:
    _connect(scripted).runs.log_param("a", "k", 1)
    assert scripted.requests[0].headers["user-agent"].startswith("headrace-python/0.")
    assert "authorization" not in scripted.requests[0].headers


def _sent(client: Client, scripted: ScriptedServer) -> str:
    client.runs.log_param("a", "k", 1)
    return scripted.requests[-1].headers["authorization"]


def _basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def test_credentials_come_from_arguments_address_or_environment(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _sent(_connect(scripted, token="t1"), scripted) == "Bearer t1"
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t2")
    assert _sent(_connect(scripted), scripted) == "Bearer t2"
    monkeypatch.setenv("HEADRACE_TOKEN", "t3")
    assert _sent(_connect(scripted), scripted) == "Bearer t3"
    assert _sent(_connect(scripted, token="t1"), scripted) == "Bearer t1"
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wörd")
    assert _sent(_connect(scripted), scripted) == _basic("ann:wörd")
    assert _sent(_connect(scripted, token="t1"), scripted) == "Bearer t1"
    client = connect(scripted.url.replace("://", "://bob:p%40ss@"))
    assert _sent(client, scripted) == _basic("bob:p@ss")
    assert client.uri == scripted.url
    assert "p@ss" not in repr(client)


def test_a_token_opens_a_server_that_asks_for_one(tmp_path: Path) -> None:
    token = secrets.token_urlsafe(32)
    (tmp_path / "token").write_text(token)
    (tmp_path / "token").chmod(0o600)
    with start_server(tmp_path / "server", token_file=tmp_path / "token") as server:
        with connect(server.url) as stranger:
            with pytest.raises(Unauthenticated, match="needs a token"):
                stranger.experiments.get("0")
            assert stranger.server.health()
        with connect(server.url, token="wrong") as wrong, pytest.raises(Unauthenticated):
            wrong.experiments.get("0")
        with connect(server.url, token=token) as client:
            assert client.experiments.get("0").name == "Default"


def test_a_server_under_a_prefix_is_reached(tmp_path: Path) -> None:
    with start_server(tmp_path, static_prefix="/team") as server:
        for path in ("/team", "/team/"):
            with connect(server.url + path) as client:
                assert client.uri == server.url + "/team"
                assert client.server.version() == client.server.version()
                run_id = client.runs.create("0").info.run_id
                (tmp_path / "a.txt").write_text("x")
                client.artifacts.upload(run_id, tmp_path / "a.txt")
                assert client.artifacts.download(run_id, "a.txt", tmp_path / "out").read_text() == "x"


# Proxies


def test_a_proxy_of_the_environment_is_used(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", scripted.url.replace("://", "://ann:pw@"))
    scripted.script(Answer(body=RUN))
    assert connect("http://tracking.example:5000", token="t").runs.get("a").info.run_id == "a"
    request = scripted.requests[0]
    assert request.line == "GET http://tracking.example:5000/api/2.0/mlflow/runs/get?run_id=a HTTP/1.1"
    assert request.headers["proxy-authorization"] == _basic("ann:pw")
    assert request.headers["authorization"] == "Bearer t"


def test_no_proxy_is_asked_for_excepted_hosts_and_this_machine(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        _connect(scripted).runs.log_param("a", "k", 1)
        connect(scripted.url.replace("127.0.0.1", "localhost"), retries=1).runs.log_param("a", "k", 1)
        monkeypatch.setenv("no_proxy", "tracking.invalid")
        with pytest.raises(Unavailable, match=r"tracking\.invalid"):
            connect("http://tracking.invalid:5000", retries=0).runs.get("a")
        assert proxy.requests == []
    assert len(scripted.requests) == 2


# Encryption


@pytest.fixture
def encrypted() -> Iterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with ScriptedServer(context) as running:
        yield running


def test_a_certificate_that_nobody_vouches_for_is_refused(encrypted: ScriptedServer) -> None:
    with pytest.raises(Unavailable, match="certificate verify failed"):
        connect(encrypted.url, token="secret").runs.get("a")
    assert encrypted.requests == []


def test_a_certificate_is_vouched_for_by_the_environment(
    encrypted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(CERTIFICATE))
    encrypted.script(Answer(body=RUN))
    assert connect(encrypted.url).runs.get("a").info.run_id == "a"


def test_the_check_of_certificates_can_be_switched_off(
    encrypted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "true")
    encrypted.script(Answer(body=RUN))
    with pytest.warns(UncheckedCertificateWarning):
        assert connect(encrypted.url).runs.get("a").info.run_id == "a"
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(CERTIFICATE))
    with pytest.raises(InvalidParameter, match="set one of them"):
        connect(encrypted.url)


def test_a_client_certificate_is_shown(encrypted: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert encrypted.context
    encrypted.context.verify_mode = ssl.CERT_REQUIRED
    encrypted.context.load_verify_locations(CERTIFICATE)
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(CERTIFICATE))
    with pytest.raises(Unavailable):
        connect(encrypted.url, retries=0).runs.get("a")
    monkeypatch.setenv("MLFLOW_TRACKING_CLIENT_CERT_PATH", str(CERTIFICATE))
    encrypted.script(Answer(body=RUN))
    assert connect(encrypted.url).runs.get("a").info.run_id == "a"


FORKS_DURING_A_HANDSHAKE = """
import os, socket, threading, time
from headrace.base import loading
from headrace.client import connect

loading.FORK_WAIT_S = 200
forking, begun, ended = threading.Event(), threading.Event(), []

def answer():
    connection, _ = door.accept()
    with connection:
        connection.recv(1)
        begun.set()
        forking.wait()
        time.sleep(0.3)
        ended.append(True)

def call():
    try:
        connect(f"https://127.0.0.1:{door.getsockname()[1]}", retries=0).server.version()
    except Exception:
        pass

os.register_at_fork(before=forking.set)  # what was registered last comes first
with socket.create_server(("127.0.0.1", 0)) as door:
    threads = [threading.Thread(target=work) for work in (answer, call)]
    for thread in threads:
        thread.start()
    begun.wait()
    child = os.fork()
    if not child:
        os._exit(0 if ended else 1)
    _, status = os.waitpid(child, 0)
    for thread in threads:
        thread.join()
print(status)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_fork_waits_for_who_begins_to_speak_tls() -> None:
    command = [sys.executable, "-c", FORKS_DURING_A_HANDSHAKE]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "0\n"


def test_a_missing_certificate_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", "missing.pem")
    with pytest.raises(InvalidParameter, match=r"'missing\.pem' does not exist"):
        connect("https://127.0.0.1:1")
