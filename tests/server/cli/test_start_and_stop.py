"""A server's life: one line when it is ready, everything answered before it ends."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest


def _begin_request(port: int, name: str) -> tuple[socket.socket, bytes]:
    """Send half of a call that creates an experiment; return the socket and the other half once the server waits for it."""
    body = json.dumps({"name": name}).encode()
    head = (
        f"POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Expect: 100-continue\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(head.encode())
    assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(body[:5])
    return connection, body[5:]


def _is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return True
    return False


def _wait_until_refused(port: int) -> None:
    pause = threading.Event()
    for _ in range(500):
        if _is_refused(port):
            return
        pause.wait(0.02)
    pytest.fail("the server still takes connections")


def test_it_says_one_line_with_address_store_and_artifacts(start_server: Any) -> None:
    server = start_server()
    assert server.line == (
        f"headrace {version('headrace')} is ready at http://127.0.0.1:{server.port}, "
        "store sqlite:///headrace.db, artifacts ./headrace-artifacts"
    )
    assert server.ask("GET", "/health").body == b"OK"
    server.process.send_signal(signal.SIGTERM)
    rest, _ = server.process.communicate(timeout=60)
    assert rest == ""
    assert server.notes() == []


def test_defaults_lie_in_the_working_folder(start_server: Any, tmp_path: Path) -> None:
    server = start_server()
    assert server.post("experiments/create", name="here").status == 200
    assert (tmp_path / "headrace.db").is_file()
    assert (tmp_path / "headrace-artifacts").is_dir()


def test_port_0_takes_a_free_port_each_time(start_server: Any) -> None:
    first, second = start_server(), start_server()
    assert first.port != second.port
    assert {first.ask("GET", "/health").status, second.ask("GET", "/health").status} == {200}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_ends_it_with_status_0(start_server: Any, number: int) -> None:
    server = start_server()
    server.process.send_signal(number)
    assert server.process.wait(60) == 0
    assert server.notes() == []
    assert _is_refused(server.port)


def test_a_request_under_way_is_answered_and_kept_when_the_server_is_told_to_stop(start_server: Any) -> None:
    server = start_server()
    connection, rest = _begin_request(server.port, "half-sent")
    with connection:
        server.process.send_signal(signal.SIGTERM)
        _wait_until_refused(server.port)
        assert server.process.poll() is None
        connection.sendall(rest)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert server.process.wait(60) == 0
    found = start_server().ask("GET", "/api/2.0/mlflow/experiments/get-by-name?experiment_name=half-sent")
    assert found.status == 200


def test_what_was_answered_before_a_stop_in_the_middle_of_writing_is_there_afterwards(
    start_server: Any,
) -> None:
    server = start_server()
    run_id = server.post("runs/create", experiment_id="0", start_time=1).json()["run"]["info"]["run_id"]
    answered: list[int] = []
    is_writing = threading.Event()

    def write(first: int) -> None:
        connection = server.connect()
        for step in range(first, 1_000_000, 8):
            point = {"run_id": run_id, "key": "m", "value": step, "step": step, "timestamp": 1}
            try:
                connection.request(
                    "POST",
                    "/api/2.0/mlflow/runs/log-metric",
                    json.dumps(point),
                    {"Content-Type": "application/json"},
                )
                if connection.getresponse().read() != b"{}":
                    return
            except (OSError, http.client.HTTPException):
                return
            answered.append(step)
            if len(answered) > 200:
                is_writing.set()

    writers = [threading.Thread(target=write, args=(first,)) for first in range(8)]
    for writer in writers:
        writer.start()
    assert is_writing.wait(60)
    server.process.send_signal(signal.SIGTERM)
    for writer in writers:
        writer.join(60)
    assert server.process.wait(60) == 0
    history = start_server().ask("GET", f"/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key=m")
    stored = {metric["step"] for metric in history.json()["metrics"]}
    assert set(answered) <= stored
    assert len(answered) > 200


def test_a_second_ctrl_c_ends_it_at_once(start_server: Any) -> None:
    server = start_server()
    connection, _ = _begin_request(server.port, "never-finished")
    with connection:
        server.process.send_signal(signal.SIGINT)
        _wait_until_refused(server.port)
        assert server.process.poll() is None
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(10) == 130
    assert server.notes() == ["Stopped at once; calls that were under way are not answered."]


def test_a_taken_port_is_said_in_one_line(start_server: Any, run_command: Any) -> None:
    server = start_server()
    ran = run_command("server", "--port", str(server.port))
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stderr.startswith(f"Error: Cannot listen on 127.0.0.1:{server.port}")
    assert "--port" in ran.stderr


def test_it_stops_cleanly_while_an_idle_client_stays_connected(start_server: Any) -> None:
    server = start_server()
    connection = server.connect()
    connection.request("GET", "/health")
    assert connection.getresponse().read() == b"OK"
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    connection.close()


def test_the_process_of_a_server_that_cannot_start_says_why_without_a_traceback(
    run_command: Any, tmp_path: Path
) -> None:
    (tmp_path / "no-database.db").write_bytes(b"this is text, and no database" * 100)
    ran = run_command("server", "--port", "0", "--backend-store-uri", "sqlite:///no-database.db")
    assert ran.returncode == 1
    assert ran.stderr.startswith("Error: ")
    assert len(ran.stderr.splitlines()) == 1
    assert not (tmp_path / "headrace.db").exists()


def test_the_installed_command_is_the_same_program(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "headrace"
    ran = subprocess.run([program, "--version"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert ran.stdout == f"headrace {version('headrace')}\n"
