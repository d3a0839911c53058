"""Downloads: headers, names, ranges, conditions."""

import base64
import hashlib
import http.client
import os
import time
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlencode

import pytest

from server.artifacts.running import FILES, MIB, Server, sha256


def test_download_carries_digest_type_and_name_and_is_never_shown(server: Server, folder: str) -> None:
    data = b"<script>alert(1)</script>"
    for name, kind in (
        ("page.html", "text/html"),
        ("image.svg", "image/svg+xml"),
        ("paper.pdf", "application/pdf"),
        ("feed.xml", "text/plain"),
        ("MLmodel", "text/plain"),
        ("metrics.json", "text/plain"),
        ("script.js", "text/plain"),
        ("model.bin", "application/octet-stream"),
        ("table.csv.gz", "application/octet-stream"),
        ("plot.png", "image/png"),
    ):
        put = server.put(f"{folder}/{name}", data)
        answer = server.get(f"{folder}/{name}")
        assert (answer.status, answer.body) == (200, data)
        headers = answer.headers
        assert headers["content-type"] == kind
        assert headers["content-disposition"] == f'attachment; filename="{name}"'
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("sandbox")
        assert headers["accept-ranges"] == "bytes"
        assert headers["content-length"] == str(len(data))
        assert headers["etag"] == put.headers["etag"] == f'"{sha256(data)}"'
        encoded = base64.b64encode(hashlib.sha256(data).digest()).decode()
        assert headers["repr-digest"] == put.headers["repr-digest"] == f"sha-256=:{encoded}:"
        assert abs(parsedate_to_datetime(headers["last-modified"]).timestamp() - time.time()) < 60


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("a b.txt", 'attachment; filename="a b.txt"'),
        ("é.txt", "attachment; filename=\"e.txt\"; filename*=UTF-8''%C3%A9.txt"),
        ("日本.txt", "attachment; filename=\"download.txt\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.txt"),
        ('a"b;c.txt', 'attachment; filename="a\\"b;c.txt"; filename*=UTF-8\'\'a%22b%3Bc.txt'),
        ("50%25.txt", "attachment; filename=\"50%25.txt\"; filename*=UTF-8''50%2525.txt"),
        (".hidden", 'attachment; filename=".hidden"'),
    ],
)
def test_file_names_survive_the_content_disposition(
    server: Server, folder: str, name: str, disposition: str
) -> None:
    server.put(f"{folder}/{name}", b"1")
    assert server.get(f"{folder}/{name}").headers["content-disposition"] == disposition


@pytest.mark.parametrize(
    "name",
    [
        *(
            "with blank",
            "é/モデル.bin",
            "a+b",
            "a#b",
            "a?b",
            "a;b",
            "a&b=c",
            "50%",
            "a%20b",
            "a%41",
            "x:y",
            "-x",
            "CON",
        ),
        "images/a~b+step+1+timestamp+1700000000000+c0ffee+compressed.webp",
        "images/loss%step%10%timestamp%1700000000000%c0ffee.png",
        "n" * 255,
    ],
)
def test_legal_names_come_back_under_the_same_name(server: Server, folder: str, name: str) -> None:
    assert server.put(f"{folder}/{name}", name.encode()).status == 200
    assert server.get(f"{folder}/{name}").body == name.encode()
    assert (server.root / folder / name).read_bytes() == name.encode()
    assert server.ask("DELETE", f"{FILES}/{quote(f'{folder}/{name}')}").status == 200
    assert server.get(f"{folder}/{name}").status == 404


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-0", 206, (0, 1)),
        ("bytes=2-5", 206, (2, 6)),
        ("bytes=2-", 206, (2, 10)),
        ("bytes=-3", 206, (7, 10)),
        ("bytes=-99", 206, (0, 10)),
        ("bytes=5-99", 206, (5, 10)),
        ("bytes=9-9", 206, (9, 10)),
        ("bytes=10-", 416, None),
        ("bytes=99-100", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=5-2", 200, (0, 10)),
        ("bytes=0-1,4-5", 200, (0, 10)),
        ("bytes=-", 200, (0, 10)),
        ("bytes=a-b", 200, (0, 10)),
        ("lines=0-1", 200, (0, 10)),
        ("bytes=" + "9" * 40 + "-", 200, (0, 10)),
    ],
)
def test_ranges_give_the_part_that_was_asked_for(
    server: Server, folder: str, asked: str, status: int, part: tuple[int, int] | None
) -> None:
    data = b"0123456789"
    server.put(f"{folder}/f", data)
    answer = server.get(f"{folder}/f", {"Range": asked})
    assert answer.status == status
    if part is None:
        assert answer.headers["content-range"] == "bytes */10"
        assert answer.body == b""
    else:
        assert answer.body == data[part[0] : part[1]]
        if status == 206:
            assert answer.headers["content-range"] == f"bytes {part[0]}-{part[1] - 1}/10"


