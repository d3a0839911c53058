"""The web pages as files: which addresses are theirs, what is sent packed and kept, where the base leads, and what a page may not do."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from headrace.api.endpoints import ENDPOINTS
from headrace.server.app import create_app
from headrace.server.guard import GuardSettings
from headrace.server.pages import find_folder, list_encodings
from headrace.services.context import Platform
from server.conftest import call_app

Call = Callable[..., Any]

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SCRIPT = b"export const answer = 42;\n" * 100
BASE = re.compile(rb'<head><base href="([^"]*)" />')
DEEP = [
    "/",
    "/experiments",
    "/experiments/1/runs",
    "/experiments/1/runs/0123456789abcdef/artifacts/model/MLmodel",
    "/experiments/1/runs/0123456789abcdef/artifacts/plots/loss.png",
    "/compare-runs",
    "/settings/server",
    "/no/such/page",
]


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the build leaves it."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>\n<html>\n  <head>\n  </head>\n</html>\n", "utf-8")
    (folder / "boot.js").write_bytes(b"void 0;\n")
    (folder / "icon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", "utf-8")
    (folder / ".secret").write_text("x", "utf-8")
    script = folder / "assets" / "index-a1b2c3.js"
    script.write_bytes(SCRIPT)
    script.with_name(script.name + ".gz").write_bytes(gzip.compress(SCRIPT))
    script.with_name(script.name + ".br").write_bytes(b"what the build has packed")
    monkeypatch.setenv("HEADRACE_STATIC_DIR", str(folder))
    return folder


@pytest.mark.parametrize("path", DEEP)
def test_every_address_of_the_pages_gets_the_page_for_a_browser(call: Call, built: Path, path: str) -> None:
    answer = call("GET", path, headers=HTML)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-cache"
    assert b"<!doctype html>" in answer.body


@pytest.mark.parametrize("path", DEEP)
@pytest.mark.parametrize("outside", ["", "/ml", "/a/b"])
def test_the_base_leads_from_every_address_to_the_root_under_any_prefix(
    call: Call, built: Path, path: str, outside: str
) -> None:
    """A proxy takes the prefix off, or the server does, or there is none."""
    found = BASE.search(call("GET", path, headers=HTML).body)
    assert found
    assert urljoin(f"http://host{outside}{path}", found[1].decode()) == f"http://host{outside}/"
    guard = GuardSettings(prefix=outside)
    found = BASE.search(call("GET", outside + path, headers=HTML, guard=guard).body)
    assert found
    assert urljoin(f"http://host{outside}{path}", found[1].decode()) == f"http://host{outside}/"


def test_a_prefix_without_its_slash_leads_to_the_one_with_it(call: Call, built: Path) -> None:
    answer = call("GET", "/a/ml", query="x=1", headers=HTML, guard=GuardSettings(prefix="/a/ml"))
    assert (answer.status, answer.headers["location"]) == (307, "./ml/?x=1")


def test_the_page_runs_only_the_server_s_own_scripts(call: Call, built: Path) -> None:
    policy = call("GET", "/", headers=HTML).headers["content-security-policy"]
    assert "default-src 'self';" in policy
    assert "object-src 'none'" in policy
    assert "base-uri 'self'" in policy
    assert "script-src" not in policy  # so that default-src counts
    assert "unsafe-eval" not in policy
    assert "http:" not in policy


def test_a_page_that_the_browser_has_is_not_sent_again(call: Call, built: Path) -> None:
    tag = call("GET", "/", headers=HTML).headers["etag"]
    assert call("GET", "/", headers=HTML | {"if-none-match": tag}).status == 304
    (built / "index.html").write_text("<!doctype html><head></head>new", "utf-8")
    assert call("GET", "/", headers=HTML | {"if-none-match": tag}).status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("accepted", "encoding", "size"),
    [
        ("gzip, deflate, br, zstd", "br", len(b"what the build has packed")),
        ("gzip", "gzip", len(gzip.compress(SCRIPT))),
        ("br;q=0, gzip;q=0.5", "gzip", len(gzip.compress(SCRIPT))),
        ("br;q=0.0, gzip; q=0", None, len(SCRIPT)),
        ("", None, len(SCRIPT)),
    ],
)
def test_a_file_is_sent_as_the_build_packed_it_if_the_client_takes_that(
    call: Call, built: Path, method: str, accepted: str, encoding: str | None, size: int
) -> None:
    answer = call(method, "/assets/index-a1b2c3.js", headers={"accept-encoding": accepted})
    assert (answer.status, answer.headers.get("content-encoding")) == (200, encoding)
    assert answer.headers["content-length"] == str(size)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["vary"] == "Accept-Encoding"


def test_files_named_after_their_content_are_kept_and_others_are_asked_for_again(
    call: Call, built: Path
) -> None:
    assert (
        call("GET", "/assets/index-a1b2c3.js").headers["cache-control"]
        == "public, max-age=31536000, immutable"
    )
    boot = call("GET", "/boot.js")
    assert (boot.headers["cache-control"], boot.body) == ("no-cache", b"void 0;\n")
    assert call("GET", "/boot.js", headers={"if-none-match": boot.headers["etag"]}).status == 304


@pytest.mark.parametrize(
    "path",
    [
        "/assets/index-gone.js",
        "/.secret",
        "/assets/../.secret",
        "/../store.db",
        "/assets/..%2fboot.js",
        "//boot.js",
        "/assets",
        "/assets/",
        "/assets/index-a1b2c3.js/x",
        "/index.html/..",
        "/nothing",
    ],
)
def test_what_is_no_file_of_the_build_is_not_there_for_programs(call: Call, built: Path, path: str) -> None:
    answer = call("GET", path)
    assert (answer.status, answer.json["error_code"]) == (404, "ENDPOINT_NOT_FOUND")


def test_an_address_of_the_api_is_never_a_page(call: Call, built: Path) -> None:
    firsts = {path.split("/")[1] for row in ENDPOINTS for _, path in row.routes()}
    for first in firsts | {"health", "version", "metrics", "preview"}:
        answer = call("GET", f"/{first}/no/such/call.js", headers=HTML)
        assert answer.headers["content-type"] == "application/json", first
        assert answer.status in {403, 404}
        refused = call("GET", f"/{first}/no/such/call", headers=HTML, guard=GuardSettings(token="secret"))
        assert refused.status == (403 if first == "preview" else 401), first


def test_pages_are_open_without_the_token_and_nothing_else_is(call: Call, built: Path) -> None:
    guard = GuardSettings(token="secret")
    for path in [*DEEP, "/boot.js", "/assets/index-a1b2c3.js"]:
        assert call("GET", path, headers=HTML, guard=guard).status == 200
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert call(method, "/experiments/1/runs", headers=HTML, guard=guard).status == 401
        assert call(method, "/boot.js", guard=guard).status == 401
    assert call("GET", "/nothing", guard=guard).status == 401


def test_pages_answer_to_no_foreign_name(call: Call, built: Path) -> None:
    assert call("GET", "/", headers=HTML | {"host": "evil.example"}).status == 403


def test_a_server_of_artifacts_alone_has_no_pages(call: Call, built: Path, platform: Platform) -> None:
    app = create_app(platform, GuardSettings(), artifacts_only=True)
    assert call_app(app, "GET", "/", headers=HTML).status == 501


def test_without_a_build_the_page_says_how_to_make_one_and_the_api_answers(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "nothing"
    monkeypatch.setenv("HEADRACE_STATIC_DIR", str(folder))
    answer = call("GET", "/experiments/1", headers=HTML)
    assert answer.status == 503
    assert b"scripts/ui" in answer.body
    assert str(folder).encode() not in answer.body
    assert call("GET", "/api/2.0/mlflow/experiments/get", query="experiment_id=0").status == 200


def test_the_folder_is_the_package_s_own_unless_the_environment_names_one() -> None:
    assert find_folder({}).parts[-2:] == ("headrace", "static")
    assert find_folder({"HEADRACE_STATIC_DIR": "elsewhere"}) == Path("elsewhere")


def test_encodings_that_a_client_refuses_are_not_listed() -> None:
    assert list_encodings(b"GZIP;q=1.0, br ; q=0.000, deflate") == {b"gzip", b"deflate"}
