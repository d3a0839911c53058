"""Uploads and deletions: whole or not at all, within bounded memory."""

import base64
import hashlib
import http.client
import os
import signal
import socket
import sqlite3
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest

from server.artifacts.running import FILES, MIB, Answer, Server, serve, sha256, wait_for


def test_upload_takes_any_content_type_and_replaces_whole(server: Server, folder: str) -> None:
    for data, kind in (
        (b"long first content", "text/plain"),
        (b"2nd", "application/json"),
        (b"", "image/png"),
    ):
        answer = server.put(f"{folder}/f", data, {"Content-Type": kind})
        assert (answer.status, answer.body) == (200, b"")
        assert server.get(f"{folder}/f").body == data
        assert server.known_objects()[f"{folder}/f"] == (len(data), sha256(data), 1)


def test_chunked_upload_of_unknown_length_is_stored(server: Server, folder: str) -> None:
    parts = [os.urandom(300_000) for _ in range(9)]
    target = f"{FILES}/{folder}/f"
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("PUT", target, iter(parts), {"Transfer-Encoding": "chunked"}, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    assert server.get(f"{folder}/f").body == b"".join(parts)


def test_upload_with_a_wrong_digest_is_refused_and_the_old_file_stays(server: Server, folder: str) -> None:
    server.put(f"{folder}/f", b"old")
    good = base64.b64encode(hashlib.sha256(b"new").digest()).decode()
    for header in ("Repr-Digest", "Content-Digest"):
        answer = server.put(f"{folder}/f", b"damaged", {header: f"sha-256=:{good}:"})
        assert answer.status == 400
        assert sha256(b"damaged") in answer.json["message"]
        assert server.get(f"{folder}/f").body == b"old"
    assert (
        server.put(f"{folder}/f", b"new", {"Repr-Digest": f"sha-512=:eA==:, sha-256=:{good}:"}).status == 200
    )
    assert server.put(f"{folder}/f", b"new", {"Repr-Digest": "sha-256=:a:"}).status == 400
    assert server.get(f"{folder}/f").body == b"new"


@pytest.mark.parametrize(
    ("target", "headers", "text"),
    [
        ("f", {"Content-Encoding": "gzip"}, "Content-Encoding"),
        ("f", {"Content-Range": "bytes 0-1/5"}, "Content-Range"),
        ("f?x", {}, "%3F"),
        ("d/", {}, "name of a file"),
        ("d/.", {}, "name of a file"),
        ("f", {"X-MLFLOW-WORKSPACE": "w"}, "workspaces"),
    ],
)
def test_upload_that_asks_for_what_is_not_there_is_refused(
    server: Server, folder: str, target: str, headers: dict[str, str], text: str
) -> None:
    answer = server.ask("PUT", f"{FILES}/{folder}/{target}", b"data", headers)
    assert answer.status == 400
    assert text in answer.json["message"]
    assert not (server.root / folder).exists()


def test_file_cannot_become_a_folder_nor_a_folder_a_file(server: Server, folder: str) -> None:
    server.put(f"{folder}/d/f", b"1")
    assert server.put(f"{folder}/d", b"2").status == 400
    assert server.put(f"{folder}/d/f/g", b"2").status == 400
    assert server.get(f"{folder}/d/f").body == b"1"


def test_wrong_method_is_405(server: Server) -> None:
    assert server.ask("POST", f"{FILES}/x", b"1").status == 405
    assert server.ask("GET", "/api/2.0/mlflow/upload-artifact").status == 405


def test_refused_upload_leaves_the_connection_usable(server: Server, folder: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("PUT", f"{FILES}/{folder}/%2e%2e/x", b"x" * (3 * MIB))
    response = connection.getresponse()
    assert response.status == 400
    response.read()
    connection.request("PUT", f"{FILES}/{folder}/x", b"fine")
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"")
    connection.close()


def test_interrupted_upload_leaves_nothing_behind(server: Server, folder: str) -> None:
    server.put(f"{folder}/old", b"old")
    head = f"PUT {FILES}/{folder}/%s HTTP/1.1\r\nHost: localhost\r\n"
    for name in ("new", "old"):
        server.ask_raw(
            (head % name).encode() + b"Content-Length: 9000000\r\n\r\n" + b"x" * 3_000_000, half=True
        )
        chunk = b"2dc6c0\r\n" + b"x" * 3_000_000 + b"\r\n"
        server.ask_raw((head % name).encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunk, half=True)
    wait_for(lambda: not server.temporary(), "temporary files are removed")
    assert server.ask("GET", f"{FILES}?path={folder}").json["files"] == [
        {"path": "old", "is_dir": False, "file_size": 3}
    ]
    assert server.get(f"{folder}/old").body == b"old"
    assert list(server.known_objects()).count(f"{folder}/new") == 0


def test_upload_is_invisible_until_it_is_complete(server: Server, folder: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as sock:
        head = f"PUT {FILES}/{folder}/f HTTP/1.1\r\nHost: localhost\r\nContent-Length: {4 * MIB}\r\n\r\n"
        sock.sendall(head.encode() + b"x" * (3 * MIB))
        wait_for(lambda: len(server.temporary()) == 1, "the upload has begun")
        assert server.get(f"{folder}/f").status == 404
        assert server.ask("GET", f"{FILES}?path={folder}").json == {}
        sock.sendall(b"x" * MIB)
        assert sock.recv(100).startswith(b"HTTP/1.1 200")
    assert len(server.get(f"{folder}/f").body) == 4 * MIB
    assert server.temporary() == []


def test_killed_server_shows_nothing_of_the_upload_after_its_restart(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        server.put("done", b"complete")
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            head = f"PUT {FILES}/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: {9 * MIB}\r\n\r\n"
            sock.sendall(head.encode() + b"x" * (4 * MIB))
            wait_for(lambda: any(path.stat().st_size > MIB for path in server.temporary()), "bytes arrive")
            server.stop(signal.SIGKILL)
        server.start()
        assert server.ask("GET", FILES).json == {"files": [{"path": "done", "is_dir": False, "file_size": 8}]}
        assert server.get("done").headers["etag"] == f'"{sha256(b"complete")}"'
        assert server.get("half").status == 404


def test_racing_uploads_of_one_key_end_as_one_of_them_with_its_digest(server: Server, folder: str) -> None:
    contents = [bytes([65 + number]) * (2 * MIB + number) for number in range(8)]
    statuses: list[int] = []

    def upload(data: bytes) -> None:
        statuses.append(server.put(f"{folder}/f", data).status)

    threads = [threading.Thread(target=upload, args=(data,)) for data in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 8
    answer = server.get(f"{folder}/f")
    assert answer.body in contents
    if "repr-digest" in answer.headers:
        assert answer.headers["etag"] == f'"{sha256(answer.body)}"'


def test_large_files_pass_in_both_directions_within_64_mib_of_memory(server: Server, folder: str) -> None:
    block, count = os.urandom(MIB), 300
    digest = hashlib.sha256(block * 1)
    for _ in range(count - 1):
        digest.update(block)
    server.put(f"{folder}/warm", block * 2)
    server.get(f"{folder}/warm")
    before = server.memory_kib("VmRSS")
    target = f"{FILES}/{folder}/big"
    body = (block for _ in range(count))
    answer = server.ask("PUT", target, body, {"Content-Length": str(count * MIB)})
    assert answer.headers["etag"] == f'"{digest.hexdigest()}"'
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", target)
    response = connection.getresponse()
    received, size = hashlib.sha256(), 0
    while part := response.read(MIB):
        received.update(part)
        size += len(part)
    connection.close()
    assert (size, received.hexdigest()) == (count * MIB, digest.hexdigest())
    assert server.memory_kib("VmHWM") - before < 64 * 1024
    server.ask("DELETE", target)


def test_client_that_stops_reading_holds_little_and_leaving_closes_the_file(
    server: Server, folder: str
) -> None:
    server.ask(
        "PUT", f"{FILES}/{folder}/big", (b"x" * MIB for _ in range(64)), {"Content-Length": str(64 * MIB)}
    )
    before = server.memory_kib("VmRSS")
    request = f"GET {FILES}/{folder}/big HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    sockets = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(8)]
    for sock in sockets:
        sock.sendall(request)
        assert sock.recv(100).startswith(b"HTTP/1.1 200")
    wait_for(lambda: len(server.open_files()) == 8, "eight downloads are open")
    time.sleep(0.3)
    assert server.memory_kib("VmRSS") - before < 64 * 1024
    for sock in sockets:
        sock.close()
    wait_for(lambda: server.open_files() == [], "files are closed")


def test_download_survives_deletion_of_its_file(server: Server, folder: str) -> None:
    data = os.urandom(24 * MIB)
    server.put(f"{folder}/f", data)
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", f"{FILES}/{folder}/f")
    response = connection.getresponse()
    first = response.read(MIB)
    assert server.ask("DELETE", f"{FILES}/{folder}/f").json == {}
    assert first + response.read() == data
    connection.close()


def test_full_disk_answers_507_and_stores_nothing(tmp_path: Path) -> None:
    with serve(tmp_path, "--small-files") as server:
        body = (b"x" * MIB for _ in range(32))
        answer = server.ask("PUT", f"{FILES}/big", body, {"Content-Length": str(32 * MIB)})
        assert (answer.status, answer.json["error_code"]) == (507, "RESOURCE_EXHAUSTED")
        assert server.temporary() == []
        assert server.ask("GET", FILES).json == {}
        assert server.put("small", b"fits").status == 200


def test_upload_to_a_run_takes_one_byte_to_ten_mebibytes(server: Server) -> None:
    run_id, root = server.new_run()

    def upload(path: str, body: bytes, name: str = "run_uuid") -> Answer:
        query = urlencode({name: run_id, "path": path})
        return server.ask("POST", f"/ajax-api/2.0/mlflow/upload-artifact?{query}", body)

    answer = upload("d/a.txt", b"x")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"", "application/json")
    assert upload("max", b"x" * (10 * MIB), "run_id").status == 200
    assert server.known_objects()[f"{root}/max"][:2] == (10 * MIB, sha256(b"x" * (10 * MIB)))
    for path, body, text in (
        ("empty", b"", "no body"),
        ("large", b"x" * (10 * MIB + 1), "larger than 10485760"),
        ("../x", b"x", "leads out"),
        ("", b"x", "'path'"),
        ("d/", b"x", "name of a file"),
        ("a?/../a", b"x", "leads out"),
    ):
        answer = upload(path, body)
        assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert text in answer.json["message"]
    chunked = server.ask(
        "POST",
        f"/api/2.0/mlflow/upload-artifact?run_id={run_id}&path=chunked",
        (b"x" * MIB for _ in range(11)),
        {"Transfer-Encoding": "chunked"},
    )
    assert chunked.status == 400
    listed = server.call("GET", "artifacts/list", run_id=run_id).json["files"]
    assert [entry["path"] for entry in listed] == ["d", "max"]
    assert server.ask("POST", "/api/2.0/mlflow/upload-artifact?run_id=none&path=x", b"x").status == 404


def test_delete_removes_files_folders_and_what_is_known_of_them(server: Server, folder: str) -> None:
    for name in ("a", "d/b", "d/e/c", "d0", "d-"):
        server.put(f"{folder}/{name}", b"1")
    for name in ("a", "d/", "none", "d/none/"):
        answer = server.ask("DELETE", f"{FILES}/{folder}/{name}")
        assert (answer.status, answer.json) == (200, {})
    listed = server.ask("GET", f"{FILES}?path={folder}").json["files"]
    assert [entry["path"] for entry in listed] == ["d-", "d0"]
    assert sorted(key for key in server.known_objects() if key.startswith(folder)) == [
        f"{folder}/d-",
        f"{folder}/d0",
    ]
    server.ask("DELETE", f"{FILES}/{folder}")
    assert not (server.root / folder).exists()
    assert server.temporary() == []


def test_root_itself_cannot_be_deleted(server: Server, folder: str) -> None:
    server.put(f"{folder}/f", b"1")
    for target in (f"{FILES}/", f"{FILES}/.", f"{FILES}/./", f"{FILES}//"):
        assert server.ask("DELETE", target).status in {400, 404, 405}
    assert server.ask("DELETE", FILES).status in {404, 405}
    assert server.get(f"{folder}/f").body == b"1"


@pytest.mark.slow
def test_upload_counts_even_if_its_digest_cannot_be_written_down(server: Server, folder: str) -> None:
    with sqlite3.connect(server.folder / "store.db", isolation_level=None) as database:
        database.execute("BEGIN IMMEDIATE")
        assert server.put(f"{folder}/f", b"data").status == 200
        database.execute("ROLLBACK")
    database.close()
    answer = server.get(f"{folder}/f")
    assert answer.body == b"data"
    assert "repr-digest" not in answer.headers
    assert server.put(f"{folder}/f", b"data").status == 200
    assert "repr-digest" in server.get(f"{folder}/f").headers