def test_range_of_an_empty_file_cannot_be_satisfied(server: Server, folder: str) -> None:
    server.put(f"{folder}/empty", b"")
    assert server.get(f"{folder}/empty").body == b""
    assert server.get(f"{folder}/empty", {"Range": "bytes=0-"}).status == 416


def test_range_larger_than_a_chunk_is_exact(server: Server, folder: str) -> None:
    data = os.urandom(5 * MIB + 123)
    server.put(f"{folder}/f", data)
    answer = server.get(f"{folder}/f", {"Range": f"bytes={MIB - 1}-{4 * MIB + 7}"})
    assert (answer.status, answer.body) == (206, data[MIB - 1 : 4 * MIB + 8])


def test_range_is_ignored_when_the_file_is_another_one(server: Server, folder: str) -> None:
    server.put(f"{folder}/f", b"0123456789")
    whole = server.get(f"{folder}/f")
    for validator in (whole.headers["etag"], whole.headers["last-modified"]):
        assert server.get(f"{folder}/f", {"Range": "bytes=1-2", "If-Range": validator}).body == b"12"
    for validator in ('"other"', "Sat, 01 Jan 2000 00:00:00 GMT"):
        answer = server.get(f"{folder}/f", {"Range": "bytes=1-2", "If-Range": validator})
        assert (answer.status, answer.body) == (200, b"0123456789")


def test_client_that_has_the_file_gets_304(server: Server, folder: str) -> None:
    server.put(f"{folder}/f", b"1")
    etag = server.get(f"{folder}/f").headers["etag"]
    for sent in (etag, f'"x", W/{etag}', "*"):
        answer = server.get(f"{folder}/f", {"If-None-Match": sent})
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)
    assert server.get(f"{folder}/f", {"If-None-Match": '"x"'}).status == 200


def test_head_tells_what_get_would_send(server: Server, folder: str) -> None:
    server.put(f"{folder}/f", b"x" * (2 * MIB))
    head, get = server.get(f"{folder}/f", method="HEAD"), server.get(f"{folder}/f")
    assert head.body == b""
    assert {**head.headers, "date": ""} == {**get.headers, "date": ""}
    part = server.get(f"{folder}/f", {"Range": "bytes=0-9"}, method="HEAD")
    assert (part.status, part.headers["content-length"], part.body) == (206, "10", b"")
    assert server.get(f"{folder}/none", method="HEAD").status == 404


