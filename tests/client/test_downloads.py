"""Downloads over connections that break, from servers that err or mean harm; uploads that arrive damaged."""

import base64
import hashlib
import json
from pathlib import Path

import pytest

from headrace.base.errors import DataLoss, InternalError, NotFound, Unavailable
from headrace.client import connect
from scripted_server import Answer, ScriptedServer

DATA = bytes(range(256)) * 40_000
EMPTY_LIST = Answer(body=b'{"root_uri":"mlflow-artifacts:/0/a/artifacts"}')
RUN = Answer(
    body=b'{"run":{"info":{"run_id":"a","run_uuid":"a","run_name":"n","experiment_id":"0","user_id":"","status":"RUNNING","start_time":1,'
    b'"artifact_uri":"mlflow-artifacts:/0/a/artifacts","lifecycle_stage":"active"},"data":{},"inputs":{}}}'
)


def _digest(data: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"


def _whole(data: bytes, tag: str = '"v1"', cut: int | None = None) -> Answer:
    return Answer(200, data, {"ETag": tag, "Repr-Digest": _digest(data)}, cut=cut)


def _rest(data: bytes, begin: int, tag: str = '"v1"', cut: int | None = None) -> Answer:
    headers = {
        "ETag": tag,
        "Repr-Digest": _digest(data),
        "Content-Range": f"bytes {begin}-{len(data) - 1}/{len(data)}",
    }
    return Answer(206, data[begin:], headers, cut=cut)


def _files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def server(scripted: ScriptedServer) -> ScriptedServer:
    scripted.script(EMPTY_LIST)
    return scripted


def test_a_broken_download_goes_on_where_it_broke(server: ScriptedServer, tmp_path: Path) -> None:
    first, second = 3_000_000, 7_654_321
    server.script(_whole(DATA, cut=first), _rest(DATA, first, cut=second - first), _rest(DATA, second))
    out = connect(server.url).artifacts.download("a", "f.bin", tmp_path)
    assert out.read_bytes() == DATA
    assert _files(tmp_path) == {"f.bin": DATA}
    assert [request.headers.get("range") for request in server.requests[1:]] == [
        None,
        f"bytes={first}-",
        f"bytes={second}-",
    ]
    assert {request.headers.get("if-range") for request in server.requests[2:]} == {'"v1"'}


def test_a_file_that_changed_meanwhile_is_fetched_anew(server: ScriptedServer, tmp_path: Path) -> None:
    server.script(_whole(DATA, cut=1_000_000), _whole(DATA[::-1], '"v2"'))
    assert connect(server.url).artifacts.download("a", "f.bin", tmp_path).read_bytes() == DATA[::-1]


def test_without_a_version_a_broken_download_begins_anew(server: ScriptedServer, tmp_path: Path) -> None:
    server.script(Answer(body=DATA, cut=1_000_000), Answer(body=DATA))
    assert connect(server.url).artifacts.download("a", "f.bin", tmp_path).read_bytes() == DATA
    assert [request.headers.get("range") for request in server.requests[1:]] == [None, None]


def test_a_weak_version_is_not_relied_on(server: ScriptedServer, tmp_path: Path) -> None:
    server.script(Answer(body=DATA, headers={"ETag": 'W/"v1"'}, cut=1_000_000), Answer(body=DATA))
    assert connect(server.url).artifacts.download("a", "f.bin", tmp_path).read_bytes() == DATA
    assert "range" not in server.requests[-1].headers


def test_a_download_that_makes_no_way_is_given_up(server: ScriptedServer, tmp_path: Path) -> None:
    server.script(_whole(DATA, cut=1_000_000), *(_rest(DATA, 1_000_000, cut=0) for _ in range(6)))
    with pytest.raises(Unavailable, match="broke off"):
        connect(server.url, retries=0).artifacts.download("a", "f.bin", tmp_path)
    assert _files(tmp_path) == {}
    assert len(server.requests) < 10


def test_a_damaged_file_is_not_kept(server: ScriptedServer, tmp_path: Path) -> None:
    (tmp_path / "f.bin").write_bytes(b"the one before")
    server.script(Answer(200, b"x" + DATA[1:], {"ETag": '"v1"', "Repr-Digest": _digest(DATA)}))
    with pytest.raises(DataLoss, match=hashlib.sha256(DATA).hexdigest()):
        connect(server.url).artifacts.download("a", "f.bin", tmp_path)
    assert _files(tmp_path) == {"f.bin": b"the one before"}


def test_a_rest_of_the_wrong_place_is_not_kept(server: ScriptedServer, tmp_path: Path) -> None:
    server.script(_whole(DATA, cut=1_000_000), _rest(DATA, 999_999))
    with pytest.raises(InternalError, match="999999"):
        connect(server.url).artifacts.download("a", "f.bin", tmp_path)
    assert _files(tmp_path) == {}


def test_a_digest_that_is_none_is_ignored(server: ScriptedServer, tmp_path: Path) -> None:
    server.script(Answer(body=DATA, headers={"Repr-Digest": "sha-256=:AAAA:, md5=:AAAA:"}))
    assert connect(server.url).artifacts.download("a", "f.bin", tmp_path).read_bytes() == DATA


def test_a_file_that_vanishes_in_the_middle_is_not_kept(server: ScriptedServer, tmp_path: Path) -> None:
    server.script(
        _whole(DATA, cut=1_000_000), Answer(404, b'{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"gone"}')
    )
    with pytest.raises(NotFound, match="gone"):
        connect(server.url).artifacts.download("a", "f.bin", tmp_path)
    assert _files(tmp_path) == {}


@pytest.mark.parametrize(
    "path",
    [
        "../evil",
        "/etc/evil",
        "in/../../evil",
        "other/evil",
        "in/deep/er",
        "in",
        "in/..",
        "in\\evil",
        "",
        "in/",
    ],
)
def test_a_listing_that_leads_elsewhere_writes_nothing(
    scripted: ScriptedServer, tmp_path: Path, path: str
) -> None:
    listing = {"root_uri": "mlflow-artifacts:/0/a/artifacts", "files": [{"path": path, "is_dir": False}]}
    scripted.script(Answer(body=json.dumps(listing).encode()))
    with pytest.raises(InternalError, match="not in it"):
        connect(scripted.url).artifacts.download("a", "in", tmp_path / "out")
    assert _files(tmp_path) == {}
    assert len(scripted.requests) == 1


def test_a_listing_goes_through_all_pages(scripted: ScriptedServer) -> None:
    pages = [
        {"root_uri": "x", "files": [{"path": name, "is_dir": True}], "next_page_token": name} for name in "ab"
    ]
    del pages[1]["next_page_token"]
    scripted.script(*(Answer(body=json.dumps(page).encode()) for page in pages))
    assert [file.path for file in connect(scripted.url).artifacts.list("a")] == ["a", "b"]
    assert "page_token=a" in scripted.lines[1]


def test_an_upload_that_arrives_damaged_is_told(scripted: ScriptedServer, tmp_path: Path) -> None:
    (tmp_path / "f.bin").write_bytes(DATA)
    scripted.script(RUN, Answer(headers={"Repr-Digest": _digest(DATA[1:])}))
    with pytest.raises(DataLoss, match=hashlib.sha256(DATA).hexdigest()):
        connect(scripted.url).artifacts.upload("a", tmp_path / "f.bin")


def test_an_upload_is_sent_again_whole(scripted: ScriptedServer, tmp_path: Path) -> None:
    (tmp_path / "f.bin").write_bytes(DATA)
    scripted.script(
        RUN, Answer(silent=True), Answer(503, b"busy"), Answer(headers={"Repr-Digest": _digest(DATA)})
    )
    assert connect(scripted.url).artifacts.upload("a", tmp_path / "f.bin", "in") == ["in/f.bin"]
    sent = scripted.requests[1:]
    assert [request.line for request in sent] == [
        "PUT /api/2.0/mlflow-artifacts/artifacts/0/a/artifacts/in/f.bin HTTP/1.1"
    ] * 3
    assert [request.body == DATA for request in sent] == [True, True, True]
