"""No spelling of a path, no link and no location leads out of the artifact root."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from server.artifacts.running import FILES, Server

HOSTILE = [
    *("..", "../x", "a/../../x", "./../x", "..\\x", "../../../../../../etc/passwd", "a/..", "....//x"),
    *(
        "/abs",
        "/etc/passwd",
        "//proc/self/root",
        "///x",
        "C:\\x",
        "C:x",
        "/C:/x",
        "\\\\h\\s",
        "\\\\?\\C:\\x",
        "x:ads",
    ),
    *(
        "file:x",
        "file:///etc/passwd",
        "FILE:///x",
        "file://localhost/x",
        "file://h/x",
        "http:///#/../x",
        "http://h/x",
    ),
    *("mlflow-artifacts:/../x", "mlflow-artifacts://h/%2e%2e/x", "s3://b/../x", "dbfs:/x?/../y"),
    *("runs:/ID/../../x", "models:/m/1/../../x", "~/x", "$HOME/x", "a?/../x", "a#/../x", "a;/../x"),
    *(
        "%2e%2e/x",
        "..%2fx",
        "%252e%252e%252fx",
        "..%5cx",
        "%c0%ae%c0%ae/x",
        "\uff0e\uff0e/x",
        "\uff0f..\uff0fx",
    ),
    *("x%00.png", "x\0", "a\nb", "a\u202eb", "x" * 300, "x/" * 3000, "x" * 60_000),
]


def spellings(path: str) -> set[str]:
    """Return a path as it may stand in a request line: raw where that is possible, encoded once, encoded twice."""
    once = quote(path, safe="")
    found = {once, quote(path, safe="/"), quote(once, safe="")}
    if path.isascii() and path.isprintable() and not set(path) & set(" #?"):
        found.add(path)
    return found


@pytest.fixture(scope="module")
def canary(server: Server) -> Iterator[Path]:
    """A file beside the root, which must neither be served nor changed."""
    path = server.folder / "x"
    path.write_bytes(b"canary")
    before = sorted(entry.name for entry in server.folder.iterdir())
    yield path
    assert path.read_bytes() == b"canary"
    after = sorted(entry.name for entry in server.folder.iterdir())
    assert [name for name in after if not name.startswith("store.db")] == [
        name for name in before if not name.startswith("store.db")
    ]


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: ascii(path)[:40])
def test_hostile_path_is_refused_by_every_call_in_every_spelling(
    server: Server, canary: Path, path: str
) -> None:
    run_id, root = server.new_run()
    files_before = {entry for entry in server.root.rglob("*") if ".headrace-tmp" not in entry.parts}
    for spelling in spellings(path):
        in_path = [f"{FILES}/{spelling}", f"/ajax-api{FILES.removeprefix('/api')}/{spelling}"]
        in_query = [
            f"/get-artifact?run_id={run_id}&path={spelling}",
            f"{FILES}?path={spelling}",
            f"/api/2.0/mlflow/artifacts/list?run_id={run_id}&path={spelling}",
        ]
        requests = [(method, target) for target in in_path for method in ("GET", "HEAD", "PUT", "DELETE")]
        requests += [("GET", target) for target in in_query]
        requests.append(("POST", f"/api/2.0/mlflow/upload-artifact?run_id={run_id}&path={spelling}"))
        requests.append(("POST", f"/api/2.0/mlflow-artifacts/mpu/create/{spelling}"))
        requests.append(("GET", f"/api/2.0/mlflow-artifacts/presigned/{spelling}"))
        for method, target in requests:
            body = b"evil" if method in {"PUT", "POST"} else b""
            kind = b"Content-Type: application/json\r\n" if method == "POST" else b""
            head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n".encode()
            answer = server.ask_raw(head + kind + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            status = int(answer.split(b" ", 2)[1])
            assert 400 <= status < 500, (method, target[:200], answer[:300])
            assert b"canary" not in answer
            assert b"root:" not in answer
    files_after = {entry for entry in server.root.rglob("*") if ".headrace-tmp" not in entry.parts}
    assert files_after == files_before
    assert server.get(f"{root}/x").status == 404


def test_links_in_the_root_lead_nowhere(server: Server, canary: Path, folder: str) -> None:
    server.put(f"{folder}/f", b"1")
    (server.root / folder / "out").symlink_to(server.folder, target_is_directory=True)
    (server.root / folder / "file").symlink_to(canary)
    for name in ("out/x", "file", "out"):
        assert server.get(f"{folder}/{name}").status == 404
    assert server.put(f"{folder}/out/x", b"evil").status == 400
    assert server.put(f"{folder}/out/new", b"evil").status == 400
    assert server.ask("DELETE", f"{FILES}/{folder}/out/x").json == {}
    listed = server.ask("GET", f"{FILES}?path={folder}").json["files"]
    assert [entry["path"] for entry in listed] == ["f"]
    assert server.ask("GET", f"{FILES}?path={folder}/out").json == {}


@pytest.mark.parametrize(
    "location", ["s3://bucket/x", "/etc", "file:///etc", "http://127.0.0.1:1/x", "hdfs:/x"]
)
def test_location_elsewhere_is_kept_but_never_opened(server: Server, location: str) -> None:
    run_id = server.call("POST", "runs/create", experiment_id=server.new_experiment(location)).json["run"][
        "info"
    ]["run_id"]
    for target in (
        f"/api/2.0/mlflow/artifacts/list?run_id={run_id}",
        f"/get-artifact?run_id={run_id}&path=passwd",
    ):
        answer = server.ask("GET", target)
        assert answer.status == 400
        assert "does not open" in answer.json["message"]
        assert location in answer.json["message"]
    upload = server.ask("POST", f"/api/2.0/mlflow/upload-artifact?run_id={run_id}&path=x", b"1")
    assert upload.status == 400


def test_local_location_beneath_the_operators_root_is_served(server: Server, folder: str) -> None:
    for prefix in ("", "file://"):
        run_id, _ = server.new_run(server.new_experiment(f"{prefix}{server.root}/{folder}"))
        uploaded = server.ask("POST", f"/api/2.0/mlflow/upload-artifact?run_id={run_id}&path=d/f", b"here")
        assert uploaded.status == 200
        assert (server.root / folder / run_id / "artifacts" / "d" / "f").read_bytes() == b"here"
        listed = server.call("GET", "artifacts/list", run_id=run_id, path="d").json
        assert listed["files"] == [{"path": "d/f", "is_dir": False, "file_size": 4}]
        assert listed["root_uri"] == f"{prefix}{server.root}/{folder}/{run_id}/artifacts"