def test_file_changed_behind_the_servers_back_loses_its_digest(server: Server, folder: str) -> None:
    server.put(f"{folder}/f", b"old")
    path = server.root / folder / "f"
    path.write_bytes(b"new")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    answer = server.get(f"{folder}/f")
    assert answer.body == b"new"
    assert "repr-digest" not in answer.headers
    assert answer.headers["etag"] != f'"{sha256(b"old")}"'
    assert answer.headers["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"


def test_missing_file_is_404_and_folder_is_400_in_mlflows_words(server: Server, folder: str) -> None:
    server.put(f"{folder}/d/f", b"1")
    assert server.get(f"{folder}/none").json["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert server.get(f"{folder}/d/f/below").json["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert server.get(f"{folder}/d").json["error_code"] == "INVALID_PARAMETER_VALUE"
    assert server.get(f"{folder}/d").status == 400


def test_artifact_of_a_run_downloads_by_either_name_of_its_id(server: Server) -> None:
    run_id, root = server.new_run()
    server.put(f"{root}/d/a b.txt", b"hello")
    for name in ("run_id", "run_uuid"):
        answer = server.ask("GET", f"/get-artifact?{urlencode({name: run_id, 'path': 'd/a b.txt'})}")
        assert (answer.status, answer.body) == (200, b"hello")
        assert answer.headers["content-disposition"] == 'attachment; filename="a b.txt"'
    for query, status, code in (
        (f"run_id={run_id}", 400, "INVALID_PARAMETER_VALUE"),
        ("path=d/a.txt", 400, "INVALID_PARAMETER_VALUE"),
        (f"run_id={run_id}&path=d", 400, "INVALID_PARAMETER_VALUE"),
        (f"run_id={run_id}&path=none", 404, "RESOURCE_DOES_NOT_EXIST"),
        ("run_id=none&path=x", 404, "RESOURCE_DOES_NOT_EXIST"),
    ):
        answer = server.ask("GET", f"/get-artifact?{query}")
        assert (answer.status, answer.json["error_code"]) == (status, code)


def test_file_of_a_logged_model_downloads_until_the_model_is_deleted(server: Server) -> None:
    info = server.call("POST", "logged-models", experiment_id="0").json["model"]["info"]
    key = info["artifact_uri"].partition(":/")[2]
    assert key == f"0/models/{info['model_id']}/artifacts"
    server.put(f"{key}/sub/MLmodel", b"flavors: {}")
    base = f"/api/2.0/mlflow/logged-models/{info['model_id']}/artifacts"
    listed = server.ask("GET", f"{base}/directories?artifact_directory_path=sub").json
    assert listed["files"] == [{"path": "sub/MLmodel", "is_dir": False, "file_size": 11}]
    for prefix in ("", "/ajax-api"):
        target = f"{base}/files?artifact_file_path=sub/MLmodel".replace("/api", prefix or "/api", 1)
        assert server.ask("GET", target).body == b"flavors: {}"
    assert server.ask("GET", f"{base}/files").json["error_code"] == "BAD_REQUEST"
    assert server.ask("GET", f"{base}/files?artifact_file_path=../x").status == 400
    assert server.ask("GET", f"{base}/files?artifact_file_path=none").status == 404
    server.call("DELETE", f"logged-models/{info['model_id']}")
    assert server.ask("GET", f"{base}/files?artifact_file_path=sub/MLmodel").status == 404


def test_download_of_a_file_that_shrinks_breaks_off_instead_of_ending_early(
    server: Server, folder: str
) -> None:
    server.put(f"{folder}/f", b"x" * (32 * MIB))
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", f"{FILES}/{folder}/f")
    response = connection.getresponse()
    assert response.read(MIB) == b"x" * MIB
    os.truncate(server.root / folder / "f", 2 * MIB)
    with pytest.raises(http.client.IncompleteRead):
        response.read()
    connection.close()


def test_file_under_a_very_long_path_is_served_without_a_digest(server: Server, folder: str) -> None:
    key = "/".join([folder, *["n" * 200] * 5])
    assert server.put(key, b"1").status == 200
    answer = server.get(key)
    assert (answer.status, answer.body) == (200, b"1")
    assert "repr-digest" not in answer.headers
    assert server.get(key, {"If-None-Match": answer.headers["etag"]}).status == 304
